from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvcore.ids import InstanceId
from dvcore.model import matching
from dvcore.model.annotations import Instance
from dvcore.model.geometry import Box, Geometry, Point, Polygon, bounds
from dvcore.model.matching import THRESHOLD, iou, match_instances


def named(number: int, label: str, geometry: Geometry, source: str | None = None) -> Instance:
    return Instance(InstanceId(number.to_bytes(32, "big")), label, geometry, source=source)


def matched(old: Sequence[Instance], new: Sequence[Instance]) -> set[tuple[int, int]]:
    return {(int.from_bytes(a.id, "big"), int.from_bytes(b.id, "big")) for a, b in match_instances(old, new)}


def test_intersection_over_union() -> None:
    assert iou((0, 0, 10, 10), (0, 0, 10, 10)) == 1
    assert iou((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert iou((0, 0, 10, 10), (0, 0, 10, 20)) == 0.5
    assert iou((0, 0, 10, 10), (10, 0, 20, 10)) == 0
    assert iou((0, 0, 10, 10), (20, 20, 30, 30)) == 0
    assert iou((3, 3, 3, 3), (3, 3, 3, 3)) == 1
    assert iou((3, 3, 3, 3), (0, 0, 10, 10)) == 0


def test_half_of_the_union_is_enough_and_less_is_not() -> None:
    old = [named(1, "dog", Box(0, 0, 10, 10))]
    assert matched(old, [named(2, "dog", Box(0, 0, 10, 20))]) == {(1, 2)}
    assert matched(old, [named(2, "dog", Box(0, 0, 10, 20.1))]) == set()
    assert matched(old, [named(2, "cat", Box(0, 0, 10, 11))]) == set()


def test_the_nearest_pair_is_taken_first() -> None:
    old = [named(1, "dog", Box(0, 0, 10, 10)), named(2, "dog", Box(2, 0, 10, 10))]
    assert matched(old, [named(3, "dog", Box(1.9, 0, 10, 10))]) == {(2, 3)}
    assert matched(old, [named(3, "dog", Box(1.9, 0, 10, 10)), named(4, "dog", Box(3, 0, 10, 10))]) == {(1, 4), (2, 3)}


def test_equal_pairs_are_taken_by_their_ids() -> None:
    old = [named(number, "dog", Box(0, 0, 10, 10)) for number in (5, 1)]
    new = [named(number, "dog", Box(0, 1, 10, 10)) for number in (9, 3, 7)]
    assert matched(old, new) == {(1, 3), (5, 7)}


def test_thousands_in_one_place_are_not_compared_each_with_each(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = ([named(first + number, "dog", Box(0, 0, 10, 10)) for number in range(3_000)] for first in (0, 10_000))
    compared: list[object] = []
    monkeypatch.setattr(matching, "iou", lambda *both: compared.append(both) or 1.0)
    assert matched(old, new) == {(number, 10_000 + number) for number in range(3_000)}
    assert not compared


def test_any_geometry_by_its_bounds() -> None:
    ring = (1.0, 1.0, 9.0, 1.0, 9.0, 9.0)
    assert matched([named(1, "dog", Box(0, 0, 10, 10))], [named(2, "dog", Polygon(((ring,),)))]) == {(1, 2)}
    assert matched([named(1, "dog", Point(3, 3))], [named(2, "dog", Point(3, 3))]) == {(1, 2)}
    assert matched([named(1, "dog", Point(3, 3))], [named(2, "dog", Point(3, 4))]) == set()


def test_one_that_was_relabelled_has_the_same_geometry() -> None:
    old = [named(1, "dog", Box(0, 0, 10, 10)), named(2, "dog", Box(30, 0, 10, 10))]
    new = [named(3, "wolf", Box(0, 0, 10, 10)), named(4, "wolf", Box(30, 0, 10, 10.5))]
    assert matched(old, new) == {(1, 3)}
    near = named(5, "dog", Box(0, 1, 10, 10))
    assert matched(old, [*new, near]) == {(1, 5)}, "the same label nearby comes first"


def test_one_that_was_moved_far_has_the_same_label_and_source() -> None:
    old = [named(1, "dog", Box(0, 0, 10, 10), "17"), named(2, "dog", Box(30, 0, 10, 10))]
    far = Box(80, 0, 10, 10)
    assert matched(old, [named(3, "dog", far, "17"), named(4, "dog", Box(90, 0, 1, 1))]) == {(1, 3)}
    assert matched(old, [named(3, "cat", far, "17")]) == set()
    assert matched(old, [named(3, "dog", Box(0, 1, 10, 10), "18"), named(4, "dog", far, "17")]) == {(1, 3)}


sizes = st.integers(1, 6).map(float)
places = st.integers(0, 12).map(lambda place: place / 2)
boxes = st.builds(Box, places, places, sizes, sizes)
sides = st.lists(st.tuples(st.sampled_from("ab"), boxes), max_size=7)


Side = list[tuple[str, Box]]


def numbered(side: Side, first: int) -> list[Instance]:
    return [named(first + place, label, geometry) for place, (label, geometry) in enumerate(side)]


@given(sides, sides, st.randoms())
def test_greedy_by_overlap_whatever_the_order(here: Side, there: Side, random: Random) -> None:
    """Held against the rule written down plainly: the best pair of all, again and again."""
    old, new = numbered(here, 1), numbered(there, 100)
    expected = set()
    left, right = list(old), list(new)
    while pairs := [(a, b) for a, b in product(left, right) if a.label == b.label and rating(a, b) >= THRESHOLD]:
        best = min(pairs, key=lambda pair: (-rating(*pair), pair[0].id, pair[1].id))
        expected.add(tuple(int.from_bytes(one.id, "big") for one in best))
        left.remove(best[0])
        right.remove(best[1])
    random.shuffle(old)
    random.shuffle(new)
    found = matched(old, new)
    assert {pair for pair in found if is_of_one_label(pair, old, new)} == expected
    assert len({a for a, _ in found}) == len({b for _, b in found}) == len(found)


def rating(one: Instance, other: Instance) -> float:
    return iou(bounds(one.geometry), bounds(other.geometry))


def is_of_one_label(pair: tuple[int, int], old: Sequence[Instance], new: Sequence[Instance]) -> bool:
    labels = {int.from_bytes(one.id, "big"): one.label for one in (*old, *new)}
    return labels[pair[0]] == labels[pair[1]]


@given(st.lists(boxes, max_size=6))
def test_a_set_is_its_own_match(found: list[Box]) -> None:
    old = [named(place, "dog", geometry) for place, geometry in enumerate(found, 1)]
    new = [replace(one, id=InstanceId(bytes([1]) + one.id[1:])) for one in old]
    assert all(a.geometry == b.geometry for a, b in match_instances(old, new))
    assert len(match_instances(old, new)) == len(old)
