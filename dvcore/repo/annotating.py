"""Annotating files: variables, instances, and whether somebody has looked. One operation, all of it or nothing."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

from dvcore.errors import NotFoundError
from dvcore.ids import InstanceId
from dvcore.model.files import FileRecord
from dvcore.model.names import Path, name_paths
from dvcore.repo.annotation import Annotation, GivenInstance
from dvcore.repo.annotation_plan import AnnotateReport, AnnotationPlan, ReadAnnotation, label_changes
from dvcore.repo.editmaps import FileSet
from dvcore.repo.edits import Edits, kept
from dvcore.repo.records import iter_records
from dvcore.repo.repository import Repository
from dvcore.repo.selection import EVERYTHING, Selection, iter_selected
from dvcore.repo.treereader import TreeReader
from dvcore.repo.working import change_working, look_at_plan
from dvcore.store import ObjectDraft

__all__ = ["AnnotateReport", "Annotation", "GivenInstance", "annotate", "label_changes"]


def annotate(
    repository: Repository,
    targets: Sequence[Path],
    annotation: Annotation,
    *,
    selection: Selection = EVERYTHING,
    dry_run: bool = False,
) -> AnnotateReport:
    """Annotate files, a directory standing for all under it. A file changes wherever it is mirrored. `dry_run` only
    reports what would change.

    Raises NotFoundError for an unknown target, variable or label and for an instance to be removed that no file has,
    InvalidInputError for a value that is none and for an instance that cannot be one of the file's, which is named.
    """
    report = AnnotateReport(0, 0, ())

    def plan(reader: TreeReader, draft: ObjectDraft) -> Edits:
        nonlocal report
        with closing(FileSet(repository.scratch)) as files, kept(repository.edits()) as edits:
            planning = AnnotationPlan(reader, draft, edits)
            removing = _Removing(reader, planning.read(annotation))
            for one in iter_selected(reader, targets, selection):
                files.add(one.file)
            for file, before in iter_records(reader, files):
                planning.take(file, before, [removing.of(before)])
            removing.finish()
            report = planning.finish()
            return edits

    if dry_run:
        look_at_plan(repository, plan)
    else:
        change_working(repository, f"annotate: {name_paths(targets)}", plan)
    return report


class _Removing:
    """An annotation for each of many files: of the instances that it removes, those that the file has."""

    def __init__(self, reader: TreeReader, read: ReadAnnotation) -> None:
        self._reader = reader
        self._read = read
        self._found: set[InstanceId] = set()

    def of(self, record: FileRecord) -> ReadAnnotation:
        """The annotation as it concerns one file."""
        annotation = self._read.annotation
        if not annotation.remove:
            return self._read
        present = set(annotation.remove) & {one.id for one in self._reader.annotations(record).instances}
        self._found |= present
        return replace(self._read, annotation=replace(annotation, remove=present))

    def finish(self) -> None:
        """Raises NotFoundError where no file has one of the instances."""
        missing = set(self._read.annotation.remove) - self._found
        if missing:
            raise NotFoundError(
                f"none of the files has the instance {min(missing).hex()}", hint="'dset show FILE --json' gives ids"
            )
