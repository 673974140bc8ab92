"""Bounds of its own for each label, so that each meets the ratios.

The order of the split numbers stays: a label only cuts it in other places than the plain ones. A cut lies where as many
images of the label are below it as the ratios want, and there as near to the plain one as can be, so that later images
come in by the ratios too. Cuts are chosen one by one: a ratio that did not change leaves its cut where it was.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from fractions import Fraction
from heapq import merge
from itertools import groupby, pairwise
from math import ceil

from dvcore.model.definition import MAX_BOUND, Bounds


def choose_bounds(totals: Sequence[Fraction], strata: Sequence[Iterable[int]], others: Iterable[int]) -> list[Bounds]:
    """The bounds of each stratum, in units of 2**-62. `totals` are the cumulative ratios, `strata` the split numbers in
    [0, 2**62) of the images of each label, `others` those of images without bounds of their own.

    The same bytes have the same number. Where it occurs in two strata, it stays on the same side of every cut as by the
    plain bounds, so that they are not torn apart."""
    ordered = [sorted(numbers) for numbers in strata]
    shared = _shared([*ordered, sorted(others)])
    return [_choose(totals, numbers, [one for one in numbers if one in shared]) for numbers in ordered]


def _shared(strata: Sequence[Sequence[int]]) -> frozenset[int]:
    """The numbers that occur in more than one stratum."""
    distinct = ((number for number, _ in groupby(numbers)) for numbers in strata)
    return frozenset(one for one, other in pairwise(merge(*distinct)) if one == other)


def _choose(totals: Sequence[Fraction], numbers: Sequence[int], shared: Sequence[int]) -> Bounds:
    """The bounds of one stratum; its numbers and those that it shares ascend."""
    plain = [ceil(total * MAX_BOUND) for total in totals]
    return tuple(
        _choose_cut(numbers, total * len(numbers), cut, _room(shared, cut))
        for total, cut in zip(totals, plain, strict=True)
    )


def _room(shared: Sequence[int], cut: int) -> tuple[int, int]:
    """The least and the greatest cut that leave every shared number on the side of `cut` where it is."""
    place = bisect_left(shared, cut)
    return shared[place - 1] + 1 if place else 0, shared[place] if place < len(shared) else MAX_BOUND


def _choose_cut(numbers: Sequence[int], wanted: Fraction, plain: int, room: tuple[int, int]) -> int:
    """The cut nearest to the plain one among those with the number of images below that is nearest to `wanted`."""
    low, high = room
    below = ceil(wanted - Fraction(1, 2))
    below = min(max(below, bisect_left(numbers, low)), bisect_left(numbers, high))
    if 0 < below < len(numbers) and numbers[below - 1] == numbers[below]:
        below = _nearest_end(numbers, below, wanted)
    least = max(low, numbers[below - 1] + 1) if below else low
    most = min(high, numbers[below]) if below < len(numbers) else high
    return min(max(plain, least), most)


def _nearest_end(numbers: Sequence[int], place: int, wanted: Fraction) -> int:
    """Where a run of equal numbers that no cut can part begins or ends."""
    start, end = bisect_left(numbers, numbers[place]), bisect_right(numbers, numbers[place])
    return start if wanted - start <= end - wanted else end
