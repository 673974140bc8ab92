"""What a definition makes of a tree: which files, which labels, which split. Decodes no image and writes nothing.

A pure function of (tree, definition). What is wrong with a plan (images of two labels, the same bytes in two splits,
images of too many bits) is part of it: a new project shows it with the counts, a snapshot stops at it (`check_plan`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dvcore.errors import (
    ConflictError,
    CorruptError,
    Fault,
    FaultyFilesError,
    NotFoundError,
    StateError,
    nearest_hint,
)
from dvcore.ids import BlobId, FileId, TreeId
from dvcore.image.pipeline import MAX_BITS
from dvcore.model.definition import Definition, Label, Split
from dvcore.model.files import FileRecord, decode_record, split_number
from dvcore.model.names import ROOT, parse_path
from dvcore.query import evaluate
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.snapshot.definition import expressions, pipeline_of
from dvcore.snapshot.sizing import estimated_size
from dvcore.snapshot.splits import split_of_file, thresholds

NO_IMAGE: Final = "no image"
NO_LABEL: Final = "no label"
_NAMED: Final = 10
"""Files that a message names before it only counts."""


@dataclass(frozen=True, slots=True)
class Planned:
    """An example to be made. `labels` and `split` are indices into the definition's; `path` is the least of the file's
    paths under the project's directories that pass the prefilter; `weight` estimates the example's bytes."""

    file: FileId
    blob: BlobId
    path: str
    labels: tuple[int, ...]
    split: int
    weight: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """An image that more than one label wants: its path and the labels' names."""

    path: str
    labels: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.path} ({', '.join(self.labels)})"


@dataclass(frozen=True, slots=True)
class Leak:
    """Files of the same bytes in more than one split: path and split of each."""

    places: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return " = ".join(f"{path} ({split})" for path, split in self.places)


@dataclass(frozen=True, slots=True)
class Plan:
    """See the module. `examples` are in the order of their paths; `left_out` says why; `too_deep` names the examples
    whose samples have more bits than can be rendered."""

    tree: TreeId
    definition: Definition
    examples: tuple[Planned, ...]
    left_out: Mapping[FileId, str]
    overlaps: tuple[Overlap, ...]
    leaks: tuple[Leak, ...]
    too_deep: tuple[Fault, ...] = ()

    def split_counts(self) -> tuple[int, ...]:
        """Examples of each split."""
        counts = Counter(example.split for example in self.examples)
        return tuple(counts[index] for index in range(len(self.definition.splits)))

    def label_counts(self) -> tuple[tuple[int, ...], ...]:
        """A row for each split with a number for each label."""
        counts = Counter((example.split, label) for example in self.examples for label in example.labels)
        rows, columns = range(len(self.definition.splits)), range(len(self.definition.labels))
        return tuple(tuple(counts[split, label] for label in columns) for split in rows)

    def left_out_counts(self) -> dict[str, int]:
        """How many files were left out for each reason."""
        return dict(sorted(Counter(self.left_out.values()).items()))

    def holding(self, label: str | None = None, split: str | None = None) -> list[Planned]:
        """The examples of a label and of a split; None stands for any.

        Raises NotFoundError for a name that the project does not have.
        """
        wanted_label = None if label is None else _index("label", label, self.definition.labels)
        wanted_split = None if split is None else _index("split", split, self.definition.splits)
        return [
            example
            for example in self.examples
            if (wanted_label is None or wanted_label in example.labels) and wanted_split in (None, example.split)
        ]


def make_plan(repository: Repository, tree: TreeReader, definition: Definition, *, private_index: bool = False) -> Plan:
    """The plan of a definition for a tree; with `private_index` from the tree alone, without the cached index.

    Raises NotFoundError for a directory that the tree does not have, ExpressionError, CorruptError.
    """
    chosen = _choose(repository, tree, definition, private_index)
    pipeline, bounds = pipeline_of(definition.image), thresholds(definition.splits)
    labels = len(definition.labels)
    examples: list[Planned] = []
    left_out: dict[FileId, str] = {}
    overlaps: list[Overlap] = []
    too_deep: list[Fault] = []
    for file, record in _iter_records(tree, chosen):
        path, values = chosen[file]
        matches = tuple(index for index, value in enumerate(values[:labels]) if value)
        reason = _reason(record, matches, definition)
        if reason is not None or record.facts is None:
            left_out[file] = reason or NO_IMAGE
            continue
        if len(matches) > 1:
            overlaps.append(Overlap(path, tuple(definition.labels[index].name for index in matches)))
        if record.facts.bits > MAX_BITS:
            too_deep.append(Fault(path, f"has {record.facts.bits} bits per sample"))
        split = split_of_file(bounds, _split_filters(definition, values[labels:]), split_number(record.split_key))
        weight = estimated_size(record.size, record.facts, pipeline)
        examples.append(Planned(file, record.blob, path, matches[:1], split, weight))
    examples.sort(key=lambda example: example.path.encode())
    overlaps.sort(key=lambda overlap: overlap.path.encode())
    too_deep.sort(key=lambda fault: fault.where.encode())
    leaks = _find_leaks(examples, definition)
    return Plan(tree.id, definition, tuple(examples), left_out, tuple(overlaps), leaks, tuple(too_deep))


def check_plan(plan: Plan) -> None:
    """Raises what keeps a plan from becoming a snapshot: ConflictError for images of two labels (`overlap = "stop"`)
    and for bytes in two splits (`leak = "stop"`), FaultyFilesError for images of more than 8 bits, naming the files;
    StateError where no image is left."""
    if plan.overlaps and plan.definition.overlap == "stop":
        raise ConflictError(
            _overlap_message(plan),
            hint='make the labels exclude each other, or set overlap = "first"',
        )
    if plan.leaks and plan.definition.leak == "stop":
        raise ConflictError(
            f"the same bytes would land in two splits: {_listed(plan.leaks)}",
            hint='remove the duplicates, let one split\'s filter take them all, or set leak = "warn"',
        )
    if plan.too_deep:
        raise FaultyFilesError(
            f"{_depth_message(plan)}, and no rule says which values become black and white",
            plan.too_deep,
            hint="leave them out with a prefilter, or import them converted to 8 bits",
        )
    if not plan.examples:
        counts = ", ".join(f"{number} left out: {reason}" for reason, number in plan.left_out_counts().items())
        raise StateError(f"the project holds no image{f' ({counts})' if counts else ''}", hint="check its filters")


def plan_warnings(plan: Plan) -> list[str]:
    """What may not be meant, one line each: empty labels, splits and cells, overlaps, leaks, too many bits."""
    definition, rows = plan.definition, plan.label_counts()
    totals = plan.split_counts()
    empty = (split for split, total in zip(definition.splits, totals, strict=True) if not total)
    result = [f"the split {split.name!r} is empty" for split in empty]
    for index, label in enumerate(definition.labels):
        column = [row[index] for row in rows]
        if not any(column):
            result.append(f"the label {label.name!r} is empty; it keeps its index {index}")
            continue
        for split, number, total in zip(definition.splits, column, totals, strict=True):
            if total and not number:
                result.append(f"the label {label.name!r} is empty in the split {split.name!r}")
    if plan.overlaps:
        result.append(_overlap_message(plan))
    if plan.leaks:
        result.append(f"the same bytes are in two splits: {_listed(plan.leaks)}")
    if plan.too_deep:
        result.append(f"{_depth_message(plan)}, a snapshot stops at them: {_listed(plan.too_deep)}")
    return result


Chosen = dict[FileId, tuple[str, tuple[bool | None, ...]]]
"""The path of each file that passes the prefilter, and what the expressions of labels and splits give there."""


def _choose(repository: Repository, tree: TreeReader, definition: Definition, private_index: bool) -> Chosen:
    under = [parse_path(directory) for directory in definition.directories] or [ROOT]
    for path in under:
        tree.directory(path)
    rows = evaluate(
        repository,
        tree,
        expressions=expressions(definition),
        where=definition.where,
        under=under,
        private_index=private_index,
    )
    chosen: Chosen = {}
    for row, values in rows:
        # Rows come in the order of their paths' bytes: the first of a file is the one that counts.
        chosen.setdefault(row.file, (row.path, values))
    return chosen


def _iter_records(tree: TreeReader, files: Iterable[FileId]) -> Iterator[tuple[FileId, FileRecord]]:
    for key, data in tree.files.get_many(sorted(files)):
        if data is None:
            raise CorruptError(f"the file {key.hex()} has an entry but no record", hint="'dset fsck' says more")
        yield FileId(key), decode_record(data)


def _reason(record: FileRecord, matches: Sequence[int], definition: Definition) -> str | None:
    """Why a file is left out, or None."""
    if record.facts is None:
        return NO_IMAGE
    return NO_LABEL if definition.labels and not matches else None


def _split_filters(definition: Definition, values: Sequence[bool | None]) -> list[bool | None]:
    """One for each split, from the values of those that have a filter."""
    given = iter(values)
    return [None if split.where is None else next(given) for split in definition.splits]


def _find_leaks(examples: Iterable[Planned], definition: Definition) -> tuple[Leak, ...]:
    by_blob: defaultdict[BlobId, list[Planned]] = defaultdict(list)
    for example in examples:
        by_blob[example.blob].append(example)
    return tuple(
        Leak(tuple((one.path, definition.splits[one.split].name) for one in group))
        for group in by_blob.values()
        if len({one.split for one in group}) > 1
    )


def _index(what: str, name: str, among: Sequence[Label] | Sequence[Split]) -> int:
    names = [one.name for one in among]
    if name not in names:
        hint = nearest_hint(name, names) or f"it has {', '.join(names) or 'none'}"
        raise NotFoundError(f"the project has no {what} {name!r}", hint=hint)
    return names.index(name)


def _overlap_message(plan: Plan) -> str:
    number = len(plan.overlaps)
    return f"{number} {'image has' if number == 1 else 'images have'} more than one label: {_listed(plan.overlaps)}"


def _depth_message(plan: Plan) -> str:
    number = len(plan.too_deep)
    return f"{number} {'image has' if number == 1 else 'images have'} more than {MAX_BITS} bits per sample"


def _listed(items: Sequence[object]) -> str:
    more = f", and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
    return ", ".join(map(str, items[:_NAMED])) + more
