"""Entries that differ between two trees. Directories that have the same root are not opened."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from dvcore.ids import FileId
from dvcore.model.names import ROOT, Path, decode_name
from dvcore.model.tree import Directory, Entry, FileEntry, decode_entry_or_none
from dvcore.prolly import diff as diff_maps
from dvcore.repo.treereader import TreeReader


@dataclass(frozen=True, slots=True)
class Side:
    """What is compared: a tree, from a path on. Where nothing is at the path, it is as an empty directory."""

    reader: TreeReader
    path: Path = ROOT

    @property
    def entry(self) -> Entry | None:
        """What the path leads to."""
        return self.reader.find_entry(self.path)

    def paths_of(self, files: Collection[FileId]) -> dict[FileId, list[Path]]:
        """The paths of some files that are at or under this one, in the order of their UTF-8 bytes."""
        found = self.reader.paths_of(files)
        return {file: [path for path in paths if path[: len(self.path)] == self.path] for file, paths in found.items()}


EntryChange: TypeAlias = tuple[Path, Entry | None, Entry | None]
"""An entry before and after, by its path."""


def iter_entry_changes(
    before: TreeReader, after: TreeReader, path: Path, old: Directory, new: Directory
) -> Iterator[EntryChange]:
    """Entries that differ, in the order of the trees; directories on both sides are taken apart."""
    for one in diff_maps(after.nodes, old.root, new.root):
        there = decode_entry_or_none(one.old)
        here = decode_entry_or_none(one.new)
        inner = (*path, decode_name(one.key))
        if isinstance(there, Directory) and isinstance(here, Directory):
            yield from iter_entry_changes(before, after, inner, there, here)
        else:
            yield inner, there, here


def iter_side_changes(before: Side, after: Side) -> Iterator[EntryChange]:
    """The same between two sides, by paths that begin where each of them does."""
    old, new = before.entry, after.entry
    if isinstance(old, Directory) and isinstance(new, Directory):
        yield from iter_entry_changes(before.reader, after.reader, ROOT, old, new)
    elif old != new:
        yield ROOT, old, new


def iter_files_under(reader: TreeReader, path: Path, entry: Entry | None) -> Iterator[tuple[Path, FileId]]:
    """The file entries at and under an entry of a tree."""
    if isinstance(entry, FileEntry):
        yield path, entry.file
    elif isinstance(entry, Directory):
        yield from reader.iter_files(path)
