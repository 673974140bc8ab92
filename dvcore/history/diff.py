"""Difference of two trees, file by file.

Directories that have the same root are not opened, files whose records are equal are not looked at. A file that left
one path and came to another was moved; one whose record differs was modified, wherever its entries are: its paths are
looked up among all entries (`TreeReader.paths_of`), the one part whose cost grows with the tree.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum

from dvcore.ids import FileId
from dvcore.model.files import FileRecord, decode_record
from dvcore.model.names import ROOT, Path, decode_name, path_sort_key
from dvcore.model.tree import Directory, Entry, FileEntry, decode_entry
from dvcore.prolly import diff as diff_maps
from dvcore.repo.treereader import TreeReader


class Kind(Enum):
    """What happened to a file."""

    ADDED = "added"
    REMOVED = "removed"
    MODIFIED = "modified"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One change. `path` is where the file is now, or was for a removed one; `source` where a moved one was. `old` and
    `new` are its records before and after; None where it was not, or is no longer, in any directory."""

    kind: Kind
    path: Path
    file: FileId
    old: FileRecord | None
    new: FileRecord | None
    source: Path | None = None


@dataclass(frozen=True, slots=True)
class _Moves:
    """Paths that file entries left and came to, by file."""

    left: dict[FileId, list[Path]]
    came: dict[FileId, list[Path]]


def diff_trees(before: TreeReader, after: TreeReader) -> list[FileChange]:
    """Every change from one tree to the other, in the order of the paths."""
    records = _record_changes(before, after)
    moves = _moves(before, after)
    changes = [*_iter_entry_changes(before, after, moves), *_iter_modified(after, records)]
    return sorted(changes, key=lambda change: (path_sort_key(change.path), change.kind.value))


def diff_directories(before: TreeReader, after: TreeReader) -> tuple[list[Path], list[Path]]:
    """Directories that came and that went without a file in them, which no change of a file tells."""
    came: list[Path] = []
    went: list[Path] = []
    for path, old, new in _iter_entries(before, after, ROOT, before.tree.root, after.tree.root):
        for entry, other, found in ((new, old, came), (old, new, went)):
            if isinstance(entry, Directory) and entry.files == 0 and not isinstance(other, Directory):
                found.append(path)
    return came, went


def _record_changes(before: TreeReader, after: TreeReader) -> dict[FileId, tuple[FileRecord, FileRecord]]:
    """Old and new record of files that both trees have and that differ."""
    return {
        FileId(one.key): (decode_record(one.old), decode_record(one.new))
        for one in diff_maps(after.objects, before.tree.files, after.tree.files)
        if one.old is not None and one.new is not None
    }


def _moves(before: TreeReader, after: TreeReader) -> _Moves:
    moves = _Moves({}, {})
    for path, old, new in _iter_entries(before, after, ROOT, before.tree.root, after.tree.root):
        for reader, entry, found in ((before, old, moves.left), (after, new, moves.came)):
            for under, file in _iter_under(reader, path, entry):
                found.setdefault(file, []).append(under)
    return moves


def _iter_entries(
    before: TreeReader, after: TreeReader, path: Path, old: Directory, new: Directory
) -> Iterator[tuple[Path, Entry | None, Entry | None]]:
    """Entries that differ, directories on both sides taken apart."""
    for one in diff_maps(after.objects, old.root, new.root):
        there = None if one.old is None else decode_entry(one.old)
        here = None if one.new is None else decode_entry(one.new)
        inner = (*path, decode_name(one.key))
        if isinstance(there, Directory) and isinstance(here, Directory):
            yield from _iter_entries(before, after, inner, there, here)
        else:
            yield inner, there, here


def _iter_under(reader: TreeReader, path: Path, entry: Entry | None) -> Iterator[tuple[Path, FileId]]:
    if isinstance(entry, FileEntry):
        yield path, entry.file
    elif isinstance(entry, Directory):
        yield from reader.iter_files(path)


def _iter_entry_changes(before: TreeReader, after: TreeReader, moves: _Moves) -> Iterator[FileChange]:
    for file in moves.left.keys() | moves.came.keys():
        left, came = sorted(moves.left.get(file, [])), sorted(moves.came.get(file, []))
        old, new = before.find_record(file), after.find_record(file)
        paired = min(len(left), len(came))
        for source, path in zip(left[:paired], came[:paired], strict=True):
            yield FileChange(Kind.MOVED, path, file, old, new, source)
        for path in left[paired:]:
            yield FileChange(Kind.REMOVED, path, file, old, new)
        for path in came[paired:]:
            yield FileChange(Kind.ADDED, path, file, old, new)


def _iter_modified(after: TreeReader, records: dict[FileId, tuple[FileRecord, FileRecord]]) -> Iterator[FileChange]:
    for file, path in least_paths(after, records).items():
        old, new = records[file]
        yield FileChange(Kind.MODIFIED, path, file, old, new)


def least_paths(reader: TreeReader, files: Collection[FileId]) -> dict[FileId, Path]:
    """For each file the first of its paths by UTF-8 bytes."""
    return {file: paths[0] for file, paths in reader.paths_of(files).items() if paths}
