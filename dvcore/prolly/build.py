"""Bulk build: a map from items that come in key order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.ids import NodeId
from dvcore.prolly.node import Entry, Node, encode_node, find_fault, reference_id
from dvcore.prolly.nodes import NodeWriter, write_nodes
from dvcore.prolly.splitter import Splitter

BATCH: Final = 512
"""Items taken at a time. Several passes go over a batch, so it should stay in the processor's cache: of 4,096 items a
build takes twice as long."""


def build(writer: NodeWriter, sorted_items: Iterable[Entry]) -> NodeId:
    """Put the nodes of a map that holds these items; the id of its root.

    Children are put before their parents, and items are taken as they come: memory holds one batch and the references
    to the nodes, not the items. Raises InvalidInputError where keys do not ascend, or a key or an entry is too large.
    """
    return stack(writer, 0, _write_level(writer, 0, _iter_checked_batches(sorted_items)))


def stack(writer: NodeWriter, level: int, references: list[Entry]) -> NodeId:
    """Put the levels above a whole one that these entries refer to; the id of the root."""
    if not references:
        return NodeId(writer.put(encode_node(Node(0, (), ()))))
    while len(references) > 1:
        level += 1
        references = _write_level(writer, level, [references])
    return reference_id(references[0][1])


def _write_level(writer: NodeWriter, level: int, batches: Iterable[list[Entry]]) -> list[Entry]:
    splitter = Splitter(level)
    references: list[Entry] = []
    for batch in batches:
        keys, values = zip(*batch, strict=True)
        references += write_nodes(writer, splitter.feed(keys, values))
    return references + write_nodes(writer, splitter.finish())


def _iter_checked_batches(items: Iterable[Entry]) -> Iterator[list[Entry]]:
    iterator = iter(items)
    previous: list[Entry] = []
    while batch := list(islice(iterator, BATCH)):
        keys, values = zip(*previous, *batch, strict=True)
        fault = find_fault(keys, values)
        if fault is not None:
            raise InvalidInputError(f"a map cannot hold {fault}")
        yield batch
        previous = batch[-1:]
