"""Difference of two trees, or of a directory of each, file by file.

Directories that have the same root are not opened, files whose records are equal are not looked at. A file that left
one path and came to another was moved; one whose record differs was modified, wherever its entries are
(`TreeReader.paths_of`). What came or went is given out while the trees are walked through; only what was moved or
modified has to be put in order first, in memory while it is little: a million changes take no more of it than a few
thousand.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, closing
from heapq import merge
from itertools import groupby, islice
from typing import Final, Self

from dvcore.history.entry_changes import Side, iter_files_under, iter_side_changes
from dvcore.history.file_changes import FileChange, Found, Kind, pack_found, pack_path, unpack_found
from dvcore.history.moved_files import MovedFiles
from dvcore.ids import FileId
from dvcore.model.names import Path
from dvcore.model.tree import Directory
from dvcore.prolly import diff as diff_maps
from dvcore.repo.batches import iter_batches
from dvcore.repo.edits import count_files
from dvcore.repo.treereader import TreeReader
from dvcore.store.spilling import SpillingMap

__all__ = ["Difference", "FileChange", "Kind", "diff_directories", "diff_trees"]

_MODIFIED_AT_ONCE: Final = 65_536
"""Modified files whose paths are looked up together, some 30 MB: where they are many, each look is at all entries."""
_FEW_AT_ONCE, _MOST_AT_ONCE = 4, 32_768
"""Changes whose records are looked up together, at first and later on, some 30 MB: as few to see one, as many as pays
where each look is at most leaves."""
_KEY_BYTES: Final = 450
"""Of a path in a key of the changes that are put in order: keys take 511 bytes."""


class Difference:
    """Every change from one side to the other, in the order of the trees; `counts` says how many there are by kind.

    It is to be closed, or used in a `with`, and iterated while it is open. Raises StorageError where a private file for
    many changes cannot be made, CorruptError.
    """

    def __init__(self, before: Side, after: Side) -> None:
        self.counts: Counter[Kind] = Counter()
        self._before, self._after = before, after
        self._number = 0
        with ExitStack() as made:
            self._moved = made.enter_context(closing(MovedFiles(after.reader.cache)))
            self._ordered = made.enter_context(closing(SpillingMap(after.reader.cache)))
            self._collect()
            self._resources = made.pop_all()

    def __iter__(self) -> Iterator[FileChange]:
        found = merge(self._iter_unmoved(), self._iter_ordered(), key=lambda one: one.order)
        size = _FEW_AT_ONCE
        while some := list(islice(found, size)):
            yield from self._with_records(some)
            size = min(2 * size, _MOST_AT_ONCE)

    def close(self) -> None:
        """Give the room back. Closing twice is no error."""
        self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _collect(self) -> None:
        for _, old, new in iter_side_changes(self._before, self._after):
            self.counts[Kind.ADDED] += count_files(new)
            self.counts[Kind.REMOVED] += count_files(old)
        if self.counts[Kind.ADDED] and self.counts[Kind.REMOVED]:
            self._find_moved()
        for some in iter_batches(self._iter_modified(), lambda _: 1, _MODIFIED_AT_ONCE):
            for file, path in self._paths_of(some).items():
                self.counts[Kind.MODIFIED] += 1
                self._put_in_order(Found(Kind.MODIFIED, path, file))

    def _find_moved(self) -> None:
        if self.counts[Kind.REMOVED] <= self.counts[Kind.ADDED]:
            self._moved.find(self._iter_left(), self._iter_came, self._after.reader.files)
        else:
            self._moved.find(self._iter_came(), self._iter_left, self._before.reader.files)
        for one in self._moved.iter_changes():
            if one.kind is Kind.MOVED:
                self.counts.update({Kind.MOVED: 1, Kind.ADDED: -1, Kind.REMOVED: -1})
            self._put_in_order(one)

    def _iter_left(self) -> Iterator[Found]:
        return (one for old, _ in self._iter_entries() for one in old)

    def _iter_came(self) -> Iterator[Found]:
        return (one for _, new in self._iter_entries() for one in new)

    def _iter_unmoved(self) -> Iterator[Found]:
        """Entries that went and that came, of files of which not both are true."""
        changes = (one for sides in self._iter_entries() for one in merge(*sides, key=lambda one: one.order))
        return (one for one in changes if one.file not in self._moved)

    def _iter_entries(self) -> Iterator[tuple[Iterator[Found], Iterator[Found]]]:
        """What went and what came, path by path."""
        for path, old, new in iter_side_changes(self._before, self._after):
            left = iter_files_under(self._before.reader, self._before.path + path, old)
            came = iter_files_under(self._after.reader, self._after.path + path, new)
            yield _found(Kind.REMOVED, self._before, left), _found(Kind.ADDED, self._after, came)

    def _iter_modified(self) -> Iterator[FileId]:
        """Files of both trees whose records differ. Of a tree without files none is, whatever came."""
        before, after = self._before.reader, self._after.reader
        if len(before.files) and len(after.files):
            differences = diff_maps(after.nodes, before.tree.files, after.tree.files)
            yield from (FileId(one.key) for one in differences if one.old is not None and one.new is not None)

    def _paths_of(self, files: Collection[FileId]) -> dict[FileId, Path]:
        """Of the files that both sides hold, each with the first of its paths by UTF-8 bytes."""
        before, after = self._before, self._after
        found = after.paths_of(files)
        if before.path:
            there = before.paths_of(files)
            found = {file: paths for file, paths in found.items() if there[file]}
        return {file: paths[0][len(after.path) :] for file, paths in found.items() if paths}

    def _put_in_order(self, one: Found) -> None:
        self._number += 1
        key = pack_path(one.path)[:_KEY_BYTES] + b"\0\0" + self._number.to_bytes(8, "big")
        self._ordered.put(key, pack_found(one))

    def _iter_ordered(self) -> Iterator[Found]:
        """Those of one path together, and those of paths that are too long for their keys to differ."""
        for _, items in groupby(self._ordered.iter_items(), key=lambda item: item[0][:-8]):
            yield from sorted((unpack_found(value) for _, value in items), key=lambda one: one.order)

    def _with_records(self, some: list[Found]) -> Iterator[FileChange]:
        old = _records(self._before, some, Kind.ADDED)
        new = _records(self._after, some, Kind.REMOVED)
        for one in some:
            path = (self._before if one.kind is Kind.REMOVED else self._after).path + one.path
            source = None if one.source is None else self._before.path + one.source
            yield FileChange(one.kind, path, one.file, old[one.file], new[one.file], source)


def diff_trees(before: TreeReader, after: TreeReader) -> list[FileChange]:
    """Every change from one tree to the other, in the order of the trees."""
    with Difference(Side(before), Side(after)) as difference:
        return list(difference)


def diff_directories(before: Side, after: Side) -> tuple[list[Path], list[Path]]:
    """Directories that came and that went without a file in them, which no change of a file tells."""
    came: list[Path] = []
    went: list[Path] = []
    for path, old, new in iter_side_changes(before, after):
        for entry, other, side, found in ((new, old, after, came), (old, new, before, went)):
            if isinstance(entry, Directory) and entry.files == 0 and not isinstance(other, Directory):
                found.append(side.path + path)
    return came, went


def _records(side: Side, some: Iterable[Found], elsewhere: Kind) -> dict[bytes, bytes | None]:
    """The records of files on a side. Those of changes of the kind `elsewhere` the tree can hold where it does not."""
    records = dict(side.reader.files.get_many(sorted({one.file for one in some})))
    if side.path:
        asked = {one.file for one in some if one.kind is elsewhere and records[one.file] is not None}
        records |= {file: None for file, paths in side.paths_of(asked).items() if not paths}
    return records


def _found(kind: Kind, side: Side, entries: Iterable[tuple[Path, FileId]]) -> Iterator[Found]:
    return (Found(kind, path[len(side.path) :], file) for path, file in entries)
