"""What annotations make of the files of one tree: collected as edits, and counted."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from dvcore.errors import InvalidInputError, NotFoundError, nearest_hint
from dvcore.ids import AnnotationsId, FileId
from dvcore.model.annotation_names import check_label_name
from dvcore.model.annotations import AnnotationSet, Entered
from dvcore.model.clipping import is_in_image
from dvcore.model.declarations import LabelDeclaration
from dvcore.model.files import FileRecord, ImageFacts
from dvcore.model.geometry import Geometry, Keypoints
from dvcore.model.names import format_path
from dvcore.model.tree import Tree
from dvcore.model.values import Value
from dvcore.repo.annotation import Annotation, InstanceCounts, annotated
from dvcore.repo.edits import Change, Edits
from dvcore.repo.objects import save_annotations
from dvcore.repo.treereader import TreeReader
from dvcore.store import ObjectDraft


@dataclass(frozen=True, slots=True)
class AnnotateReport:
    """Files that were meant, those of them that changed, and labels that were used for the first time; instances that
    came, went, and became different."""

    files: int
    changed: int
    new_labels: tuple[str, ...]
    added: int = 0
    removed: int = 0
    modified: int = 0


@dataclass(frozen=True, slots=True)
class ReadAnnotation:
    """An annotation held against a tree: its values are read, and what it names is there. `where` is how errors name
    it; empty where they are to name the file."""

    annotation: Annotation
    values: Mapping[str, Value]
    where: str = ""


class AnnotationPlan:
    """Takes annotations first, to know them and their labels, and then files with what is to become of them."""

    def __init__(self, reader: TreeReader, draft: ObjectDraft, edits: Edits) -> None:
        self._reader = reader
        self._draft = draft
        self._edits = edits
        self._declared = {one.name: one for one in reader.tree.labels}
        self._wanted: dict[str, LabelDeclaration] = {}
        self._used: set[str] = set()
        self._counts = InstanceCounts()
        self._files = 0

    def read(self, annotation: Annotation, where: str = "") -> ReadAnnotation:
        """The annotation, held against the tree.

        Raises NotFoundError for an unknown variable or label with the nearest name, InvalidInputError.
        """
        annotation.check()
        values = {name: self._reader.variable(name).read(value) for name, value in annotation.set.items()}
        for name in annotation.unset:
            self._reader.variable(name)
        for old in (*annotation.relabel, *annotation.remove_labels):
            self._check_declared(old)
        self._want_labels(annotation)
        return ReadAnnotation(annotation, values, where)

    def take(self, file: FileId, before: FileRecord, changes: Sequence[ReadAnnotation]) -> None:
        """Plan what becomes of a file, one change after the other.

        Raises InvalidInputError for an instance that cannot be one of this file's.
        """
        old = new = self._reader.annotations(before)
        for one in changes:
            with told_with(lambda: one.where or self._name(file)):  # noqa: B023 - it is called within this round
                new = self._applied(file, before, new, one)
        if new.instances != old.instances:
            self._counts.count(old.instances, new.instances)
            self._used.update(instance.label for instance in new.instances)
        after = _changed(before, save_annotations(self._draft, new), [one.annotation for one in changes])
        self._files += 1
        if after != before:
            self._edits.files[file] = Change(before, after)

    def finish(self) -> AnnotateReport:
        """Declare the labels that instances have got, and report."""
        used = [one for one in self._wanted.values() if one.name in self._used]
        self._edits.labels = label_changes(self._reader.tree, used)
        counts = self._counts
        return AnnotateReport(
            files=self._files,
            changed=len(self._edits.files),
            new_labels=tuple(self._edits.labels),
            added=counts.added,
            removed=counts.removed,
            modified=counts.changed,
        )

    def _applied(self, file: FileId, record: FileRecord, before: AnnotationSet, one: ReadAnnotation) -> AnnotationSet:
        for given in one.annotation.given:
            _check_inside(record.facts, given.entered)
        after = annotated(file, before, one.annotation, one.values)
        if one.annotation.concerns_instances:
            for instance in after.instances:
                self._check_keypoints(instance.label, instance.geometry)
        return after

    def _name(self, file: FileId) -> str:
        return format_path(self._reader.paths_of([file])[file][0])

    def _want_labels(self, annotation: Annotation) -> None:
        """New labels in the order of their appearance, new names of others before added ones: such a name takes over
        what the other label declares, but for its source's id, which is the other's."""
        for old, new in annotation.relabel.items():
            self._want(replace(self._declared[old], name=new, source=None))
        for given in annotation.given:
            self._want(LabelDeclaration(given.entered.label, 0))

    def _want(self, declaration: LabelDeclaration) -> None:
        if declaration.name not in self._declared and declaration.name not in self._wanted:
            check_label_name(declaration.name)
            self._wanted[declaration.name] = declaration

    def _check_declared(self, label: str) -> None:
        if label not in self._declared:
            hint = nearest_hint(label, self._declared) or "'dset stats' lists the labels"
            raise NotFoundError(f"no label {label!r} is declared", hint=hint)

    def _check_keypoints(self, label: str, geometry: Geometry) -> None:
        declaration = self._declared.get(label) or self._wanted[label]
        names = len(declaration.keypoints)
        if isinstance(geometry, Keypoints) and names and len(geometry.points) != names:
            raise InvalidInputError(
                f"an instance of {label!r} has {len(geometry.points)} keypoints, the label declares {names}",
                hint="give all of them in their order, with visibility 0 where one is not labelled",
            )


@contextmanager
def told_with(where: Callable[[], str]) -> Iterator[None]:
    """Errors inside that are about what was given say where it was."""
    try:
        yield
    except (InvalidInputError, NotFoundError) as error:
        raise type(error)(f"{where()}: {error.message}", hint=error.hint) from None


def label_changes(tree: Tree, wanted: Sequence[LabelDeclaration]) -> dict[str, Change[LabelDeclaration]]:
    """Declarations for labels that the tree lacks, each with the next free number, and keypoints for those that have
    none; what is declared stays.

    Raises InvalidInputError where a label would have other keypoints than it declares.
    """
    number = max((one.number for one in tree.labels), default=-1)
    changes: dict[str, Change[LabelDeclaration]] = {}
    for declaration in wanted:
        present = tree.find_label(declaration.name)
        if present is not None:
            after = _with_keypoints(present, declaration)
            if after != present:
                changes[declaration.name] = Change(present, after)
        elif declaration.name not in changes:
            check_label_name(declaration.name)
            number += 1
            changes[declaration.name] = Change(None, replace(declaration, number=number))
    return changes


def _with_keypoints(present: LabelDeclaration, wanted: LabelDeclaration) -> LabelDeclaration:
    if not wanted.keypoints or wanted.keypoints == present.keypoints:
        return present
    if present.keypoints:
        raise InvalidInputError(
            f"the label {present.name!r} has the keypoints {', '.join(present.keypoints)}, "
            f"the source has {', '.join(wanted.keypoints)}",
            hint="give the label another name in the source",
        )
    return replace(present, keypoints=wanted.keypoints, skeleton=wanted.skeleton)


def _changed(record: FileRecord, saved: AnnotationsId | None, annotations: Sequence[Annotation]) -> FileRecord:
    """Values given on entry that are unset now go; whoever gives instances has looked."""
    unset = {name for one in annotations for name in one.unset}
    return replace(
        record,
        annotations=saved,
        variables={name: value for name, value in record.variables.items() if name not in unset},
        annotated=record.annotated or any(one.done or one.given for one in annotations),
    )


def _check_inside(facts: ImageFacts | None, entered: Entered) -> None:
    if facts is None:
        raise InvalidInputError("only images have instances, and the file is none")
    if not all(is_in_image(one, facts.width, facts.height) for one in (entered.geometry, entered.box) if one):
        raise InvalidInputError(
            f"an instance of {entered.label!r} does not lie in the image of {facts.width}x{facts.height} pixels",
            hint="cut it at the edges",
        )
