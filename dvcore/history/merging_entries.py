"""Three-way merge of directories: which name leads to which file.

A name that one side changed is as that side has it; a directory that only one side changed is taken whole, whatever is
in it. Directories that both changed are merged name by name. One that a side removed stays as long as something is in
it that the other side put there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from dvcore.history.settling import Settler
from dvcore.history.three_ways import ThreeWays, iter_three_ways
from dvcore.model.conflicts import Sides, entry_place
from dvcore.model.names import ROOT, Path, decode_name
from dvcore.model.tree import Directory, Entry, FileEntry, decode_entry_or_none, encode_entry
from dvcore.prolly import NodeWriter, build, edit
from dvcore.repo.edits import CHUNK, count_directories, count_files
from dvcore.repo.treereader import TreeReader


@dataclass(slots=True)
class EntryMerger:
    """Merges the directories of three trees. `disputed` are the entries that the sides made different files or
    directories of, each with the tree that it is in: what they hold may be nowhere in the result."""

    base: TreeReader
    ours: TreeReader
    theirs: TreeReader
    writer: NodeWriter
    settler: Settler
    disputed: list[tuple[TreeReader, Path]] = field(default_factory=list)

    def merge(self) -> Directory:
        """The root directory of the result."""
        root = self._merge_directories(ROOT, self.base.tree.root, self.ours.tree.root, self.theirs.tree.root)
        return root or self._empty()

    def _merge_directories(
        self, path: Path, base: Directory | None, ours: Directory | None, theirs: Directory | None
    ) -> Directory | None:
        """The directory of the result; None where a side removed it, and nothing is left in it."""
        there = [one or self._empty() for one in (base, ours, theirs)]
        result = there[1]
        changes = self._iter_changes(path, iter_three_ways(self.ours.nodes, *(one.root for one in there)))
        while chunk := list(islice(changes, CHUNK)):
            root = edit(self.writer, result.root, [(key, after) for key, _, after in chunk])
            entries = [(decode_entry_or_none(before), decode_entry_or_none(after)) for _, before, after in chunk]
            files = sum(count_files(after) - count_files(before) for before, after in entries)
            directories = sum(count_directories(after) - count_directories(before) for before, after in entries)
            result = Directory(root, result.files + files, result.directories + directories)
        is_removed = path != ROOT and (ours is None or theirs is None)
        return None if is_removed and not result.files and not result.directories else result

    def _iter_changes(
        self, path: Path, ways: Iterator[ThreeWays]
    ) -> Iterator[tuple[bytes, bytes | None, bytes | None]]:
        """Names of a directory of ours that change, with their encoded entries before and after."""
        for one in ways:
            if one.theirs not in (one.base, one.ours):
                is_theirs = one.ours == one.base
                after = one.theirs if is_theirs else self._merge_entry((*path, decode_name(one.key)), one)
                if after != one.ours:
                    yield one.key, one.ours, after

    def _merge_entry(self, path: Path, one: ThreeWays) -> bytes | None:
        """An entry that both sides changed, each otherwise."""
        base, ours, theirs = map(decode_entry_or_none, (one.base, one.ours, one.theirs))
        if not any(isinstance(entry, FileEntry) for entry in (base, ours, theirs)):
            merged = self._merge_directories(path, *map(_directory, (base, ours, theirs)))
            return None if merged is None else encode_entry(merged)
        for side, entry in ((self.base, base), (self.ours, ours), (self.theirs, theirs)):
            if entry is not None:
                self.disputed.append((side, path))
        return self.settler.settle(entry_place(path), Sides(one.base, one.ours, one.theirs))

    def _empty(self) -> Directory:
        return Directory(build(self.writer, ()))


def _directory(entry: Entry | None) -> Directory | None:
    return entry if isinstance(entry, Directory) else None
