"""Annotating files: variables, instances, and whether somebody has looked."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from dvcore.errors import InvalidInputError
from dvcore.ids import FileId, InstanceId
from dvcore.model.annotation_names import check_label_name
from dvcore.model.annotations import AnnotationSet, Entered, Instance, derive_instances
from dvcore.model.clipping import is_inside
from dvcore.model.declarations import LabelDeclaration
from dvcore.model.files import FileRecord, ImageFacts
from dvcore.model.geometry import Geometry, Mask, bounds
from dvcore.model.names import Path, name_paths
from dvcore.model.tree import Tree
from dvcore.model.values import Value
from dvcore.repo.editmaps import FileSet
from dvcore.repo.edits import Change, Edits, kept
from dvcore.repo.objects import save_annotations
from dvcore.repo.records import iter_records
from dvcore.repo.repository import Repository
from dvcore.repo.selection import EVERYTHING, Selection, iter_selected
from dvcore.repo.treereader import TreeReader
from dvcore.repo.working import change_working
from dvcore.store import ObjectDraft


@dataclass(frozen=True, slots=True)
class GivenInstance:
    """An instance as a person or a script gives it: `id` where it stands for one that the file has already."""

    entered: Entered
    id: InstanceId | None = None


@dataclass(frozen=True, slots=True)
class Annotation:
    """What to change: variables to set (as texts, read by their declarations) and to unset; `instances` replace all
    that a file has, None leaving them, an empty sequence clearing them; `done` marks the file as annotated."""

    set: Mapping[str, str] = field(default_factory=dict)
    unset: Sequence[str] = ()
    instances: Sequence[GivenInstance] | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class AnnotateReport:
    """Files that were meant, those of them that changed, and labels that were used for the first time."""

    files: int
    changed: int
    new_labels: tuple[str, ...]


def annotate(
    repository: Repository, targets: Sequence[Path], annotation: Annotation, *, selection: Selection = EVERYTHING
) -> AnnotateReport:
    """Annotate files, a directory standing for all under it. A file changes wherever it is mirrored.

    Raises NotFoundError for an unknown target or variable, InvalidInputError for a value that is none and for an
    instance that does not lie in the image.
    """
    report = AnnotateReport(0, 0, ())

    def plan(reader: TreeReader, draft: ObjectDraft) -> Edits:
        nonlocal report
        values = {name: reader.variable(name).parse(text) for name, text in annotation.set.items()}
        for name in annotation.unset:
            reader.variable(name)
        labels = label_changes(reader.tree, [LabelDeclaration(name, 0) for name in _labels(annotation)])
        with closing(FileSet(repository.scratch)) as files, kept(repository.edits()) as edits:
            for one in iter_selected(reader, targets, selection):
                files.add(one.file)
            edits.labels = labels if files else {}
            for file, before in iter_records(reader, files):
                _check_inside(before.facts, annotation.instances or ())
                annotations = _annotations(file, reader.annotations(before), annotation, values)
                after = _annotated(draft, before, annotation, annotations)
                if after != before:
                    edits.files[file] = Change(before, after)
            report = AnnotateReport(len(files), len(edits.files), tuple(labels))
            return edits

    change_working(repository, f"annotate: {name_paths(targets)}", plan)
    return report


def label_changes(tree: Tree, wanted: Sequence[LabelDeclaration]) -> dict[str, Change[LabelDeclaration]]:
    """Declarations for labels that the tree lacks, each with the next free number; what is declared stays."""
    number = max((one.number for one in tree.labels), default=-1)
    changes: dict[str, Change[LabelDeclaration]] = {}
    for declaration in wanted:
        if tree.find_label(declaration.name) is None and declaration.name not in changes:
            check_label_name(declaration.name)
            number += 1
            changes[declaration.name] = Change(None, replace(declaration, number=number))
    return changes


def _labels(annotation: Annotation) -> list[str]:
    return [given.entered.label for given in annotation.instances or ()]


def _annotations(
    file: FileId, before: AnnotationSet, annotation: Annotation, values: Mapping[str, Value]
) -> AnnotationSet:
    kept = {name: value for name, value in {**before.variables, **values}.items() if name not in annotation.unset}
    after = AnnotationSet(kept, before.instances)
    if annotation.instances is None:
        return after
    return after.with_instances(_resolve(file, before, annotation.instances))


def _annotated(
    draft: ObjectDraft, record: FileRecord, annotation: Annotation, annotations: AnnotationSet
) -> FileRecord:
    return replace(
        record,
        annotations=save_annotations(draft, annotations),
        variables={name: value for name, value in record.variables.items() if name not in annotation.unset},
        annotated=record.annotated or annotation.done or bool(annotation.instances),
    )


def _resolve(file: FileId, before: AnnotationSet, given: Sequence[GivenInstance]) -> list[Instance]:
    """Instances with an id keep it; the others get derived ones, passing over ids that are taken."""
    named = [_with_id(one.id, one.entered) for one in given if one.id is not None]
    taken = {one.id for one in named}
    if len(taken) < len(named):
        raise InvalidInputError("an instance id is given twice")
    unknown = taken - {one.id for one in before.instances}
    if unknown:
        raise InvalidInputError(
            f"the file has no instance {min(unknown).hex()}", hint="leave the id out for a new instance"
        )
    fresh = derive_instances(file, [one.entered for one in given if one.id is None], taken)
    return [*named, *fresh]


def _check_inside(facts: ImageFacts | None, given: Sequence[GivenInstance]) -> None:
    if given and facts is None:
        raise InvalidInputError("only images have instances, and the file is none")
    for entered in (one.entered for one in given):
        if facts and not all(_is_inside(facts, one) for one in (entered.geometry, entered.box) if one):
            raise InvalidInputError(
                f"an instance of {entered.label!r} does not lie in the image of {facts.width}x{facts.height} pixels",
                hint="cut it at the edges",
            )


def _is_inside(facts: ImageFacts, geometry: Geometry) -> bool:
    """A mask covers the image and nothing else; anything else lies within its edges."""
    if isinstance(geometry, Mask):
        return (geometry.width, geometry.height) == (facts.width, facts.height)
    return is_inside(bounds(geometry), facts.width, facts.height)


def _with_id(id_: InstanceId, entered: Entered) -> Instance:
    return Instance(id_, entered.label, entered.geometry, entered.box, entered.source, entered.attributes)
