"""Making a plan: of each file that the definition chooses, whether it becomes an example, and of which labels.

A pure function of (tree, definition). Decodes no image and writes nothing. What is wrong with a plan is part of it: a
new project shows it with the counts, a snapshot stops at it (`plan_findings`).
"""

from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol, TypeVar

from dvcore.errors import Fault
from dvcore.ids import AnnotationsId, BlobId, FileId
from dvcore.model.definition import Definition
from dvcore.model.files import FileRecord, ImageFacts
from dvcore.model.values import Value
from dvcore.query.stated import NOTHING, Stated, read_stated
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.snapshot.features.groups import column_titles, counted_columns
from dvcore.snapshot.features.kinds import VARIABLE
from dvcore.snapshot.features.listing import Head, features_of, heads_of, pipelines_of
from dvcore.snapshot.features.settling import settle
from dvcore.snapshot.features.variables import VariableReader
from dvcore.snapshot.instances.classes import InstanceClasses, Objects
from dvcore.snapshot.planning.choosing import Chosen, choose, iter_records
from dvcore.snapshot.planning.plan import (
    NO_IMAGE,
    NO_INSTANCE,
    NO_LABEL,
    NOT_ANNOTATED,
    NOT_RENDERED,
    Located,
    Overlap,
    Plan,
    Planned,
    Unset,
    group_columns,
    iter_counted,
)
from dvcore.snapshot.planning.sizing import estimated_size
from dvcore.snapshot.planning.undecided import Undecided
from dvcore.snapshot.splits.assigning import Draft, assign_splits
from dvcore.snapshot.splits.balance import Balance, make_balance
from dvcore.snapshot.splits.drafting import Drafter
from dvcore.snapshot.splits.leaks import Placed, find_leaks
from dvcore.snapshot.splits.numbers import find_filtered


def make_plan(
    repository: Repository,
    tree: TreeReader,
    definition: Definition,
    *,
    private_index: bool = False,
    without: Collection[FileId] = (),
) -> Plan:
    """The plan of a definition for a tree; with `private_index` from the tree alone, without the cached index. Files in
    `without` are left out, as their images cannot be rendered.

    Raises NotFoundError for a directory, variable or label that the tree does not have, ExpressionError, CorruptError;
    InvalidInputError where a variable is of another type than its feature.
    """
    settled = settle(definition, tree)
    choice = choose(repository, tree, settled, private_index=private_index)
    chosen = choice.files
    classes = InstanceClasses(repository, tree, settled, chosen, private_index=private_index)
    planner = _Planner(tree, settled, classes, frozenset(without))
    for file, record in iter_records(tree, chosen):
        planner.add(file, record, chosen.pop(file))
    return planner.plan(choice.undecided)


_Kept = TypeVar("_Kept", bound=Hashable)


class _Unplaced(NamedTuple):
    """An example whose split is not known until all are there: the fields of a `Planned` but for that."""

    file: FileId
    blob: BlobId
    path: str
    labels: tuple[int, ...]
    weight: int
    annotations: AnnotationsId | None
    size: tuple[int, int]
    objects: Objects
    variables: tuple[Value | None, ...]

    def placed(self, split: int) -> Planned:
        """In a split."""
        return Planned(
            self.file,
            self.blob,
            self.path,
            self.labels,
            split,
            self.weight,
            self.annotations,
            self.size,
            self.objects,
            self.variables,
        )


class _Planner:
    """Takes files in the order of their ids; `plan` is what comes of all of them."""

    def __init__(
        self, tree: TreeReader, definition: Definition, classes: InstanceClasses, without: Collection[FileId]
    ) -> None:
        self._tree = tree
        self._without = without
        self._definition = definition
        self._heads = heads_of(definition)
        self._pipelines = pipelines_of(definition)
        self._classes = classes
        self._variables = VariableReader(tree, [one for one in features_of(definition) if one.kind == VARIABLE])
        self._drafter = Drafter(tree, definition)
        self._examples: list[_Unplaced] = []
        self._drafts: list[Draft] = []
        self._left_out: dict[FileId, str] = {}
        self._unlabelled: list[Located] = []
        self._overlaps: list[Overlap] = []
        self._too_deep: list[Fault] = []
        self._unset: list[Unset] = []
        self._kept: dict[Hashable, Any] = {}

    def add(self, file: FileId, record: FileRecord, chosen: Chosen) -> None:
        """Take a file in, or leave it out and say why."""
        if file in self._without:
            self._leave_out(file, chosen.path, NOT_RENDERED)
            return
        facts = record.facts
        matches = [_matching(head, chosen.columns) for head in self._heads]
        reason = _reason(record, self._heads, matches, needs_annotations=bool(self._classes.groups))
        if reason is not None or facts is None:
            self._leave_out(file, chosen.path, reason or NO_IMAGE)
            return
        stated = self._stated(record)
        objects = self._classes.objects(file, stated, facts.width, facts.height)
        if self._lacks_instances(objects):
            self._leave_out(file, chosen.path, NO_INSTANCE)
            return
        self._note_overlaps(file, chosen.path, matches)
        self._note_depth(chosen.path, facts)
        labels = tuple(index for found, head in zip(matches, self._heads, strict=True) for index in _taken(head, found))
        self._drafts.append(self._drafter.draft(record, find_filtered(chosen.filters), labels))
        annotations = record.annotations if any(map(_has_instance, objects)) else None
        size = self._once((facts.width, facts.height))
        weight = estimated_size(record.size, facts, self._pipelines)
        values = self._values(chosen.path, record, stated)
        self._examples.append(
            _Unplaced(file, record.blob, chosen.path, self._once(labels), weight, annotations, size, objects, values)
        )

    def plan(self, undecided: tuple[Undecided, ...]) -> Plan:
        """The plan of all files that were taken in."""
        assignment = assign_splits(self._definition, self._drafts)
        examples = [one.placed(split) for one, split in zip(self._examples, assignment.splits, strict=True)]
        placed = [
            Placed(one.path, one.blob, one.split, draft.group)
            for one, draft in zip(examples, self._drafts, strict=True)
        ]
        return Plan(
            self._tree.id,
            replace(self._definition, label_bounds=assignment.label_bounds),
            _by_path(examples),
            self._left_out,
            _by_path(self._overlaps),
            find_leaks(self._definition, placed),
            tuple(sorted(self._too_deep, key=lambda fault: fault.where.encode())),
            _by_path(self._unlabelled),
            _by_path(self._unset),
            {name: dict(sorted(counts.items())) for name, counts in self._classes.left_out.items() if counts},
            self._balance(examples),
            undecided,
            0 if self._definition.group_by is None else sum(draft.group is None for draft in self._drafts),
        )

    def _balance(self, examples: Iterable[Planned]) -> Balance:
        titles = column_titles(counted_columns(self._definition))
        firsts = group_columns(self._definition)
        pairs = zip(self._drafts, examples, strict=True)
        return make_balance(
            self._definition, titles, ((draft, one.split, iter_counted(one, firsts)) for draft, one in pairs)
        )

    def _once(self, value: _Kept) -> _Kept:
        """The same value, which a million files may have, but held once."""
        kept: _Kept = self._kept.setdefault(value, value)
        return kept

    def _leave_out(self, file: FileId, path: str, reason: str) -> None:
        self._left_out[file] = reason
        if reason == NO_LABEL:
            self._unlabelled.append(Located(path, file))

    def _stated(self, record: FileRecord) -> Stated:
        """What the annotation set says, where a feature asks for it."""
        is_asked = self._classes.groups or self._variables.names
        if not is_asked or record.annotations is None:
            return NOTHING
        return read_stated(self._tree.objects.read(record.annotations))

    def _lacks_instances(self, objects: Objects) -> bool:
        own = zip(self._classes.groups, objects, strict=True)
        return any(group.drops_empty and not _has_instance(classes) for group, classes in own)

    def _values(self, path: str, record: FileRecord, stated: Stated) -> tuple[Value | None, ...]:
        """Those of the features that are variables; what is missing is noted."""
        values = self._variables.values(record, stated)
        missing = (name for name, value in zip(self._variables.names, values, strict=True) if value is None)
        self._unset += (Unset(path, name) for name in missing)
        return values

    def _note_overlaps(self, file: FileId, path: str, matches: Sequence[Sequence[int]]) -> None:
        for head, found in zip(self._heads, matches, strict=True):
            if head.overlap is not None and len(found) > 1:
                names = tuple(head.feature.classes[index - head.first].name for index in found)
                self._overlaps.append(Overlap(path, names, head.feature.name, file))

    def _note_depth(self, path: str, facts: ImageFacts) -> None:
        refusal = next((found for one in self._pipelines if (found := one.refuses(facts))), None)
        if refusal is not None:
            self._too_deep.append(Fault(path, refusal))


def _matching(head: Head, columns: Sequence[int]) -> list[int]:
    """Those of the columns that are of a head's labels."""
    return [index for index in columns if index in head.columns]


def _taken(head: Head, found: Sequence[int]) -> Sequence[int]:
    """Those that the example has: of a head of one label the first."""
    return found if head.overlap is None else found[:1]


def _reason(
    record: FileRecord, heads: Sequence[Head], matches: Sequence[Sequence[int]], *, needs_annotations: bool
) -> str | None:
    """Why a file is left out before anybody looks at its instances, or None."""
    if record.facts is None:
        return NO_IMAGE
    if any(head.overlap is not None and not found for head, found in zip(heads, matches, strict=True)):
        return NO_LABEL
    return NOT_ANNOTATED if needs_annotations and not record.annotated else None


def _has_instance(classes: Sequence[int]) -> bool:
    return max(classes, default=-1) >= 0


class _WithPath(Protocol):
    @property
    def path(self) -> str: ...


_Item = TypeVar("_Item", bound=_WithPath)


def _by_path(items: Iterable[_Item]) -> tuple[_Item, ...]:
    return tuple(sorted(items, key=lambda one: one.path.encode()))
