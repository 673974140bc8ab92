"""What one pass over the files counts.

Memory grows with what there is of directories, labels and choices, not with the files: of these only 8 bytes are kept
for each number whose distribution is wanted. Where something that people typed in has too many different values to be
listed, it is only counted.
"""

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

from dvcore.model.annotations import AnnotationSet, Instance
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.files import FileRecord, ImageFacts
from dvcore.model.geometry import KINDS, Box, Geometry, Mask, Polygon, RotatedBox, area
from dvcore.model.names import Path
from dvcore.model.values import Value, ValueType

MOST_VALUES: Final = 1_000
"""Different values of a variable that are listed."""
MOST_PAIRS: Final = 250_000
"""Pairs of labels that are listed: some 700 labels each with every other, or 50 MB."""

_FEW_VALUES: Final = frozenset([ValueType.BOOL, ValueType.ENUM])
"""Types whose values are counted by directory and label."""
_NUMBERS: Final = frozenset([ValueType.INT, ValueType.FLOAT])
_WITH_AREA: Final = (Box, RotatedBox, Polygon, Mask)


def numbers() -> "array[float]":
    """An empty list of float64, 8 bytes each."""
    return array("d")


@dataclass(slots=True)
class Group:
    """A directory with all under it, or the files on which a label is: `values` are those of bools and enums."""

    files: int = 0
    annotated: int = 0
    instances: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    values: dict[str, Counter[Value]] = field(default_factory=dict)

    def take(self, is_annotated: bool, labels: Mapping[str, int], values: Mapping[str, Value]) -> None:
        """Count a file: the instances of its labels, its values."""
        self.files += 1
        self.annotated += is_annotated
        self.instances += sum(labels.values())
        self.labels.update(labels)
        for name, value in values.items():
            self.values.setdefault(name, Counter())[value] += 1


@dataclass(slots=True)
class LabelTally:
    """The files on which a label is, its instances, and the areas of those that have one: in pixels and as parts of
    their image."""

    group: Group = field(default_factory=Group)
    areas: "array[float]" = field(default_factory=numbers)
    relative_areas: "array[float]" = field(default_factory=numbers)


@dataclass(slots=True)
class VariableTally:
    """Values that files read for a variable. `stated`, `by_default` and `unset` add up to all files; `values` is None
    where there are too many different ones; `numbers` are those of a variable that is a number."""

    declaration: VariableDeclaration
    stated: int = 0
    by_default: int = 0
    unset: int = 0
    values: Counter[Value] | None = field(default_factory=Counter)
    numbers: "array[float]" = field(default_factory=numbers)

    def take(self, stated: Value | None) -> Value | None:
        """Count what a file states, or nothing; what the variable reads there."""
        value = self.declaration.unset_reads if stated is None else stated
        if value is None:
            self.unset += 1
            return None
        if stated is None:
            self.by_default += 1
        else:
            self.stated += 1
        if self.declaration.type in _NUMBERS:
            self.numbers.append(float(value))
        self._count(value)
        return value

    def _count(self, value: Value) -> None:
        if self.values is not None:
            self.values[value] += 1
            if len(self.values) > MOST_VALUES:
                self.values = None


class Tally:
    """Everything that is counted. `take` is called once for each file."""

    def __init__(self, variables: Sequence[VariableDeclaration]) -> None:
        self.total = Group()
        self.empty = 0
        self.bytes = 0
        self.directories: dict[Path, Group] = {}
        self.labels: dict[str, LabelTally] = {}
        self.variables = [VariableTally(one) for one in variables]
        self.geometries: Counter[str] = Counter()
        self.formats: Counter[str] = Counter()
        self.modes: Counter[str] = Counter()
        self.widths = numbers()
        self.heights = numbers()
        self.per_image = numbers()
        self.pairs: Counter[tuple[str, str]] | None = Counter()

    def take(
        self,
        record: FileRecord,
        annotations: AnnotationSet,
        stated: Mapping[str, Value],
        directories: Iterable[Path],
    ) -> None:
        """Count a file that lies in, or under, these directories."""
        values = self._take_values(stated)
        labels = Counter(one.label for one in annotations.instances)
        is_annotated = record.annotated or bool(labels)
        self.bytes += record.size
        self.total.take(is_annotated, labels, values)
        for directory in directories:
            self.directories.setdefault(directory, Group()).take(is_annotated, labels, values)
        for label, number in labels.items():
            self._label(label).group.take(is_annotated, {label: number}, values)
        self._take_pairs(labels)
        if record.facts is not None:
            self._take_image(record.facts, annotations.instances, is_annotated)

    def _take_values(self, stated: Mapping[str, Value]) -> dict[str, Value]:
        """Those of bools and enums."""
        few = {}
        for one in self.variables:
            value = one.take(stated.get(one.declaration.name))
            if value is not None and one.declaration.type in _FEW_VALUES:
                few[one.declaration.name] = value
        return few

    def _take_pairs(self, labels: Collection[str]) -> None:
        if self.pairs is not None:
            self.pairs.update(combinations(sorted(labels), 2))
            if len(self.pairs) > MOST_PAIRS:
                self.pairs = None

    def _take_image(self, facts: ImageFacts, instances: Sequence[Instance], is_annotated: bool) -> None:
        self.formats[facts.format] += 1
        self.modes[facts.mode] += 1
        self.widths.append(facts.width)
        self.heights.append(facts.height)
        if is_annotated:
            self.empty += not instances
            self.per_image.append(len(instances))
        for one in instances:
            self.geometries[KINDS[type(one.geometry)]] += 1
            size = _find_area(one)
            if size is not None:
                tally = self._label(one.label)
                tally.areas.append(size)
                tally.relative_areas.append(size / (facts.width * facts.height))

    def _label(self, label: str) -> LabelTally:
        return self.labels.setdefault(label, LabelTally())


def _find_area(instance: Instance) -> float | None:
    """Of the geometry, or of the box beside a geometry that has none."""
    geometry: Geometry | None = instance.geometry if isinstance(instance.geometry, _WITH_AREA) else instance.box
    return None if geometry is None else area(geometry)
