"""Making a directory or a file of the working state what it was in another state.

What the other state has at the path comes back; what it has not goes, as far as the path is concerned: a file that
another directory holds stays there. A file is one wherever it is mirrored, so its annotations come back everywhere.
Only parts of it may be asked for, and then nothing else is touched. It costs what differs between the two states.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from enum import Enum
from itertools import islice
from typing import Final

from dvcore.errors import ConflictError, StateError
from dvcore.history.entry_changes import Side, iter_files_under, iter_side_changes
from dvcore.history.restored_declarations import DeclarationsNeeded
from dvcore.ids import FileId, TreeId
from dvcore.model.annotations import AnnotationSet
from dvcore.model.files import FileRecord, decode_record
from dvcore.model.names import ROOT, Path, decode_name, format_path
from dvcore.model.tree import FileEntry, decode_entry_or_none
from dvcore.prolly import diff as diff_maps
from dvcore.repo.batches import iter_batches
from dvcore.repo.editmaps import FileSet
from dvcore.repo.edits import Change, Edits, count_files, kept
from dvcore.repo.holders import find_paths
from dvcore.repo.objects import Objects, save_annotations
from dvcore.repo.repository import Repository, writes
from dvcore.repo.treereader import TreeReader
from dvcore.repo.working import change_working
from dvcore.store import ObjectDraft

_SOUGHT: Final = 65_536
"""Files whose entries are sought at a time, in one pass over the directory. They take some 40 MB."""


class Only(Enum):
    """What of a directory comes back; without any, all of it does."""

    VARIABLES = "variables"
    """The values of files that are there."""
    INSTANCES = "instances"
    """The instances of files that are there, and whether they are annotated."""
    FILES = "files"
    """Which files there are, under which names, and their bytes; those that are there keep their annotations."""


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """File entries that came and that went, files that changed where they were, and those that nothing holds now."""

    came: int = 0
    went: int = 0
    changed: int = 0
    gone: int = 0


@writes
def restore(
    repository: Repository, source: TreeId, path: Path, *, only: Only | None = None, said: str = ""
) -> RestoreReport:
    """Make what is at a path of the working state what it was in another tree; `said` is how the log calls that.

    Where the root is restored whole, so are the declarations. Else what the files need of them comes with them.

    Raises NotFoundError where the tree has nothing there, ConflictError where a file is in the way or bytes and
    instances would not fit each other, InvalidInputError where a value does not fit its variable as it is declared now,
    StateError for the whole root in the midst of a merge.
    """
    report = RestoreReport()
    there = repository.tree(source)
    there.entry(path)

    def plan(reader: TreeReader, draft: ObjectDraft) -> Edits:
        nonlocal report
        with kept(repository.edits()) as edits:
            plan = _Restoring(reader, there, path, draft, edits, only=only)
            report = plan.run(repository)
            return edits

    change_working(repository, f"restore: {said or format_path(path) or '/'}", plan)
    return report


class _Restoring:
    """Collects the edits of one restoration on one tree."""

    def __init__(
        self, reader: TreeReader, source: TreeReader, path: Path, draft: ObjectDraft, edits: Edits, *, only: Only | None
    ) -> None:
        self._reader = reader
        self._source = source
        self._path = path
        self._draft = draft
        self._edits = edits
        self._only = only
        self._wanted = source.entry(path)
        self._is_everything = only is None and path == ROOT
        self._needed = DeclarationsNeeded(reader.tree, source.tree)
        self._came = self._went = self._changed = self._gone = 0

    def run(self, repository: Repository) -> RestoreReport:
        if self._is_everything and self._reader.tree.merging is not None:
            raise StateError("a merge has begun", hint="'dset merge --abort' gives it up, and all of it comes back")
        if self._only in (None, Only.FILES):
            with closing(FileSet(repository.scratch)) as leaving:
                self._restore_entries(leaving)
                self._drop(leaving)
        for file, data in self._iter_records():
            self._restore_record(file, data)
        if self._is_everything:
            self._restore_declarations()
        else:
            self._needed.put_into(self._edits)
        return RestoreReport(self._came, self._went, self._changed, self._gone)

    def _restore_entries(self, leaving: FileSet) -> None:
        """Entries as they were; files whose entries go are noted."""
        for below, old, new in iter_side_changes(Side(self._reader, self._path), Side(self._source, self._path)):
            self._came += count_files(new)
            self._went += count_files(old)
            for _, file in iter_files_under(self._reader, (*self._path, *below), old):
                leaving.add(file)
        before = self._reader.find_entry(self._path)
        if self._path != ROOT:
            if before != self._wanted:
                self._edits.entries[self._path] = Change(before, self._wanted)
            return
        for one in diff_maps(self._reader.nodes, self._reader.tree.root.root, self._source.tree.root.root):
            self._edits.entries[(decode_name(one.key),)] = Change(
                decode_entry_or_none(one.old), decode_entry_or_none(one.new)
            )

    def _drop(self, leaving: Iterable[FileId]) -> None:
        """Files that nothing holds any more go."""
        for chunk in iter_batches(leaving, lambda _: 1, _SOUGHT):
            staying = self._held(chunk)
            left = [file for file in chunk if file not in staying]
            elsewhere = self._reader.certain_paths_of(left)
            for file in left:
                if all(path[: len(self._path)] == self._path for path in elsewhere[file]):
                    self._edits.files[file] = Change(self._reader.record(file), None)
                    self._gone += 1
        self._edits.exact = self._gone > 0  # that nothing else holds a file is true of this tree, not of a later one

    def _iter_records(self) -> Iterator[tuple[FileId, FileRecord]]:
        """Files that are to be had of the other state and differ, with their records there."""
        changes = diff_maps(self._reader.nodes, self._reader.tree.files, self._source.tree.files)
        there = ((FileId(one.key), one.new) for one in changes if one.new is not None)
        while chunk := dict(islice(there, _SOUGHT)):
            for file in self._held(chunk):
                yield file, decode_record(chunk[file])

    def _held(self, files: Iterable[FileId]) -> set[FileId]:
        """Those of some files that the other state has at or under the path."""
        if isinstance(self._wanted, FileEntry):
            return {self._wanted.file}.intersection(files)
        if self._path == ROOT:
            return {FileId(file) for file, data in self._source.files.get_many(sorted(files)) if data is not None}
        found = find_paths(self._source.nodes, self._wanted, list(files))
        return {file for file, paths in found.items() if paths}

    def _restore_record(self, file: FileId, there: FileRecord) -> None:
        here = self._reader.find_record(file)
        if here is None and self._only in (Only.VARIABLES, Only.INSTANCES):
            return
        after = there if here is None else self._combined(file, here, there)
        if after == here:
            return
        if self._needed.is_wanted and not self._is_everything:
            self._needed.note(after, self._annotations(after))
        self._edits.files[file] = Change(here, after)
        self._changed += here is not None

    def _combined(self, file: FileId, here: FileRecord, there: FileRecord) -> FileRecord:
        """The record here with what is wanted of the other one."""
        ours, theirs = self._annotations(here), self._annotations(there)
        match self._only:
            case None:
                return there
            case Only.FILES:
                self._check_fit(file, here, there, ours)
                return replace(here, blob=there.blob, size=there.size, facts=there.facts)
            case Only.VARIABLES:
                after = save_annotations(self._draft, AnnotationSet(theirs.variables, ours.instances))
                return replace(here, variables=there.variables, annotations=after)
            case Only.INSTANCES:
                self._check_fit(file, here, there, theirs)
                after = save_annotations(self._draft, AnnotationSet(ours.variables, theirs.instances))
                return replace(here, annotations=after, annotated=there.annotated)

    def _check_fit(self, file: FileId, here: FileRecord, there: FileRecord, drawn: AnnotationSet) -> None:
        """Raises ConflictError where instances would come onto an image of another size."""
        if here.blob != there.blob and drawn.instances and _displayed(here) != _displayed(there):
            path = format_path(self._reader.paths_of([file])[file][0])
            message = f"{path!r} has another size there, so that bytes and instances would not fit each other"
            raise ConflictError(message, hint="restore it without --only")

    def _annotations(self, record: FileRecord) -> AnnotationSet:
        """Read through the draft, which may hold it alone."""
        return Objects(self._draft).load_annotations(record.annotations)

    def _restore_declarations(self) -> None:
        here, there = self._reader.tree, self._source.tree
        for name in dict.fromkeys(one.name for one in (*there.variables, *here.variables)):
            variable = Change(here.find_variable(name), there.find_variable(name))
            if variable.before != variable.after:
                self._edits.variables[name] = variable
        for name in dict.fromkeys(one.name for one in (*there.labels, *here.labels)):
            label = Change(here.find_label(name), there.find_label(name))
            if label.before != label.after:
                self._edits.labels[name] = label


def _displayed(record: FileRecord) -> tuple[int, int] | None:
    return None if record.facts is None else (record.facts.width, record.facts.height)
