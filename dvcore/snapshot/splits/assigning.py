"""Which split each file of a plan goes to.

A split's filter comes first. The rest goes by split number: that of the file, or with `group_by` that of its group.
With `stratify` each label has bounds of its own on the scale of the split numbers; the first snapshot freezes them.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from dvcore.errors import InvalidInputError
from dvcore.model.definition import MAX_BOUND, Bounds, Definition, Label
from dvcore.model.values import Value
from dvcore.snapshot.features.listing import Head, heads_of
from dvcore.snapshot.splits.numbers import NUMBERS, check_total, cumulative_ratios, split_of_number, thresholds
from dvcore.snapshot.splits.stratifying import choose_bounds

_UNIT: Final = NUMBERS // MAX_BOUND
"""Split numbers that lie within one unit of the bounds."""


class Draft(NamedTuple):
    """What decides on the split of a file. `number` is its split number, or that of its group; `filtered` the first
    split whose filter is true, None where none is; `stratum` the label whose bounds count, an index into those of
    `stratified_head`, None where it has none; `group` the value by which the project groups."""

    number: int
    filtered: int | None = None
    stratum: int | None = None
    group: Value | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """The split of each draft, an index into the definition's, in the order of the drafts; and the bounds of the labels
    that were used, which the first snapshot writes into the definition."""

    splits: Sequence[int]
    label_bounds: tuple[Bounds, ...] = ()


def stratified_head(definition: Definition) -> Head | None:
    """The class feature whose labels have bounds of their own: the first of which an image has one label; None in a
    project that is not stratified."""
    heads = (head for head in heads_of(definition) if head.overlap is not None)
    return next(heads, None) if definition.stratify else None


def check_splits(definition: Definition) -> None:
    """Raises InvalidInputError where the ways of choosing splits exclude each other, or bounds fit no label."""
    if definition.stratify and definition.group_by is not None:
        raise InvalidInputError(
            f"stratify does not combine with group_by = {definition.group_by!r}: a group has images of many labels",
            hint="leave one of the two out",
        )
    if definition.stratify and not _strata(definition):
        raise InvalidInputError(
            "stratify needs labels, and the project has none", hint="give it labels, or a feature 'onehot' or 'index'"
        )
    if len(definition.label_bounds) > len(_strata(definition)):
        raise InvalidInputError("the project has bounds for more labels than it stratifies")
    if not all(_fit(bounds, len(definition.splits)) for bounds in definition.label_bounds):
        raise InvalidInputError(f"the bounds of a label are not {len(definition.splits)} ascending ones up to 2**62")


def assign_splits(definition: Definition, drafts: Sequence[Draft]) -> Assignment:
    """The split of each draft.

    Raises InvalidInputError for ratios or bounds that leave a file without a split, as only a damaged definition has.
    """
    check_total(definition.splits)
    check_splits(definition)
    bounds = thresholds(definition.splits)
    own = label_bounds(definition, drafts)
    return Assignment(array("L", (_split(one, bounds, own) for one in drafts)), own)


def label_bounds(definition: Definition, drafts: Sequence[Draft]) -> tuple[Bounds, ...]:
    """The bounds of the labels of a stratified project: the frozen ones, or those that its files suggest. Files that a
    filter takes have no part in them. Empty ones stand for the plain ones."""
    if definition.label_bounds or not definition.stratify:
        return definition.label_bounds
    labels = len(_strata(definition))
    numbers = [array("Q") for _ in range(labels + 1)]
    for one in drafts:
        if one.filtered is None:
            numbers[labels if one.stratum is None else one.stratum].append(one.number // _UNIT)
    return tuple(choose_bounds(cumulative_ratios(definition.splits), numbers[:labels], numbers[labels]))


def _strata(definition: Definition) -> tuple[Label, ...]:
    head = stratified_head(definition)
    return () if head is None else head.feature.classes


def _split(draft: Draft, plain: Sequence[int], own: Sequence[Bounds]) -> int:
    if draft.filtered is not None:
        return draft.filtered
    if draft.stratum is not None and draft.stratum < len(own) and own[draft.stratum]:
        return split_of_number(own[draft.stratum], draft.number // _UNIT)
    return split_of_number(plain, draft.number)


def _fit(bounds: Bounds, splits: int) -> bool:
    return not bounds or (len(bounds) == splits and list(bounds) == sorted(bounds) and bounds[-1] == MAX_BOUND)
