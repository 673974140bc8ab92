"""Three-way merge of directories: which name leads to which file.

A name that one side changed is as that side has it; a directory that only one side changed is taken whole, whatever is
in it. Directories that both changed are merged name by name. One that a side removed counts as emptied, so that what
the other side added to it stays.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass, field

from dvcore.history.settling import Settler
from dvcore.history.three_ways import iter_three_ways
from dvcore.ids import NodeId
from dvcore.model.conflicts import Sides, entry_place
from dvcore.model.names import ROOT, Path, decode_name
from dvcore.model.tree import Directory, Entry, FileEntry, decode_entry, encode_entry
from dvcore.prolly import NodeWriter, build
from dvcore.repo.edits import Change
from dvcore.repo.treereader import TreeReader


@dataclass(slots=True)
class EntryMerger:
    """Collects the changes that make the merged directories of ours. `emptied` are directories that they removed and
    that had to be opened: where nothing of ours is left in one, it is to go. `displaced` are entries whose name went to
    that of the other side, each with the reader of the tree that it is in: what they hold may be nowhere else."""

    base: TreeReader
    ours: TreeReader
    theirs: TreeReader
    writer: NodeWriter
    settler: Settler
    changes: MutableMapping[Path, Change[Entry]]
    emptied: list[Path] = field(default_factory=list)
    displaced: list[tuple[TreeReader, Path]] = field(default_factory=list)

    def merge(self) -> None:
        """Merge all that is under the roots."""
        self._merge_level(ROOT, self.base.tree.root, self.ours.tree.root, self.theirs.tree.root)

    def _merge_level(self, path: Path, base: Directory, ours: Directory, theirs: Directory) -> None:
        if theirs.root in (base.root, ours.root):
            return
        for one in iter_three_ways(self.writer, base.root, ours.root, theirs.root):
            if one.theirs not in (one.base, one.ours):
                inner = (*path, decode_name(one.key))
                old, here, there = (_decoded(value) for value in (one.base, one.ours, one.theirs))
                if here == old:
                    self.changes[inner] = Change(old, there)
                else:
                    self._merge_entry(inner, old, here, there)

    def _merge_entry(self, path: Path, base: Entry | None, ours: Entry | None, theirs: Entry | None) -> None:
        if not any(isinstance(one, FileEntry) for one in (base, ours, theirs)):
            self._merge_level(path, *(self._directory(one) for one in (base, ours, theirs)))
            if theirs is None:
                self.emptied.append(path)
            return
        settled = self.settler.settle(entry_place(path), Sides(*map(_encoded, (base, ours, theirs))))
        result = _decoded(settled)
        if result != ours:
            self.changes[path] = Change(ours, result)
        for side, entry in ((self.ours, ours), (self.theirs, theirs)):
            if entry not in (None, result):
                self.displaced.append((side, path))

    def _directory(self, entry: Entry | None) -> Directory:
        return entry if isinstance(entry, Directory) else Directory(NodeId(build(self.writer, ())))


def _encoded(entry: Entry | None) -> bytes | None:
    return None if entry is None else encode_entry(entry)


def _decoded(data: bytes | None) -> Entry | None:
    return None if data is None else decode_entry(data)
