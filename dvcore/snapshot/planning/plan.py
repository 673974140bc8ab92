"""What a definition makes of a tree, as a value: which files, which labels, which split, and what stands against it.

A plan names files and numbers only, no pixels and no instances, so that one of a million files fits into memory.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from dvcore.errors import Fault, NotFoundError, nearest_hint
from dvcore.ids import AnnotationsId, BlobId, FileId, TreeId
from dvcore.model.definition import Definition
from dvcore.model.values import Value
from dvcore.snapshot.features.groups import counted_columns, groups_of
from dvcore.snapshot.features.listing import Column, columns_of
from dvcore.snapshot.planning.undecided import Undecided
from dvcore.snapshot.splits.balance import Balance
from dvcore.snapshot.splits.leaks import Leak

NO_IMAGE: Final = "no image"
NO_LABEL: Final = "no label"
NOT_ANNOTATED: Final = "not annotated"
NO_INSTANCE: Final = "no instance"
NOT_RENDERED: Final = "cannot be rendered"


@dataclass(frozen=True, slots=True)
class Planned:
    """An example to be made. `labels` are indices into the definition's columns, ascending; `split` is one into its
    splits; `path` is the least of the file's paths under the project's directories that pass the prefilter; `weight`
    estimates the example's bytes.

    Where features are made of instances: the id of the annotation set that has them, the image's width and height as
    displayed, and `objects`, for each group of features the class of every instance in the order of the instances' ids,
    -1 for one that is left out. `variables` are the values of the features that are variables, in their order; None
    where a value is missing."""

    file: FileId
    blob: BlobId
    path: str
    labels: tuple[int, ...]
    split: int
    weight: int
    annotations: AnnotationsId | None = None
    size: tuple[int, int] = (0, 0)
    objects: tuple[tuple[int, ...], ...] = ()
    variables: tuple[Value | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Located:
    """A file by the path that counts."""

    path: str
    file: FileId


@dataclass(frozen=True, slots=True)
class Overlap:
    """An image that more than one label of a class feature wants: its path, the labels' names, the feature's."""

    path: str
    labels: tuple[str, ...]
    feature: str
    file: FileId

    def __str__(self) -> str:
        return f"{self.path} ({', '.join(self.labels)})"


@dataclass(frozen=True, slots=True)
class Unset:
    """A file without a value of a variable that a feature wants."""

    path: str
    variable: str

    def __str__(self) -> str:
        return f"{self.path} ({self.variable})"


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of `definition`, in which nothing is left open (`settle`), for a tree. `examples` are in the order of
    their paths; `left_out` says why; `unlabelled` are those of them that a label is missing for; `too_deep` names the
    examples whose samples have more bits than the definition has a rule for; `unset` those that lack a value;
    `instances_left_out` counts, by group and reason, the instances of the examples that are in none of its features;
    `undecided` the images that a filter neither takes nor refuses, `ungrouped` the examples without a value of
    `group_by`."""

    tree: TreeId
    definition: Definition
    examples: tuple[Planned, ...]
    left_out: Mapping[FileId, str]
    overlaps: tuple[Overlap, ...]
    leaks: tuple[Leak, ...]
    too_deep: tuple[Fault, ...] = ()
    unlabelled: tuple[Located, ...] = ()
    unset: tuple[Unset, ...] = ()
    instances_left_out: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    balance: Balance = field(default_factory=Balance)
    undecided: tuple[Undecided, ...] = ()
    ungrouped: int = 0

    def split_counts(self) -> tuple[int, ...]:
        """Examples of each split."""
        counts = Counter(example.split for example in self.examples)
        return tuple(counts[index] for index in range(len(self.definition.splits)))

    def label_counts(self) -> tuple[tuple[int, ...], ...]:
        """A row for each split with a number for each of `counted_columns`: the examples of each label, then the
        instances of each class."""
        columns = counted_columns(self.definition)
        rows = [[0] * len(columns) for _ in self.definition.splits]
        firsts = group_columns(self.definition)
        for example in self.examples:
            row = rows[example.split]
            for column in iter_counted(example, firsts):
                row[column] += 1
        return tuple(map(tuple, rows))

    def left_out_counts(self) -> dict[str, int]:
        """How many files were left out for each reason."""
        return dict(sorted(Counter(self.left_out.values()).items()))

    def holding(self, label: str | None = None, split: str | None = None) -> list[Planned]:
        """The examples of a label and of a split; None stands for any. Where several features have a label of the name,
        all are meant; `image/class:walnut` is that of one. A class of instances has the examples that hold one.

        Raises NotFoundError for a name that the project does not have.
        """
        columns = None if label is None else self._named_columns(label)
        wanted = None if split is None else _index("split", split, [one.name for one in self.definition.splits])
        firsts = group_columns(self.definition)
        return [
            example
            for example in self.examples
            if wanted in (None, example.split)
            and (columns is None or not columns.isdisjoint(iter_counted(example, firsts)))
        ]

    def _named_columns(self, text: str) -> frozenset[int]:
        columns = counted_columns(self.definition)
        found = frozenset(index for index, one in enumerate(columns) if text in (one.label, _full_name(one)))
        if not found:
            _index("label", text, list(dict.fromkeys(one.label for one in columns)))
        return found


def group_columns(definition: Definition) -> list[int]:
    """For each group the column of its first class."""
    sizes = (len(group.classes) for group in groups_of(definition))
    return list(accumulate(sizes, initial=len(columns_of(definition))))[:-1]


def iter_counted(example: Planned, firsts: Sequence[int]) -> Iterator[int]:
    """The columns that an example counts in: those of its labels, then, by `group_columns`, that of each instance."""
    yield from example.labels
    for first, classes in zip(firsts, example.objects, strict=False):
        yield from (first + one for one in classes if one >= 0)


def _full_name(column: Column) -> str:
    return f"{column.feature}:{column.label}"


def _index(what: str, name: str, names: Sequence[str]) -> int:
    if name not in names:
        hint = nearest_hint(name, names) or f"it has {', '.join(names) or 'none'}"
        raise NotFoundError(f"the project has no {what} {name!r}", hint=hint)
    return names.index(name)
