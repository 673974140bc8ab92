"""How the images of each label spread over the splits, held against the ratios.

What a filter takes is wanted where it goes. Of the rest each split should get its ratio, and by chance gets more or
less: images of one split number (copies, a group) fall together, so with units of sizes u a split of ratio r has
r * sum(u) images on average and a standard deviation of sqrt(r * (1 - r) * sum(u * u)). That is the binomial one where
each image is by itself.
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import sqrt
from typing import Final

from dvcore.model.definition import Definition
from dvcore.snapshot.splits.assigning import Draft

ALL: Final = "all images"
"""The first row of a table."""
NOTE: Final = (
    "in brackets: more or fewer than the ratios give; ! is more than chance explains "
    "(three standard deviations and one image)"
)
_DEVIATIONS: Final = 3
_ONE: Final = 1
"""Image: keeps cells in which one or two are expected from being marked every hundredth time."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The images of a label in a split; `filtered` of them were taken by the split's filter. `wanted` is how many the
    filter and the ratio give together, `chance` the standard deviation of that."""

    images: int
    filtered: int
    wanted: float
    chance: float

    @property
    def deviation(self) -> float:
        """Images above what is wanted."""
        return self.images - self.wanted

    @property
    def is_unusual(self) -> bool:
        """Whether chance hardly explains the deviation."""
        return abs(self.deviation) > _DEVIATIONS * self.chance + _ONE

    def __str__(self) -> str:
        """The deviation, where it is an image or more: `(+12)`, and `(+40) !` for an unusual one."""
        rounded = round(self.deviation)
        return f"({rounded:+,}){' !' if self.is_unusual else ''}" if rounded else ""


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """A label, or all images, with a cell for each split."""

    label: str | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Balance:
    """`splits` are names; the first row is that of all images."""

    splits: tuple[str, ...] = ()
    ratios: tuple[str, ...] = ()
    rows: tuple[BalanceRow, ...] = ()


Assigned = tuple[Draft, int, Iterable[int]]
"""The draft of an image, its split, and the columns that it counts in: one with three nuts counts in theirs thrice."""


def make_balance(definition: Definition, labels: Sequence[str], assigned: Iterable[Assigned]) -> Balance:
    """The balance of a plan. `labels` names the columns."""
    splits = len(definition.splits)
    tallies = [_Tally([0] * splits, [0] * splits, array("Q")) for _ in (None, *labels)]
    for draft, split, columns in assigned:
        tallies[0].add(draft, split)
        for column in columns:
            tallies[column + 1].add(draft, split)
    ratios = tuple(split.ratio for split in definition.splits)
    rows = (
        BalanceRow(label, tally.cells([float(ratio) for ratio in ratios]))
        for label, tally in zip((None, *labels), tallies, strict=True)
    )
    return Balance(tuple(split.name for split in definition.splits), ratios, tuple(rows))


def balance_table(balance: Balance) -> tuple[tuple[str, ...], list[tuple[str | int, ...]]]:
    """Header and rows: a row for each label, for each split a column of counts, under its name and ratio, and one of
    deviations."""
    titles = (f"{name} {ratio}" for name, ratio in zip(balance.splits, balance.ratios, strict=True))
    header = ("", *(text for title in titles for text in (title, "")))
    rows = [
        (row.label or ALL, *(part for cell in row.cells for part in (cell.images, str(cell)))) for row in balance.rows
    ]
    return header, rows


def has_brackets(balance: Balance) -> bool:
    """Whether the table has brackets, which `NOTE` explains."""
    return any(str(cell) for row in balance.rows for cell in row.cells)


@dataclass(frozen=True, slots=True)
class _Tally:
    """One row in the making. `numbers` are the split numbers of the images that no filter took."""

    images: list[int]
    filtered: list[int]
    numbers: "array[int]"

    def add(self, draft: Draft, split: int) -> None:
        self.images[split] += 1
        if draft.filtered is None:
            self.numbers.append(draft.number)
        else:
            self.filtered[split] += 1

    def cells(self, ratios: Sequence[float]) -> tuple[Cell, ...]:
        rest = len(self.numbers)
        squares = sum(len(list(same)) ** 2 for _, same in groupby(sorted(self.numbers)))
        return tuple(
            Cell(images, filtered, filtered + ratio * rest, sqrt(ratio * (1 - ratio) * squares))
            for images, filtered, ratio in zip(self.images, self.filtered, ratios, strict=True)
        )
