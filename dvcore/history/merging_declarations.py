"""Three-way merge of what trees declare: variables and labels, by name.

The order is the base's, then what was added since by name, unless only one side changed anything: so it does not matter
who merges whom.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Final, TypeVar

from dvcore.encoding import decode, encode
from dvcore.history.settling import Settler, is_settled, merged
from dvcore.model.conflicts import Place, Sides, Subject
from dvcore.model.declarations import (
    LabelDeclaration,
    VariableDeclaration,
    pack_label,
    pack_variable,
    unpack_label,
    unpack_variable,
)
from dvcore.model.tree import Tree

Declaration = TypeVar("Declaration", bound=VariableDeclaration | LabelDeclaration)

_FREE: Final = -1
"""The number of a label that has none yet."""


def merge_variables(settler: Settler, base: Tree, ours: Tree, theirs: Tree) -> tuple[VariableDeclaration, ...]:
    """The variables of the result. Choices that either side added to an enum are all there."""

    def merge_one(
        name: str,
        old: VariableDeclaration | None,
        here: VariableDeclaration | None,
        there: VariableDeclaration | None,
    ) -> VariableDeclaration | None:
        if old and here and there:
            here, there = _with_all_choices(old, here, there)
        if together := _merge_fields(old, here, there):
            return together
        sides = (None if one is None else encode(pack_variable(one)) for one in (old, here, there))
        settled = settler.settle(Place(Subject.VARIABLE_DECLARATION, None, name), Sides(*sides))
        return None if settled is None else unpack_variable(decode(settled))

    return _merge_lists(merge_one, base.variables, ours.variables, theirs.variables)


def merge_labels(settler: Settler, base: Tree, ours: Tree, theirs: Tree) -> tuple[LabelDeclaration, ...]:
    """The labels of the result. Of two new ones that took the same number, the later by name takes the next free one:
    instances name their labels, nothing else rests on the number yet."""

    def merge_one(
        name: str, old: LabelDeclaration | None, here: LabelDeclaration | None, there: LabelDeclaration | None
    ) -> LabelDeclaration | None:
        if here and there and old is None and here.number != there.number:
            number = min(here.number, there.number)
            here, there = replace(here, number=number), replace(there, number=number)
        if together := _merge_fields(old, here, there):
            return together
        sides = (None if one is None else encode(pack_label(one)) for one in (old, here, there))
        settled = settler.settle(Place(Subject.LABEL_DECLARATION, None, name), Sides(*sides))
        return None if settled is None else unpack_label(decode(settled))

    found = _merge_lists(merge_one, base.labels, ours.labels, theirs.labels)
    return _with_own_numbers(found, {one.name: one.number for one in base.labels})


def _merge_lists(
    merge_one: Callable[[str, Declaration | None, Declaration | None, Declaration | None], Declaration | None],
    base: Sequence[Declaration],
    ours: Sequence[Declaration],
    theirs: Sequence[Declaration],
) -> tuple[Declaration, ...]:
    if is_settled(base, ours, theirs):
        return tuple(merged(base, ours, theirs))
    old = {one.name: one for one in base}
    here = {one.name: one for one in ours}
    there = {one.name: one for one in theirs}
    added = sorted((here.keys() | there.keys()) - old.keys())
    found = (merge_one(name, old.get(name), here.get(name), there.get(name)) for name in [*old, *added])
    return tuple(one for one in found if one is not None)


def _merge_fields(base: Declaration | None, ours: Declaration | None, theirs: Declaration | None) -> Declaration | None:
    """The declaration with the fields that either side changed; None where that cannot be."""
    if base is None or ours is None or theirs is None:
        return None
    names = [field.name for field in fields(base)]
    sides = [[getattr(one, name) for name in names] for one in (base, ours, theirs)]
    if not all(map(is_settled, *sides)):
        return None
    values: dict[str, Any] = dict(zip(names, map(merged, *sides), strict=True))
    return replace(ours, **values)


def _with_all_choices(
    base: VariableDeclaration, ours: VariableDeclaration, theirs: VariableDeclaration
) -> tuple[VariableDeclaration, VariableDeclaration]:
    """Both sides with the choices that are left of the base's, then those that were added, by name."""
    if is_settled(base.choices, ours.choices, theirs.choices):
        return ours, theirs
    kept = [one for one in base.choices if one in ours.choices and one in theirs.choices]
    choices = (*kept, *sorted({*ours.choices, *theirs.choices} - set(base.choices)))
    return replace(ours, choices=choices), replace(theirs, choices=choices)


def _with_own_numbers(labels: Iterable[LabelDeclaration], fixed: Mapping[str, int]) -> tuple[LabelDeclaration, ...]:
    """The labels, each with a number of its own; those of the base keep theirs."""
    result = list(labels)
    taken = {one.number for one in result if one.name in fixed}
    for index, one in enumerate(result):
        if one.name in fixed:
            continue
        if one.number in taken:
            result[index] = replace(one, number=_FREE)
        else:
            taken.add(one.number)
    free = max(taken, default=_FREE) + 1
    for index, one in enumerate(result):
        if one.number == _FREE:
            result[index] = replace(one, number=free)
            free += 1
    return tuple(result)
