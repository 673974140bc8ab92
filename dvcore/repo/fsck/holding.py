"""Do the directories of a tree hold exactly the files that it has records of?

Asked of many trees that share nearly everything, one after the other, at the cost of what differs: for every node of a
directory it is counted how many nodes and trees refer to it, and for every file how many leaves hold it, each node once
however often it is mirrored. Going from a tree to the next changes the counts of the nodes that they do not share. Only
files whose count became or ceased to be zero, or whose record came or went, can break the rule then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from dvcore.ids import ID_BYTES, NodeId, format_short
from dvcore.model.tree import Tree, find_file
from dvcore.prolly import NodeCache, NodeReader, ProllyMap, diff
from dvcore.prolly.node import Node
from dvcore.repo.links import Kind, node_links
from dvcore.store.spilling import SpillingMap

_BATCH: Final = 50_000
"""Files whose counts change, gathered in memory: those of one that only moved to the next leaf cancel out."""
_NODE: Final = b"n"
_FILE: Final = b"f"
_COUNT_BYTES: Final = 8
_END: Final = b"\xff" * (ID_BYTES + 1)
"""Greater than every id."""


@dataclass(slots=True)
class _Unmatched:
    """How many files something is wrong with, and the least of them."""

    what: str
    count: int = 0
    example: bytes = b""

    def add(self, file: bytes) -> None:
        self.count += 1
        self.example = self.example or file

    def __str__(self) -> str:
        return f"files with {self.what}: {self.count}, such as {format_short(self.example)}"


class _Difference(NamedTuple):
    """A file that has an entry (`is_held`) or a record, and not both."""

    file: bytes
    is_held: bool


class Holding:
    """Compares entries and records, tree after tree. Every node that the trees lead to must be sound.

    `folder` is where counts that memory does not hold are kept.
    """

    def __init__(self, reader: NodeReader, folder: Path | None) -> None:
        self._nodes = NodeCache(reader)
        self._folder = folder
        self._counts = SpillingMap(folder)
        self._tree: Tree | None = None

    def find_disagreement(self, tree: Tree) -> str | None:
        """What entries and records do not agree on, in files that differ from the tree before; None where they agree.

        Raises CorruptError, StorageError.
        """
        before, self._tree = self._tree, tree
        if before is None or before.root.files == 0:
            return _told(self._iter_all(before, tree))
        with closing(SpillingMap(self._folder)) as touched:
            return _told(self._iter_changed(before, tree, touched))

    def close(self) -> None:
        """Give the room back."""
        self._counts.close()

    def _iter_all(self, before: Tree | None, tree: Tree) -> Iterator[_Difference]:
        """Of all files, those with entries along those with records: both come in the order of their ids. The way
        from no files to many, where looking up each one that changed takes twice as long."""
        self._change_counts(before, tree, None)
        held = (key[len(_FILE) :] for key, _ in self._counts.iter_items(_FILE))
        recorded = (key for key, _ in ProllyMap(self._nodes, tree.files).iter_items())
        entry, record = next(held, _END), next(recorded, _END)
        while (entry, record) != (_END, _END):
            if entry == record:
                entry, record = next(held, _END), next(recorded, _END)
            elif entry < record:
                yield _Difference(entry, is_held=True)
                entry = next(held, _END)
            else:
                yield _Difference(record, is_held=False)
                record = next(recorded, _END)

    def _iter_changed(self, before: Tree, tree: Tree, touched: SpillingMap) -> Iterator[_Difference]:
        """Of the files that came or went, on either side."""
        self._change_counts(before, tree, touched)
        for one in diff(self._nodes, before.files, tree.files):
            if one.old is None or one.new is None:
                touched.put(one.key, b"")
        keys = (key for key, _ in touched.iter_items())
        for file, record in ProllyMap(self._nodes, tree.files).get_many(keys):
            is_held = self._count(_FILE + file) > 0
            if is_held != (record is not None):
                yield _Difference(file, is_held)

    def _change_counts(self, before: Tree | None, tree: Tree, touched: SpillingMap | None) -> None:
        """Files that begin or cease to be held are put into `touched`."""
        changes: Counter[bytes] = Counter()
        # The new tree's first, so that what it shares with the old one never goes to zero.
        self._refer(tree.root.root, 1, changes, touched)
        if before is not None:
            self._refer(before.root.root, -1, changes, touched)
        self._apply(changes, touched)

    def _refer(self, root: NodeId, step: int, changes: Counter[bytes], touched: SpillingMap | None) -> None:
        """A reference more or less to a node; where it is the first or was the last, also to what is under it."""
        pending = [root]
        while pending:
            id_ = pending.pop()
            before = self._count(_NODE + id_)
            self._set_count(_NODE + id_, before + step)
            if before == 0 or before + step == 0:
                node = self._nodes.load(id_)
                pending += [NodeId(link.id) for link in node_links(Kind.DIRECTORY, node)]
                for file in _files(node):
                    changes[file] += step
                if len(changes) > _BATCH:
                    self._apply(changes, touched)

    def _apply(self, changes: Counter[bytes], touched: SpillingMap | None) -> None:
        for file, change in sorted(changes.items()):
            if change:
                before = self._count(_FILE + file)
                self._set_count(_FILE + file, before + change)
                if touched is not None and (before == 0 or before + change == 0):
                    touched.put(file, b"")
        changes.clear()

    def _count(self, key: bytes) -> int:
        data = self._counts.get(key)
        return 0 if data is None else int.from_bytes(data, "little", signed=True)

    def _set_count(self, key: bytes, count: int) -> None:
        if count == 0:
            self._counts.delete(key)
        else:
            # A batch may take from a file before the next one gives to it, so counts are negative at times.
            self._counts.put(key, count.to_bytes(_COUNT_BYTES, "little", signed=True))


def _told(differences: Iterable[_Difference]) -> str | None:
    no_record, no_entry = _Unmatched("an entry but no record"), _Unmatched("a record but no entry")
    for file, is_held in differences:
        (no_record if is_held else no_entry).add(file)
    return "; ".join(str(one) for one in (no_record, no_entry) if one.count) or None


def _files(node: Node) -> list[bytes]:
    return [file for file in map(find_file, node.values) if file is not None] if node.level == 0 else []
