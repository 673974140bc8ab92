"""Instances of one image known again where no id says which is which: by label and place.

Three rules, one after the other, each for those that the ones before it left:

1. the same label, and bounds whose intersection over union is at least a half: the measure and the threshold by which
   detections are held against the truth since Pascal VOC (Everingham et al., "The Pascal Visual Object Classes (VOC)
   Challenge", IJCV 88, 2010, section 4.2), the half included as in COCO's evaluation;
2. another label, and the very same geometry: one that was relabelled;
3. the same label, and the same id in the source: one that was moved far. (Sources number anew: alone, it says little.)

Within a rule the best pair is taken first, of equal ones that of the least ids, so the outcome is a function of the two
sets: no order, machine or run makes a difference.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from typing import Final

from dvcore.model.annotations import Instance
from dvcore.model.geometry import Bounds, bounds

THRESHOLD: Final = 0.5
"""Least intersection over union of two bounds that are taken for those of one thing."""

_Pair = tuple[Instance, Instance]
_Rated = tuple[float, Instance, Instance]
_Placed = tuple[Bounds, Instance]


def match_instances(old: Iterable[Instance], new: Iterable[Instance]) -> list[_Pair]:
    """Pairs of what is taken for one thing, in the order of the old ids. No instance is in two of them.

    Raises InvalidInputError for a mask whose code is none.
    """
    before, after = {one.id: one for one in old}, {one.id: one for one in new}
    pairs: list[_Pair] = []
    for rule in (_iter_congruent, _iter_overlapping, _iter_relabelled, _iter_of_one_source) if before and after else ():
        for _, there, here in sorted(rule(before.values(), after.values()), key=_order):
            if there.id in before and here.id in after:
                pairs.append((before.pop(there.id), after.pop(here.id)))
    return sorted(pairs, key=lambda pair: pair[0].id)


def iou(one: Bounds, other: Bounds) -> float:
    """Intersection over union of two upright rectangles: 1 where they are the same, also without an area."""
    if one == other:
        return 1.0
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (_area(one) + _area(other) - shared)


def _area(one: Bounds) -> float:
    return (one[2] - one[0]) * (one[3] - one[1])


def _order(rated: _Rated) -> tuple[float, bytes, bytes]:
    rating, old, new = rated
    return -rating, old.id, new.id


def _iter_congruent(old: Collection[Instance], new: Collection[Instance]) -> Iterator[_Rated]:
    """The best that overlap: of the same bounds. Found alone since they are nearly all of those that came in anew, and
    since a thousand in one place would make a million pairs."""
    return _iter_equal(old, new, lambda one: (one.label, bounds(one.geometry)))


def _iter_overlapping(old: Collection[Instance], new: Collection[Instance]) -> Iterator[_Rated]:
    by_label = {label: _from_the_left(some) for label, some in _grouped(new, lambda one: one.label).items()}
    for one in old:
        around = bounds(one.geometry)
        for other_bounds, other in _iter_near(around, by_label.get(one.label, [])):
            rating = iou(around, other_bounds)
            if rating >= THRESHOLD:
                yield rating, one, other


def _from_the_left(instances: Iterable[Instance]) -> list[_Placed]:
    return sorted(((bounds(one.geometry), one) for one in instances), key=lambda placed: placed[0][0])


def _iter_near(around: Bounds, placed: list[_Placed]) -> Iterator[_Placed]:
    """Those that may share half with a rectangle: so many boxes can be on an image that comparing each with each would
    take long. What is at most twice as wide cannot begin a whole width further left; a second width is for rounding."""
    left, _, right, _ = around
    for at in range(bisect_left(placed, left - 2 * (right - left), key=lambda one: one[0][0]), len(placed)):
        if placed[at][0][0] > right:
            return
        yield placed[at]


def _iter_relabelled(old: Collection[Instance], new: Collection[Instance]) -> Iterator[_Rated]:
    return _iter_equal(old, new, lambda one: one.geometry)


def _iter_of_one_source(old: Collection[Instance], new: Collection[Instance]) -> Iterator[_Rated]:
    there, here = ([one for one in some if one.source is not None] for some in (old, new))
    return _iter_equal(there, here, lambda one: (one.label, one.source))


def _iter_equal(
    old: Iterable[Instance], new: Iterable[Instance], key: Callable[[Instance], Hashable]
) -> Iterator[_Rated]:
    """The n-th by id of those of a key with the n-th on the other side."""
    there = _grouped(new, key)
    for value, some in _grouped(old, key).items():
        yield from ((1.0, *pair) for pair in zip(_by_id(some), _by_id(there.get(value, [])), strict=False))


def _grouped(instances: Iterable[Instance], key: Callable[[Instance], Hashable]) -> dict[Hashable, list[Instance]]:
    found: defaultdict[Hashable, list[Instance]] = defaultdict(list)
    for one in instances:
        found[key(one)].append(one)
    return found


def _by_id(instances: Iterable[Instance]) -> list[Instance]:
    return sorted(instances, key=lambda one: one.id)
