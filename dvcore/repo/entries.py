"""Directories and their entries: make, move, remove."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Final

from dvcore.errors import ConflictError, InvalidInputError
from dvcore.ids import FileId
from dvcore.model.names import ROOT, Path, format_path, name_paths
from dvcore.model.tree import Directory, Entry, FileEntry
from dvcore.prolly import build
from dvcore.repo.editmaps import FileSet
from dvcore.repo.edits import Change, Edits, count_files, kept
from dvcore.repo.records import iter_records
from dvcore.repo.repository import Repository
from dvcore.repo.selection import EVERYTHING, Selection, check_apart, select_files
from dvcore.repo.treereader import TreeReader
from dvcore.repo.working import change_working
from dvcore.store import ObjectDraft

_SHOWN: Final = 1_000
"""Paths that a report gives."""
_SOUGHT: Final = 65_536
"""Files whose entries are sought at a time, in one pass over the tree. They take some 40 MB."""


@dataclass(frozen=True, slots=True)
class RemoveReport:
    """File entries removed, how many files had no other and are gone from the tree, and the paths of some of those, the
    first thousand."""

    entries: int
    files: int
    last: tuple[Path, ...]


def make_directory(repository: Repository, path: Path) -> bool:
    """Make an empty directory and those on the way to it; False where it is there already.

    Raises ConflictError where a file is in the way.
    """
    made = False

    def plan(reader: TreeReader, draft: ObjectDraft) -> Edits:
        nonlocal made
        entry = reader.find_entry(path)
        if isinstance(entry, FileEntry):
            raise ConflictError(f"{format_path(path)!r} is a file", hint="choose another name")
        made = entry is None
        return Edits(entries={path: Change(None, Directory(build(draft, ())))} if made else {})

    change_working(repository, f"mkdir: {format_path(path)}", plan)
    return made


def move(repository: Repository, sources: Sequence[Path], destination: Path) -> int:
    """Move entries, like `mv`: into the destination where that is a directory, else to that name. Gives the number of
    entries moved; files keep their ids.

    Raises NotFoundError, ConflictError.
    """
    if not sources or ROOT in sources:
        raise InvalidInputError("the root cannot be moved", hint="name a file or a directory")
    outermost = _outermost(sources)

    def plan(reader: TreeReader, _: ObjectDraft) -> Edits:
        into = isinstance(reader.find_entry(destination), Directory)
        if len(sources) > 1 and not into:
            raise ConflictError(f"{format_path(destination)!r} is no directory", hint="'dset mkdir' makes it")
        edits = Edits()
        for source in outermost:
            _plan_move(reader, edits, source, (*destination, source[-1]) if into else destination)
        return edits

    change_working(repository, f"move: {name_paths(sources)} to {format_path(destination)}", plan)
    return len(outermost)


def remove(repository: Repository, paths: Sequence[Path], selection: Selection = EVERYTHING) -> RemoveReport:
    """Remove entries, directories with everything under them; or, of these, the files of a selection. A file goes from
    the tree with its last entry; commits keep it.

    Raises NotFoundError.
    """
    if not paths or (ROOT in paths and selection.is_everything):
        raise InvalidInputError("the root cannot be removed", hint="name a file or a directory")
    report = RemoveReport(0, 0, ())

    def plan(reader: TreeReader, _: ObjectDraft) -> Edits:
        nonlocal report
        top = _outermost(paths if selection.is_everything else _selected(reader, paths, selection))
        with closing(FileSet(repository.scratch)) as leaving, kept(repository.edits()) as edits:
            edits.entries.update((path, Change(reader.entry(path), None)) for path in top)
            for _path, file in _iter_files(reader, top):
                leaving.add(file)
            for file, record in iter_records(reader, _iter_lost(reader, top, leaving)):
                edits.files[file] = Change(record, None)
            edits.exact = True  # that no other entry holds a file is true of this tree, not of a later one
            last = (path for path, file in _iter_files(reader, top) if file in edits.files)
            entries = sum(count_files(reader.entry(path)) for path in top)
            report = RemoveReport(entries, len(edits.files), tuple(islice(last, _SHOWN)))
            return edits

    what = "" if selection.is_everything else "files of "
    change_working(repository, f"remove: {what}{name_paths(paths)}", plan)
    return report


def _selected(reader: TreeReader, paths: Sequence[Path], selection: Selection) -> list[Path]:
    return [one.path for one in select_files(reader, paths, selection)]


def _outermost(paths: Iterable[Path]) -> dict[Path, None]:
    """Each path once, without those that lie under another: what happens to that one happens to them."""
    given = dict.fromkeys(paths)
    return {path: None for path in given if not any(path[:depth] in given for depth in range(len(path)))}


def _iter_files(reader: TreeReader, top: Iterable[Path]) -> Iterator[tuple[Path, FileId]]:
    return (one for path in top for one in reader.iter_files(path))


def _iter_lost(reader: TreeReader, top: Collection[Path], leaving: Iterable[FileId]) -> Iterator[FileId]:
    """Of files that have entries at or under some paths, those that have no others."""
    if sum(count_files(reader.entry(path)) for path in top) == reader.tree.root.files:
        yield from leaving
        return
    files = iter(leaving)
    while chunk := list(islice(files, _SOUGHT)):
        holders = reader.certain_paths_of(chunk)
        yield from (file for file in chunk if all(_is_under(path, top) for path in holders[file]))


def _is_under(path: Path, top: Collection[Path]) -> bool:
    return any(path[:depth] in top for depth in range(1, len(path) + 1))


def _plan_move(reader: TreeReader, edits: Edits, source: Path, target: Path) -> None:
    entry: Entry = reader.entry(source)
    if source == target:
        return
    check_apart(source, target)
    if reader.find_entry(target) is not None or target in edits.entries:
        raise ConflictError(f"{format_path(target)!r} is there already", hint="remove it, or choose another name")
    edits.entries[source] = Change(entry, None)
    edits.entries[target] = Change(None, entry)
