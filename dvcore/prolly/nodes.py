"""Where nodes come from and go to: the seam to the object store, and decoded nodes kept at hand."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from threading import Lock
from typing import Final, Protocol

from dvcore.errors import CorruptError
from dvcore.ids import NodeId, format_short
from dvcore.prolly.node import Entry, Node, decode_node, encode_node, encode_reference, reference_id

CACHE_BYTES: Final = 16 * 1024 * 1024
ITEM_COST: Final = 41
"""What Python adds to the bytes of one key or value: its header and the pointer to it."""


class NodeReader(Protocol):
    """Bytes of objects by their id."""

    def read(self, node_id: bytes, /) -> bytes:
        """The bytes; raises an error of the hierarchy where there are none."""


class NodeWriter(NodeReader, Protocol):
    """A reader that also takes objects, and reads back at once what it took."""

    def put(self, data: bytes, /) -> bytes:
        """Keep the bytes; their id, which is their BLAKE3."""


class NodeCache:
    """A reader that keeps the decoded nodes used last, about `limit` bytes of memory. Any thread may use it.

    Decoding a node costs a hundred times what looking up a key in it does. Nodes never change, so several maps over one
    store may share a cache: give it to them in place of the reader.
    """

    def __init__(self, reader: NodeReader, *, limit: int = CACHE_BYTES) -> None:
        self._reader = reader
        self._limit = limit
        self._nodes: OrderedDict[bytes, Node] = OrderedDict()
        self._used = 0
        self._lock = Lock()

    def read(self, node_id: bytes, /) -> bytes:
        """The node's bytes, from the reader beneath."""
        return self._reader.read(node_id)

    def load(self, node_id: bytes) -> Node:
        """The node; raises CorruptError or NeedsNewerError where its bytes are none."""
        with self._lock:
            node = self._nodes.get(node_id)
            if node is not None:
                self._nodes.move_to_end(node_id)
                return node
        try:
            node = decode_node(self.read(node_id))
        except CorruptError as error:
            raise CorruptError(f"node {format_short(node_id)}: {error.message}", hint=error.hint) from None
        with self._lock:
            self._keep(node_id, node)
        return node

    def load_child(self, key: bytes, reference: bytes, level: int) -> Node:
        """The child that an entry of a branch refers to; raises CorruptError where it is not what the branch says."""
        node = self.load(reference_id(reference))
        if node.level != level or node.keys[-1:] != (key,):
            short = format_short(reference_id(reference))
            raise CorruptError(f"node {short} is not the child of level {level} that its parent refers to")
        return node

    def _keep(self, node_id: bytes, node: Node) -> None:
        if node_id in self._nodes:
            return
        self._nodes[node_id] = node
        self._used += _cost(node)
        while self._used > self._limit:
            self._used -= _cost(self._nodes.popitem(last=False)[1])


def cached(reader: NodeReader) -> NodeCache:
    """The reader itself where it is a cache already, else a new cache over it."""
    return reader if isinstance(reader, NodeCache) else NodeCache(reader)


def iter_level(nodes: NodeCache, references: Iterable[Entry], level: int) -> Iterator[Node]:
    """The nodes of one level that these entries of the level above refer to, in key order.

    Raises CorruptError where a node is not what its parent says or begins before its left neighbour ends. With that, no
    node can turn up twice, so that no tree is larger to walk than it is to store.
    """
    end: bytes | None = None
    for key, reference in references:
        node = nodes.load_child(key, reference, level)
        check_neighbours(end, node)
        end = key
        yield node


def check_neighbours(end: bytes | None, node: Node) -> None:
    """Raises CorruptError where `node` begins at or before the key `end` with which its left neighbour ends."""
    if end is not None and node.keys[0] <= end:
        raise CorruptError(f"a node of a map begins with the key {node.keys[0]!r}, not after {end!r}")


def write_nodes(writer: NodeWriter, nodes: Iterable[Node]) -> list[Entry]:
    """Put nodes of one level; the entries that refer to them on the level above."""
    return [(node.keys[-1], encode_reference(writer.put(encode_node(node)), node.count)) for node in nodes]


def root_references(nodes: NodeCache, root: NodeId) -> tuple[int, list[Entry]]:
    """Level of the root, and the entry that a level above it would hold; none for the empty map."""
    node = nodes.load(root)
    if not node.keys:
        return node.level, []
    return node.level, [(node.keys[-1], encode_reference(root, node.count))]


def _cost(node: Node) -> int:
    return sum(map(len, node.keys)) + sum(map(len, node.values)) + 2 * ITEM_COST * len(node.keys)
