"""How deep the directories are nested that come from a remote: deeper ones than a path may be are refused.

Everybody who walks directories goes down into them, so that a chain of a million would stop each. What came is known
node by node, whatever order it came in: heights are counted from below, once for each node. Below what was here before,
and is not opened, nothing is deeper than the trees that it was compared with have directories; where that says too
little, it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from dvcore.errors import CorruptError
from dvcore.ids import ID_BYTES, format_id
from dvcore.model.names import MAX_DEPTH
from dvcore.model.tree import Directory, Tree, decode_entry, find_file
from dvcore.prolly.node import Node, decode_node, reference_id
from dvcore.store.spilling import SpillingMap

_MOST: Final = 255
"""Heights are counted up to here."""
_EDGE_BYTES: Final = ID_BYTES + 1


class FetchDepths:
    """The directories of trees that are fetched. `folder` is where they are kept where there are many."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._edges = SpillingMap(folder)
        self._roots = SpillingMap(folder)
        self._older = 0
        """The most directories that a tree has which was here."""

    def close(self) -> None:
        """Give the room back."""
        self._edges.close()
        self._roots.close()

    def add_node(self, id_: bytes, node: Node) -> None:
        """Note a node of a directory, new or not."""
        self._edges.put(id_, b"".join(_edges(node)))

    def add_tree(self, id_: bytes, tree: Tree) -> None:
        """Note a tree that was fetched."""
        self._roots.put(tree.root.root, id_)

    def add_older(self, tree: Tree) -> None:
        """Note a tree that others are compared with, all of which is here and sound."""
        self._older = max(self._older, min(tree.root.directories, MAX_DEPTH))

    def check(self, read: Callable[[bytes], bytes]) -> None:
        """Raises CorruptError where directories of a fetched tree are nested too deep, and what `read` raises, which
        gives the bytes of objects that are here."""

        def note(id_: bytes) -> None:
            self.add_node(id_, decode_node(read(id_)))

        if self._find_deep(lambda _: self._older) is not None:
            tree = self._find_deep(note)
            if tree is not None:
                raise CorruptError(f"tree {format_id(tree)}: its directories are nested deeper than {MAX_DEPTH}")

    def _find_deep(self, look: Callable[[bytes], int | None]) -> bytes | None:
        """A tree that is too deep. `look` says of a node that was not noted how high it is at most, or notes it."""
        with closing(SpillingMap(self._folder)) as heights:
            for root, tree in self._roots.iter_items():
                if self._height(root, heights, look) > MAX_DEPTH:
                    return tree
        return None

    def _height(self, root: bytes, heights: SpillingMap, look: Callable[[bytes], int | None]) -> int:
        pending = [root]
        while pending:
            id_ = pending[-1]
            height = _known(heights, id_)
            edges = self._edges.get(id_)
            if height is None and edges is None:
                height = look(id_)  # or the node is noted now, and has its turn again
            elif height is None and edges is not None:
                below = [(step, child, _known(heights, child)) for step, child in _split(edges)]
                pending += [child for _, child, known in below if known is None]
                if pending[-1] == id_:
                    height = max((step + known for step, _, known in below if known is not None), default=0)
            if height is not None:
                heights.put(id_, bytes([min(height, _MOST)]))
                pending.pop()
        return _known(heights, root) or 0


def _known(heights: SpillingMap, id_: bytes) -> int | None:
    value = heights.get(id_)
    return None if value is None else value[0]


def _edges(node: Node) -> Iterator[bytes]:
    """Nodes under it, each after a byte that says whether it is a directory in this one or more of the same."""
    if node.level > 0:
        return (b"\0" + reference_id(reference) for reference in node.values)
    entries = (decode_entry(value) for value in node.values if find_file(value) is None)
    return (b"\1" + entry.root for entry in entries if isinstance(entry, Directory))


def _split(edges: bytes) -> Iterator[tuple[int, bytes]]:
    for at in range(0, len(edges), _EDGE_BYTES):
        yield edges[at], edges[at + 1 : at + _EDGE_BYTES]
