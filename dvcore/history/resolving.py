"""Settling the conflicts of a merge: each becomes what one side made of it, or stays as the working state has it now.

One operation, all of it or nothing. Conflicts that nobody named stay; those about what is said of different files can
be settled by several people at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dvcore.errors import InvalidInputError, NotFoundError, StateError
from dvcore.history.conflict_paths import Chosen, choose_conflicts
from dvcore.history.resolution import Resolution, Side, side_tree
from dvcore.ids import FileId, TreeId, format_short
from dvcore.model.conflicts import Conflict, Merging, Subject, conflict_key
from dvcore.model.names import Path, format_path
from dvcore.model.tree import FileEntry
from dvcore.repo.annotating import Annotation, GivenInstance
from dvcore.repo.annotation_plan import AnnotationPlan
from dvcore.repo.commits import committed_tree, head_commit
from dvcore.repo.conflicts import iter_conflicts
from dvcore.repo.edits import Edits
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.repo.working import change_working
from dvcore.store import ObjectDraft


@dataclass(frozen=True, slots=True)
class ResolveReport:
    """How many conflicts were settled, and how many are left."""

    settled: int
    left: int


def resolve(repository: Repository, chosen: Chosen, side: Side) -> ResolveReport:
    """Settle conflicts as one side has it.

    Raises StateError where no merge has begun, NotFoundError for something that there is no conflict about,
    InvalidInputError for a declaration that values of files do not fit.
    """
    report = ResolveReport(0, 0)

    def plan(reader: TreeReader, draft: ObjectDraft) -> Edits:
        nonlocal report
        merging = _merging(reader)
        conflicts = choose_conflicts(reader, chosen)
        edits = Edits()
        if side is not Side.AS_IS:
            tree = side_tree(reader, merging, _our_tree(repository), side)
            edits = Resolution(reader, tree, draft, side).settle(conflicts)
        report = _settle(edits, merging, conflicts)
        return edits

    change_working(repository, f"resolve: {_named(chosen)} ({side.value})", plan)
    return report


def resolve_instances(
    repository: Repository, target: Path | FileId, instances: Sequence[GivenInstance]
) -> ResolveReport:
    """Settle the conflicts about the instances of one file by giving it these and no others.

    Raises as `resolve`, and InvalidInputError for an instance that cannot be one of the file's.
    """
    report = ResolveReport(0, 0)
    name = format_short(target) if isinstance(target, bytes) else format_path(target)

    def plan(reader: TreeReader, draft: ObjectDraft) -> Edits:
        nonlocal report
        merging = _merging(reader)
        file = _find_file(reader, target)
        record = reader.find_record(file)
        if record is None:
            raise NotFoundError(f"the file {format_short(file)} is not there", hint="bring it back with --theirs first")
        conflicts = [one for one in iter_conflicts(reader.objects, reader.tree) if _is_of_instances(one, file)]
        if not conflicts:
            raise NotFoundError(f"there is no conflict about instances of {name!r}", hint="'dset status' lists them")
        edits = Edits()
        planning = AnnotationPlan(reader, draft, edits)
        planning.take(file, record, [planning.read(Annotation(instances=instances))])
        planning.finish()
        report = _settle(edits, merging, conflicts)
        return edits

    change_working(repository, f"resolve: {name} (instances)", plan)
    return report


def _settle(edits: Edits, merging: Merging, conflicts: Sequence[Conflict]) -> ResolveReport:
    edits.settles = {conflict_key(one.place) for one in conflicts}
    return ResolveReport(len(conflicts), merging.number - len(conflicts))


def _merging(reader: TreeReader) -> Merging:
    if reader.tree.merging is None:
        raise StateError("there is no merge, and so no conflict", hint="'dset merge' begins one")
    return reader.tree.merging


def _our_tree(repository: Repository) -> TreeId:
    return committed_tree(repository, head_commit(repository))


def _find_file(reader: TreeReader, target: Path | FileId) -> FileId:
    if isinstance(target, bytes):
        return target
    entry = reader.entry(target)
    if not isinstance(entry, FileEntry):
        raise InvalidInputError(f"{format_path(target)!r} is a directory", hint="name one file")
    return entry.file


def _is_of_instances(conflict: Conflict, file: FileId) -> bool:
    return conflict.place.subject is Subject.INSTANCE and conflict.place.file == file


def _named(chosen: Chosen) -> str:
    names = [format_path(path) or "/" for path in chosen.paths] + [format_short(file) for file in chosen.files]
    return ", ".join([*names, *chosen.variables, *chosen.labels][:3])
