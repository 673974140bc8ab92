"""Mirroring: the same files in another directory.

A whole directory that lands where nothing is shares its root, so the cost does not grow with its size; where there is a
directory already, only what differs is looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dvcore.errors import ConflictError, InvalidInputError
from dvcore.model.names import Path, decode_name, format_path, name_paths
from dvcore.model.tree import Directory, Entry, FileEntry, decode_entry, decode_entry_or_none
from dvcore.prolly import diff
from dvcore.repo.edits import Change, Edits, count_files, kept
from dvcore.repo.repository import Repository
from dvcore.repo.selection import EVERYTHING, Selection, check_apart, landing, select_files
from dvcore.repo.treereader import TreeReader
from dvcore.repo.working import change_working
from dvcore.store import ObjectDraft


@dataclass(frozen=True, slots=True)
class MirrorReport:
    """File entries added, there already, and taken out by pruning."""

    added: int
    present: int
    pruned: int = 0


def mirror(
    repository: Repository,
    sources: Sequence[Path],
    destination: Path,
    *,
    selection: Selection = EVERYTHING,
    prune: bool = False,
) -> MirrorReport:
    """Put files and the contents of directories into a directory, which is made where it is missing.

    The same file under a name changes nothing. With `prune`, files under the destination that are not among those
    mirrored are taken out. Raises ConflictError, with nothing done, where another file has the name.
    """
    if not sources:
        raise InvalidInputError("nothing to mirror", hint="name a file or a directory")
    report = MirrorReport(0, 0)

    def plan(reader: TreeReader, _: ObjectDraft) -> Edits:
        nonlocal report
        with kept(repository.edits()) as edits:
            plan = _Mirroring(reader, destination, edits)
            if selection.is_everything and not prune:
                for source in sources:
                    plan.take_whole(source)
            else:
                plan.take_selected(sources, selection)
                if prune:
                    plan.prune()
            report = plan.report()
            return edits

    change_working(repository, f"mirror: {name_paths(sources)} to {format_path(destination)}", plan)
    return report


class _Mirroring:
    """Collects the edits of one mirror operation on one tree."""

    def __init__(self, reader: TreeReader, destination: Path, edits: Edits) -> None:
        self.reader = reader
        self.destination = destination
        self.edits = edits
        self._added = self._present = self._pruned = 0
        self._landed: set[Path] = set()
        if isinstance(reader.find_entry(destination), FileEntry):
            raise ConflictError(f"{format_path(destination)!r} is a file", hint="name a directory to mirror into")

    def report(self) -> MirrorReport:
        return MirrorReport(self._added, self._present, self._pruned)

    def take_whole(self, source: Path) -> None:
        """A file, or the contents of a directory with its sub-directories."""
        entry = self.reader.entry(source)
        if isinstance(entry, Directory):
            check_apart(source, self.destination)
        self.edits.takes[source] = entry
        self._place((*self.destination, source[-1]) if isinstance(entry, FileEntry) else self.destination, entry)

    def take_selected(self, sources: Sequence[Path], selection: Selection) -> None:
        """The files of the sources that the selection lets through, one by one."""
        for source in sources:
            if isinstance(self.reader.entry(source), Directory):
                check_apart(source, self.destination)
        for target, one in landing(self.destination, select_files(self.reader, sources, selection)).items():
            self.edits.takes[one.path] = FileEntry(one.file)
            self._place(target, FileEntry(one.file))
            self._landed.add(target)

    def prune(self) -> None:
        """Take out the files under the destination that were not mirrored just now. What leaves here stays elsewhere
        or the plan is refused: pruning never drops the last entry of a file."""
        if self.reader.find_entry(self.destination) is None:
            return
        leaving = {path: file for path, file in self.reader.iter_files(self.destination) if path not in self._landed}
        elsewhere = self.reader.certain_paths_of(set(leaving.values()))
        for path, file in leaving.items():
            if all(other in leaving for other in elsewhere[file]):
                raise ConflictError(
                    f"pruning would remove {format_path(path)!r}, which no other directory holds",
                    hint="move it elsewhere or remove it first",
                )
            self.edits.entries[path] = Change(FileEntry(file), None)
        self.edits.exact = bool(leaving)
        self._pruned = len(leaving)

    def _place(self, target: Path, entry: Entry, before: Entry | None = None) -> None:
        planned = self.edits.entries.get(target)
        before = planned.after if planned else before or self.reader.find_entry(target)
        if before is None:
            self.edits.entries[target] = Change(None, entry)
            self._added += count_files(entry)
        elif before == entry:
            self._present += count_files(entry)
        elif isinstance(before, Directory) and isinstance(entry, Directory):
            self._merge(target, before, entry)
        else:
            raise ConflictError(
                f"another file is named {format_path(target)!r} already",
                hint="remove it, or mirror to another directory",
            )

    def _merge(self, target: Path, before: Directory, entry: Directory) -> None:
        """Into a directory that is there (or that this operation puts there), the entries that it lacks."""
        self._present += entry.files
        for difference in diff(self.reader.objects, before.root, entry.root):
            if difference.new is not None:
                new = decode_entry(difference.new)
                old = decode_entry_or_none(difference.old)
                self._present -= count_files(new)
                self._place((*target, decode_name(difference.key)), new, old)
