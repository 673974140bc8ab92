"""Numbers of labels in formats that count them: those that the labels had where they came from, as far as that goes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from dvcore.errors import CorruptError
from dvcore.model.declarations import LabelDeclaration


@dataclass(frozen=True, slots=True)
class NumberedLabels:
    """Labels in the order of their numbers. `are_new`: some label had another number where it came from."""

    labels: Mapping[str, LabelDeclaration]
    numbers: Mapping[str, int]
    are_new: bool

    def number(self, label: str) -> int:
        """The number of an instance's label.

        Raises CorruptError where it is not declared.
        """
        if label not in self.numbers:
            raise CorruptError(f"an instance has the label {label!r}, which is not declared")
        return self.numbers[label]


def ordered_labels(declared: Iterable[LabelDeclaration], first: Sequence[str]) -> list[LabelDeclaration]:
    """Labels in the order of `first`, which may name others too, then in that of their declaration."""
    places = {name: place for place, name in enumerate(first)}
    by_number = sorted(declared, key=lambda one: one.number)
    return sorted(by_number, key=lambda one: places.get(one.name, len(places)))


def have_clashes(labels: Iterable[LabelDeclaration]) -> bool:
    """Whether two labels, from two sources, had one number there."""
    sources = [one.source for one in labels if _is_number(one.source)]
    return len(set(sources)) < len(sources)


def sparse_numbers(labels: Sequence[LabelDeclaration]) -> NumberedLabels:
    """Each label's own number, of several labels with one number the first's; the others get numbers after the
    greatest, or from 1."""
    numbers: dict[str, int] = {}
    taken: set[int] = set()
    for one in labels:
        if isinstance(one.source, int) and _is_number(one.source) and one.source not in taken:
            numbers[one.name] = one.source
            taken.add(one.source)
    following = max(taken, default=0) + 1
    for one in labels:
        if one.name not in numbers:
            numbers[one.name] = following
            following += 1
    return _numbered(labels, numbers)


def dense_numbers(labels: Sequence[LabelDeclaration]) -> NumberedLabels:
    """0 to n - 1 without a gap: the labels' own numbers where these allow it, new ones in the given order otherwise."""
    own = {one.name: one.source for one in labels if isinstance(one.source, int) and _is_number(one.source)}
    if have_clashes(labels) or max(own.values(), default=0) >= len(labels):
        own = {}
    free = iter(_free(len(labels), own.values()))
    return _numbered(labels, {one.name: own[one.name] if one.name in own else next(free) for one in labels})


def _free(count: int, taken: Collection[int]) -> list[int]:
    used = set(taken)
    return [number for number in range(count) if number not in used]


def _numbered(labels: Sequence[LabelDeclaration], numbers: Mapping[str, int]) -> NumberedLabels:
    in_order = {one.name: one for one in sorted(labels, key=lambda one: numbers[one.name])}
    are_new = any(_is_number(one.source) and one.source != numbers[one.name] for one in labels)
    return NumberedLabels(in_order, numbers, are_new)


def _is_number(source: int | str | None) -> bool:
    return isinstance(source, int) and 0 <= source < 2**31
