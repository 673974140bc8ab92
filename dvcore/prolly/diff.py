"""Diff: what two maps do not share, at the cost of the nodes that they do not share.

Nodes are named by their hash, so one that both maps hold means the same entries in both, wherever it stands. Level by
level from the top, such nodes are left out and the others opened. Only references are held in memory: leaves, where
the mass is, are read one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from dvcore.ids import NodeId
from dvcore.prolly.node import Entry, Node
from dvcore.prolly.nodes import NodeCache, NodeReader, cached, iter_level, root_references


@dataclass(frozen=True, slots=True)
class Difference:
    """A key whose value differs; None stands for a map without the key. Never both."""

    key: bytes
    old: bytes | None
    new: bytes | None


def diff(reader: NodeReader, old: NodeId, new: NodeId) -> Iterator[Difference]:
    """What has to change in the map `old` to make it `new`, in key order.

    Raises CorruptError where a node on the way is not what it should be.
    """
    nodes = cached(reader)
    old_level, left = root_references(nodes, old)
    new_level, right = root_references(nodes, new)
    level = min(old_level, new_level)
    left = _open(nodes, left, old_level, level)
    right = _open(nodes, right, new_level, level)
    left, right = _unshared(left, right)
    while level > 0 and (left or right):
        left = _open(nodes, left, level, level - 1)
        right = _open(nodes, right, level, level - 1)
        left, right = _unshared(left, right)
        level -= 1
    yield from _compare(_iter_entries(iter_level(nodes, left, 0)), _iter_entries(iter_level(nodes, right, 0)))


def _open(nodes: NodeCache, references: list[Entry], level: int, wanted: int) -> list[Entry]:
    """References to nodes of the level `wanted` that lie under these to nodes of `level`."""
    while level > wanted:
        references = list(_iter_entries(iter_level(nodes, references, level)))
        level -= 1
    return references


def _unshared(left: list[Entry], right: list[Entry]) -> tuple[list[Entry], list[Entry]]:
    shared = set(left) & set(right)
    return [entry for entry in left if entry not in shared], [entry for entry in right if entry not in shared]


def _iter_entries(nodes: Iterable[Node]) -> Iterator[Entry]:
    for node in nodes:
        yield from zip(node.keys, node.values, strict=True)


def _compare(left: Iterator[Entry], right: Iterator[Entry]) -> Iterator[Difference]:
    old, new = next(left, None), next(right, None)
    while old is not None and new is not None:
        if old[0] < new[0]:
            yield Difference(old[0], old[1], None)
            old = next(left, None)
        elif new[0] < old[0]:
            yield Difference(new[0], None, new[1])
            new = next(right, None)
        else:
            if old[1] != new[1]:
                yield Difference(old[0], old[1], new[1])
            old, new = next(left, None), next(right, None)
    for key, value in _with_first(old, left):
        yield Difference(key, value, None)
    for key, value in _with_first(new, right):
        yield Difference(key, None, value)


def _with_first(first: Entry | None, rest: Iterator[Entry]) -> Iterator[Entry]:
    return rest if first is None else chain([first], rest)
