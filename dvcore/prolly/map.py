"""Reading a map: single keys, many keys, ranges, whole leaves."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from dvcore.errors import InvalidInputError
from dvcore.ids import NodeId
from dvcore.prolly.cursor import Cursor
from dvcore.prolly.node import Entry, Node
from dvcore.prolly.nodes import NodeReader, cached


class ProllyMap:
    """A map as it is under one root; nothing ever changes it.

    Any method raises CorruptError where a node on its way is not what it should be. Give several maps over one store
    the same `NodeCache` as their reader, so that they share what they decode.
    """

    __slots__ = ("_nodes", "root")

    def __init__(self, reader: NodeReader, root: NodeId) -> None:
        self._nodes = cached(reader)
        self.root = root

    def __len__(self) -> int:
        """Number of entries; reads the root only."""
        return self._top().count

    def get(self, key: bytes) -> bytes | None:
        """The value, or None where there is no such key."""
        node = self._top()
        while node.level > 0:
            at = bisect_left(node.keys, key)
            if at == len(node.keys):
                return None
            node = self._nodes.load_child(node.keys[at], node.values[at], node.level - 1)
        return _value(node, key)

    def get_many(self, sorted_keys: Iterable[bytes]) -> Iterator[tuple[bytes, bytes | None]]:
        """Each key with its value, or with None; each node on the way is read once.

        Raises InvalidInputError where a key comes before the one ahead of it.
        """
        cursor: Cursor | None = None
        previous = b""
        for key in sorted_keys:
            if key < previous:
                raise InvalidInputError(f"the key {key!r} comes after {previous!r}", hint="give the keys in order")
            previous = key
            if cursor is None:
                cursor = Cursor(self._nodes, self._top(), 0, key)
            else:
                cursor.seek(key)
            yield key, _value(cursor.node, key)

    def iter_items(
        self, start: bytes | None = None, stop: bytes | None = None, *, prefix: bytes = b""
    ) -> Iterator[Entry]:
        """Entries with `start` <= key < `stop` whose key begins with `prefix`, in key order."""
        start = max(start or b"", prefix)
        ends = [end for end in (stop, _prefix_end(prefix)) if end is not None]
        end = min(ends, default=None)
        for leaf in self.iter_leaves(start):
            last = len(leaf.keys) if end is None else bisect_left(leaf.keys, end)
            first = bisect_left(leaf.keys, start)
            yield from zip(leaf.keys[first:last], leaf.values[first:last], strict=True)
            if last < len(leaf.keys):
                return

    def iter_leaves(self, start: bytes = b"") -> Iterator[Node]:
        """Whole leaves from the one that covers `start` on; the fast way to scan a map."""
        cursor = Cursor(self._nodes, self._top(), 0, start)
        if cursor.node.keys:
            yield cursor.node
        while cursor.advance():
            yield cursor.node

    def first_key(self) -> bytes | None:
        """The least key, or None in an empty map."""
        return next(iter(Cursor(self._nodes, self._top(), 0).node.keys), None)

    def last_key(self) -> bytes | None:
        """The greatest key, or None in an empty map; reads the root only."""
        keys = self._top().keys
        return keys[-1] if keys else None

    def _top(self) -> Node:
        return self._nodes.load(self.root)


def _value(leaf: Node, key: bytes) -> bytes | None:
    at = bisect_left(leaf.keys, key)
    return leaf.values[at] if at < len(leaf.keys) and leaf.keys[at] == key else None


def _prefix_end(prefix: bytes) -> bytes | None:
    """The least key after all that begin with `prefix`, or None where there is none."""
    stem = prefix.rstrip(b"\xff")
    return stem[:-1] + bytes([stem[-1] + 1]) if stem else None
