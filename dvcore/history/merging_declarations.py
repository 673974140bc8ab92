"""Three-way merge of what trees declare: variables and labels, by name.

The order is the base's, then what was added since by name, unless only one side changed anything: so it does not matter
who merges whom. What one side removed stays where the other uses it in a file that changed.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import fields, replace
from typing import Any, Final, TypeVar

from dvcore.errors import ConflictError
from dvcore.history.declarations_in_use import InUse
from dvcore.history.settling import Settler, Strategy, is_settled, merged
from dvcore.model.conflicts import Place, Sides, Subject
from dvcore.model.declarations import (
    LabelDeclaration,
    VariableDeclaration,
    decode_label,
    decode_variable,
    encode_label,
    encode_variable,
)
from dvcore.model.tree import Tree
from dvcore.model.values import Value, ValueType, has_type

Declaration = TypeVar("Declaration", bound=VariableDeclaration | LabelDeclaration)

_FREE: Final = -1
"""The number of a label that has none yet."""


def merge_variables(
    settler: Settler, base: Tree, ours: Tree, theirs: Tree, in_use: InUse
) -> tuple[VariableDeclaration, ...]:
    """The variables of the result. Choices that either side added to an enum are all there.

    Raises ConflictError where the sides declare a variable of two types, and files have values of the one that goes.
    """

    def merge_one(
        name: str,
        old: VariableDeclaration | None,
        here: VariableDeclaration | None,
        there: VariableDeclaration | None,
    ) -> VariableDeclaration | None:
        if old and here and there:
            here, there = _with_all_choices(old, here, there)
        if (together := _merge_fields(old, here, there)) and _is_consistent(together):
            return together
        sides = (None if one is None else encode_variable(one) for one in (old, here, there))
        settled = settler.settle(Place(Subject.VARIABLE_DECLARATION, None, name), Sides(*sides))
        return None if settled is None else decode_variable(settled)

    found = _merge_lists(merge_one, base.variables, ours.variables, theirs.variables, in_use.variables)
    fitting = tuple(_with_used_choices(one, in_use.values.get(one.name, ())) for one in found)
    if settler.strategy is not Strategy.BASE:  # what several bases are merged to is compared with, and nothing else
        for one in fitting:
            _check_values(one, in_use.values.get(one.name, ()))
    return fitting


def merge_labels(settler: Settler, base: Tree, ours: Tree, theirs: Tree, in_use: InUse) -> tuple[LabelDeclaration, ...]:
    """The labels of the result. Of two new ones that took the same number, the later by name takes the next free one:
    instances name their labels, nothing else rests on the number yet."""

    def merge_one(
        name: str, old: LabelDeclaration | None, here: LabelDeclaration | None, there: LabelDeclaration | None
    ) -> LabelDeclaration | None:
        if here and there and old is None and here.number != there.number:
            number = min(here.number, there.number)
            here, there = replace(here, number=number), replace(there, number=number)
        if (together := _merge_fields(old, here, there)) and _has_points(together):
            return together
        sides = (None if one is None else encode_label(one) for one in (old, here, there))
        settled = settler.settle(Place(Subject.LABEL_DECLARATION, None, name), Sides(*sides))
        return None if settled is None else decode_label(settled)

    found = _merge_lists(merge_one, base.labels, ours.labels, theirs.labels, in_use.labels)
    return _with_own_numbers(found, {one.name for one in base.labels})


def _merge_lists(
    merge_one: Callable[[str, Declaration | None, Declaration | None, Declaration | None], Declaration | None],
    base: Sequence[Declaration],
    ours: Sequence[Declaration],
    theirs: Sequence[Declaration],
    used: Collection[str],
) -> tuple[Declaration, ...]:
    old, here, there = ({one.name: one for one in side} for side in (base, ours, theirs))
    if is_settled(base, ours, theirs):
        found = {one.name: one for one in merged(base, ours, theirs)}
    else:
        names = [*old, *sorted((here.keys() | there.keys()) - old.keys())]
        settled = ((name, merge_one(name, old.get(name), here.get(name), there.get(name))) for name in names)
        found = {name: one for name, one in settled if one is not None}
    for name in [*old, *sorted((here.keys() | there.keys()) - old.keys())]:
        kept = here.get(name) or there.get(name) or old.get(name)
        if name in used and name not in found and kept is not None:
            found[name] = kept
    return tuple(found.values())


def _merge_fields(base: Declaration | None, ours: Declaration | None, theirs: Declaration | None) -> Declaration | None:
    """The declaration with the fields that either side changed; None where that cannot be."""
    if base is None or ours is None or theirs is None:
        return None
    names = [field.name for field in fields(base)]
    sides = [[(type(value), value) for value in (getattr(one, name) for name in names)] for one in (base, ours, theirs)]
    if not all(map(is_settled, *sides)):
        return None
    values: dict[str, Any] = {name: value for name, (_, value) in zip(names, map(merged, *sides), strict=True)}
    return replace(ours, **values)


def _is_consistent(one: VariableDeclaration) -> bool:
    """Whether what came from two sides makes a declaration: not a default beside three values, or of another type."""
    return one.default is None or (not one.three_valued and has_type(one.default, one.type))


def _has_points(one: LabelDeclaration) -> bool:
    """Whether the skeleton joins keypoints that are there."""
    return all(index < len(one.keypoints) for pair in one.skeleton for index in pair)


def _with_all_choices(
    base: VariableDeclaration, ours: VariableDeclaration, theirs: VariableDeclaration
) -> tuple[VariableDeclaration, VariableDeclaration]:
    """Both sides with the choices that are left of the base's, then those that were added, by name."""
    if is_settled(base.choices, ours.choices, theirs.choices):
        return ours, theirs
    kept = [one for one in base.choices if one in ours.choices and one in theirs.choices]
    choices = (*kept, *sorted({*ours.choices, *theirs.choices} - set(base.choices)))
    return replace(ours, choices=choices), replace(theirs, choices=choices)


def _with_used_choices(one: VariableDeclaration, values: Iterable[tuple[type, Value]]) -> VariableDeclaration:
    """An enum with the choices that changed files, or its own default, still have."""
    if one.type is not ValueType.ENUM:
        return one
    wanted = {str(value) for kind, value in values if kind is str}
    if one.default is not None:
        wanted.add(str(one.default))
    return replace(one, choices=(*one.choices, *sorted(wanted - set(one.choices))))


def _check_values(one: VariableDeclaration, values: Iterable[tuple[type, Value]]) -> None:
    for _, value in values:
        if not has_type(value, one.type):
            raise ConflictError(
                f"the variable {one.name!r} is of another type on the other side, and files have values of both",
                hint="take it out on one side, or give it another name there, and commit that first",
            )


def _with_own_numbers(labels: Iterable[LabelDeclaration], fixed: Collection[str]) -> tuple[LabelDeclaration, ...]:
    """The labels, each with a number of its own; those of the base keep theirs."""
    result = list(labels)
    taken: set[int] = set()
    for is_fixed in (True, False):
        for index, one in enumerate(result):
            if (one.name in fixed) is not is_fixed:
                continue
            if one.number in taken:
                result[index] = replace(one, number=_FREE)
            taken.add(one.number)
    free = max(taken, default=_FREE) + 1
    for index, one in enumerate(result):
        if one.number == _FREE:
            result[index] = replace(one, number=free)
            free += 1
    return tuple(result)
