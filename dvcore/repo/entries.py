"""Directories and their entries: make, move, remove."""

from collections.abc import Sequence
from dataclasses import dataclass

from dvcore.errors import ConflictError, InvalidInputError
from dvcore.ids import FileId
from dvcore.model.names import ROOT, Path, format_path, name_paths
from dvcore.model.tree import Directory, Entry, FileEntry
from dvcore.prolly import build
from dvcore.repo.edits import Change, Edits
from dvcore.repo.repository import Repository
from dvcore.repo.selection import check_apart
from dvcore.repo.treereader import TreeReader
from dvcore.repo.working import change_working
from dvcore.store import ObjectDraft


@dataclass(frozen=True, slots=True)
class RemoveReport:
    """File entries removed, and the paths of those that were their file's last: these files are gone from the tree."""

    entries: int
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


def remove(repository: Repository, paths: Sequence[Path]) -> RemoveReport:
    """Remove entries, directories with everything under them. A file goes from the tree with its last entry; commits
    keep it.

    Raises NotFoundError.
    """
    if not paths or ROOT in paths:
        raise InvalidInputError("the root cannot be removed", hint="name a file or a directory")
    report = RemoveReport(0, ())

    def plan(reader: TreeReader, _: ObjectDraft) -> Edits:
        nonlocal report
        top = _outermost(paths)
        leaving = {path: file for one in top for path, file in reader.iter_files(one)}
        last = _last_entries(reader, leaving)
        report = RemoveReport(len(leaving), tuple(last))
        return Edits(
            entries={path: Change(reader.entry(path), None) for path in top},
            files={file: Change(reader.record(file), None) for file in last.values()},
            exact=True,  # that no other entry holds a file is true of this tree, not of a later one
        )

    change_working(repository, f"remove: {name_paths(paths)}", plan)
    return report


def _outermost(paths: Sequence[Path]) -> list[Path]:
    """Each path once, without those that lie under another: what happens to that one happens to them."""
    given = dict.fromkeys(paths)
    return [path for path in given if not any(path[:depth] in given for depth in range(len(path)))]


def _last_entries(reader: TreeReader, leaving: dict[Path, FileId]) -> dict[Path, FileId]:
    """Of the entries that leave, those whose file no other entry holds."""
    holders = reader.paths_of(set(leaving.values()))
    return {path: file for path, file in leaving.items() if all(other in leaving for other in holders[file])}


def _plan_move(reader: TreeReader, edits: Edits, source: Path, target: Path) -> None:
    entry: Entry = reader.entry(source)
    if source == target:
        return
    check_apart(source, target)
    if reader.find_entry(target) is not None or target in edits.entries:
        raise ConflictError(f"{format_path(target)!r} is there already", hint="remove it, or choose another name")
    edits.entries[source] = Change(entry, None)
    edits.entries[target] = Change(None, entry)
