"""Walks over whole maps: their nodes, for copying and collecting, and a check of every invariant."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dvcore.errors import CorruptError
from dvcore.ids import NodeId, digest, format_short
from dvcore.prolly.node import Entry, Node, reference_count, reference_id
from dvcore.prolly.nodes import NodeReader, cached, iter_level, root_references
from dvcore.prolly.splitter import Splitter


def iter_nodes(
    reader: NodeReader, root: NodeId, *, skip: Callable[[NodeId], bool] = lambda _: False
) -> Iterator[tuple[NodeId, int]]:
    """Ids and levels of all nodes, the root first, one level after the other.

    A node other than the root is read only after the last of its level was given out, and leaves are not read at all:
    who fetches nodes may fetch level by level. What `skip` holds for is left out with everything under it.
    """
    nodes = cached(reader)
    level, references = root_references(nodes, root)
    yield root, level
    while level > 0:
        below: list[Entry] = []
        for node in iter_level(nodes, references, level):
            for entry in zip(node.keys, node.values, strict=True):
                child = reference_id(entry[1])
                if not skip(child):
                    yield child, level - 1
                    below.append(entry)
        references = below
        level -= 1


def verify(reader: NodeReader, root: NodeId) -> None:
    """Read a whole map and check that it is the one that `build` makes of its entries.

    Raises CorruptError where a node's bytes are not those of its id, is malformed or out of order, begins or ends where
    it should not, holds another number of entries than its parent says, or where the root could be lower.
    """
    nodes = cached(_CheckedReader(reader))
    level, references = root_references(nodes, root)
    if level > 0 and len(nodes.load(root).keys) == 1:
        raise CorruptError(f"the map {format_short(root)} has a root with a single child")
    while references:
        last = len(references) - 1
        below: list[Entry] = []
        for place, node in enumerate(iter_level(nodes, references, level)):
            _check_node(node, references[place][1], is_last=place == last)
            if level > 0:
                below += zip(node.keys, node.values, strict=True)
        references = below
        level -= 1


class _CheckedReader:
    def __init__(self, reader: NodeReader) -> None:
        self._reader = reader

    def read(self, node_id: bytes, /) -> bytes:
        data = self._reader.read(node_id)
        if digest(data) != node_id:
            raise CorruptError(f"the bytes of node {format_short(node_id)} are not those it is named after")
        return data


def _check_node(node: Node, reference: bytes, *, is_last: bool) -> None:
    short = format_short(reference_id(reference))
    if node.count != reference_count(reference):
        raise CorruptError(f"node {short} holds {node.count} entries, not the {reference_count(reference)} it should")
    splitter = Splitter(node.level)
    cut = splitter.feed(node.keys, node.values)
    if is_last:
        cut += splitter.finish()
    if cut != [node]:
        raise CorruptError(f"node {short} does not end where the rule for boundaries says")
