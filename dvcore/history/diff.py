"""Difference of two trees, file by file.

Directories that have the same root are not opened, files whose records are equal are not looked at. A file that left
one path and came to another was moved; one whose record differs was modified, wherever its entries are
(`TreeReader.paths_of`). Records are looked up in the order of their ids and kept encoded: a million files that came in
are a million changes.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import Final

from dvcore.ids import FileId
from dvcore.model.files import FileRecord, decode_record
from dvcore.model.names import ROOT, Path, decode_name, path_sort_key
from dvcore.model.tree import Directory, Entry, FileEntry, decode_entry
from dvcore.prolly import diff as diff_maps
from dvcore.repo.edits import count_files
from dvcore.repo.treereader import TreeReader


class Kind(Enum):
    """What happened to a file."""

    ADDED = "added"
    REMOVED = "removed"
    MODIFIED = "modified"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One change. `path` is where the file is now, or was for a removed one; `source` where a moved one was. Records
    are encoded; None where the file was not, or is no longer, in any directory."""

    kind: Kind
    path: Path
    file: FileId
    old_record: bytes | None
    new_record: bytes | None
    source: Path | None = None

    @property
    def old(self) -> FileRecord | None:
        """The file before. Raises CorruptError, NeedsNewerError."""
        return None if self.old_record is None else decode_record(self.old_record)

    @property
    def new(self) -> FileRecord | None:
        """The file after. Raises as `old`."""
        return None if self.new_record is None else decode_record(self.new_record)


@dataclass(frozen=True, slots=True)
class Summary:
    """Some of the changes, the first where there are no more than were asked for, and how many there are by kind."""

    shown: list[FileChange]
    counts: Counter[Kind]


@dataclass(frozen=True, slots=True)
class _EntryChange:
    """A `FileChange` whose records nobody has looked up yet."""

    kind: Kind
    path: Path
    file: FileId
    source: Path | None = None


@dataclass(frozen=True, slots=True)
class _Moves:
    """Paths that file entries left and came to, by file."""

    left: dict[FileId, list[Path]]
    came: dict[FileId, list[Path]]


_Both = tuple[bytes | None, bytes | None]
"""Encoded records before and after."""
_Records = dict[FileId, _Both]

_ONE_WAY: Final = (Kind.REMOVED, Kind.ADDED)


def diff_trees(before: TreeReader, after: TreeReader) -> list[FileChange]:
    """Every change from one tree to the other, in the order of the paths."""
    records = dict(_iter_record_changes(before, after))
    modified = {file: both for file, both in records.items() if None not in both}
    moves = _moves(before, after)
    records |= _unchanged_records(after, (moves.left.keys() | moves.came.keys()) - records.keys())
    entries = (FileChange(one.kind, one.path, one.file, *records[one.file], one.source) for one in _iter_paired(moves))
    return _in_order([*entries, *_iter_modified(after, modified)])


def summarize_changes(before: TreeReader, after: TreeReader, limit: int) -> Summary:
    """What `diff_trees` gives, for who shows at most `limit` changes. Directories that came or went whole are counted;
    they are walked through only where files in them may have been moved, and of those that were not, few are kept."""
    counted = _count_entries(before, after)
    moves = _moves_among_many(before, after, counted)
    entries = list(_iter_paired(moves))
    counted[Kind.MOVED] = sum(one.kind is Kind.MOVED for one in entries)
    for kind in _ONE_WAY:
        counted[kind] -= counted[Kind.MOVED]
        if counted[kind]:
            alone = (one for one in _iter_one_way(before, after, kind) if one.file not in moves.left)
            entries += islice(alone, limit)
    modified = _modified_records(before, after)
    counted[Kind.MODIFIED] = len(modified)
    first = sorted(entries, key=_order)[:limit]
    shown = [*(_with_records(before, after, one) for one in first), *_iter_modified(after, modified)]
    return Summary(_in_order(shown)[:limit], counted)


def diff_directories(before: TreeReader, after: TreeReader) -> tuple[list[Path], list[Path]]:
    """Directories that came and that went without a file in them, which no change of a file tells."""
    came: list[Path] = []
    went: list[Path] = []
    for path, old, new in iter_entry_changes(before, after, ROOT, before.tree.root, after.tree.root):
        for entry, other, found in ((new, old, came), (old, new, went)):
            if isinstance(entry, Directory) and entry.files == 0 and not isinstance(other, Directory):
                found.append(path)
    return came, went


def _in_order(changes: Iterable[FileChange]) -> list[FileChange]:
    return sorted(changes, key=_order)


def _order(change: FileChange | _EntryChange) -> tuple[bytes, str]:
    return path_sort_key(change.path), change.kind.value


def _count_entries(before: TreeReader, after: TreeReader) -> Counter[Kind]:
    """File entries that came and that went."""
    counts: Counter[Kind] = Counter()
    for _, old, new in iter_entry_changes(before, after, ROOT, before.tree.root, after.tree.root):
        counts[Kind.ADDED] += count_files(new)
        counts[Kind.REMOVED] += count_files(old)
    return counts


def _iter_one_way(before: TreeReader, after: TreeReader, kind: Kind) -> Iterator[_EntryChange]:
    """Entries that came, or those that went, in the order of the trees."""
    for path, old, new in iter_entry_changes(before, after, ROOT, before.tree.root, after.tree.root):
        reader, entry = (before, old) if kind is Kind.REMOVED else (after, new)
        for under, file in iter_files_under(reader, path, entry):
            yield _EntryChange(kind, under, file)


def _moves_among_many(before: TreeReader, after: TreeReader, counted: Mapping[Kind, int]) -> _Moves:
    """Of files that left a path and came to another. The smaller side is kept, the larger one is walked through, and
    not even that where none of the smaller side's files is in the other tree."""
    if not all(counted[kind] for kind in _ONE_WAY):
        return _Moves({}, {})
    few, many = sorted(_ONE_WAY, key=counted.__getitem__)
    kept = _by_file(_iter_one_way(before, after, few))
    other = after if few is Kind.REMOVED else before
    there = {file for file, data in other.files.get_many(sorted(kept)) if data is not None}
    met = _by_file(one for one in _iter_one_way(before, after, many) if one.file in there) if there else {}
    kept = {file: kept[file] for file in met}
    return _Moves(kept, met) if few is Kind.REMOVED else _Moves(met, kept)


def _by_file(changes: Iterable[_EntryChange]) -> dict[FileId, list[Path]]:
    found: dict[FileId, list[Path]] = {}
    for one in changes:
        found.setdefault(one.file, []).append(one.path)
    return found


def _modified_records(before: TreeReader, after: TreeReader) -> _Records:
    """Of files that both trees have and that differ. Of a tree without files none is, whatever came."""
    if not len(before.files) or not len(after.files):
        return {}
    return {file: both for file, both in _iter_record_changes(before, after) if None not in both}


def _iter_record_changes(before: TreeReader, after: TreeReader) -> Iterator[tuple[FileId, _Both]]:
    """Files whose records differ."""
    for one in diff_maps(after.objects, before.tree.files, after.tree.files):
        yield FileId(one.key), (one.old, one.new)


def _unchanged_records(reader: TreeReader, files: Collection[FileId]) -> _Records:
    """Of files whose records are the same in both trees."""
    return {FileId(file): (data, data) for file, data in reader.files.get_many(sorted(files))}


def _moves(before: TreeReader, after: TreeReader) -> _Moves:
    moves = _Moves({}, {})
    for path, old, new in iter_entry_changes(before, after, ROOT, before.tree.root, after.tree.root):
        for reader, entry, found in ((before, old, moves.left), (after, new, moves.came)):
            for under, file in iter_files_under(reader, path, entry):
                found.setdefault(file, []).append(under)
    return moves


def iter_entry_changes(
    before: TreeReader, after: TreeReader, path: Path, old: Directory, new: Directory
) -> Iterator[tuple[Path, Entry | None, Entry | None]]:
    """Entries that differ, by path, before and after; directories on both sides are taken apart."""
    for one in diff_maps(after.objects, old.root, new.root):
        there = None if one.old is None else decode_entry(one.old)
        here = None if one.new is None else decode_entry(one.new)
        inner = (*path, decode_name(one.key))
        if isinstance(there, Directory) and isinstance(here, Directory):
            yield from iter_entry_changes(before, after, inner, there, here)
        else:
            yield inner, there, here


def iter_files_under(reader: TreeReader, path: Path, entry: Entry | None) -> Iterator[tuple[Path, FileId]]:
    """The file entries at and under an entry of a tree."""
    if isinstance(entry, FileEntry):
        yield path, entry.file
    elif isinstance(entry, Directory):
        yield from reader.iter_files(path)


def _iter_paired(moves: _Moves) -> Iterator[_EntryChange]:
    """A path that a file left with one that it came to, as long as there are both."""
    for file in moves.left.keys() | moves.came.keys():
        left, came = sorted(moves.left.get(file, [])), sorted(moves.came.get(file, []))
        paired = min(len(left), len(came))
        for source, path in zip(left[:paired], came[:paired], strict=True):
            yield _EntryChange(Kind.MOVED, path, file, source)
        for path in left[paired:]:
            yield _EntryChange(Kind.REMOVED, path, file)
        for path in came[paired:]:
            yield _EntryChange(Kind.ADDED, path, file)


def _with_records(before: TreeReader, after: TreeReader, one: _EntryChange) -> FileChange:
    return FileChange(one.kind, one.path, one.file, before.files.get(one.file), after.files.get(one.file), one.source)


def _iter_modified(after: TreeReader, records: _Records) -> Iterator[FileChange]:
    for file, path in least_paths(after, records).items():
        yield FileChange(Kind.MODIFIED, path, file, *records[file])


def least_paths(reader: TreeReader, files: Collection[FileId]) -> dict[FileId, Path]:
    """For each file the first of its paths by UTF-8 bytes."""
    return {file: paths[0] for file, paths in reader.paths_of(files).items() if paths}
