"""The numbers that a tally comes to."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from dvcore.model.declarations import VariableDeclaration
from dvcore.model.names import Path, path_sort_key
from dvcore.model.values import Value, ValueType
from dvcore.stats.numbers import Distribution, Summary, find_distribution, find_summary, frequent_pairs, ratios
from dvcore.stats.tallies import Group, LabelTally, Tally, VariableTally

MOST_SIZES: Final = 20
"""Sizes of images that are listed."""

Key = TypeVar("Key", str, Value, tuple[str, str])


@dataclass(frozen=True, slots=True)
class LabelStatistics:
    """The files on which a label is, its instances, and the areas of those that have one, in pixels and as parts of
    their image."""

    label: str
    group: Group
    area: Summary | None
    relative_area: Summary | None


@dataclass(frozen=True, slots=True)
class VariableStatistics:
    """What files read for a variable; `values` by frequency, None where there are too many different ones."""

    declaration: VariableDeclaration
    stated: int
    by_default: int
    unset: int
    values: Mapping[Value, int] | None
    numbers: Distribution | None


@dataclass(frozen=True, slots=True)
class ImageStatistics:
    """`sizes` are the most frequent pairs of width and height, `different_sizes` is how many there are in all."""

    count: int
    formats: Mapping[str, int]
    modes: Mapping[str, int]
    sizes: Mapping[tuple[int, int], int]
    different_sizes: int
    width: Distribution | None
    height: Distribution | None
    aspect_ratio: Distribution | None


@dataclass(frozen=True, slots=True)
class Statistics:
    """All of it. `empty` are annotated images without instances; `pairs` the files on which two labels are together,
    None where there are too many pairs."""

    total: Group
    empty: int
    bytes: int
    directories: Mapping[Path, Group]
    labels: tuple[LabelStatistics, ...]
    variables: tuple[VariableStatistics, ...]
    images: ImageStatistics
    geometries: Mapping[str, int]
    area: Distribution | None
    relative_area: Distribution | None
    per_image: Distribution | None
    pairs: Mapping[tuple[str, str], int] | None


def conclude(tally: Tally) -> Statistics:
    """The statistics of what was counted: directories by path, labels and everything else by frequency."""
    tallies = list(tally.labels.values())
    return Statistics(
        total=tally.total,
        empty=tally.empty,
        bytes=tally.bytes,
        directories={path: tally.directories[path] for path in sorted(tally.directories, key=path_sort_key)},
        labels=tuple(_label(label, tally.labels[label]) for label in _frequent(tally.total.labels)),
        variables=tuple(map(_variable, tally.variables)),
        images=_images(tally),
        geometries=_frequent(tally.geometries),
        area=find_distribution(*(one.areas for one in tallies), log=True),
        relative_area=find_distribution(*(one.relative_areas for one in tallies), log=True),
        per_image=find_distribution(tally.per_image, whole=True),
        pairs=None if tally.pairs is None else _frequent(tally.pairs),
    )


def _label(label: str, tally: LabelTally) -> LabelStatistics:
    return LabelStatistics(label, tally.group, find_summary(tally.areas), find_summary(tally.relative_areas))


def _variable(tally: VariableTally) -> VariableStatistics:
    return VariableStatistics(
        declaration=tally.declaration,
        stated=tally.stated,
        by_default=tally.by_default,
        unset=tally.unset,
        values=None if tally.values is None else _frequent(tally.values),
        numbers=find_distribution(tally.numbers, whole=tally.declaration.type is ValueType.INT),
    )


def _images(tally: Tally) -> ImageStatistics:
    sizes, different = frequent_pairs(tally.widths, tally.heights, MOST_SIZES)
    return ImageStatistics(
        count=len(tally.widths),
        formats=_frequent(tally.formats),
        modes=_frequent(tally.modes),
        sizes=sizes,
        different_sizes=different,
        width=find_distribution(tally.widths, whole=True),
        height=find_distribution(tally.heights, whole=True),
        aspect_ratio=find_distribution(ratios(tally.widths, tally.heights), log=True),
    )


def _frequent(counter: Counter[Key]) -> dict[Key, int]:
    """The most frequent first; of equally frequent ones in their order."""
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))
