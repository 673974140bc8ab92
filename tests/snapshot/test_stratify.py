from bisect import bisect_left
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.datasets import TWO_KINDS, drawn, drawn_repository, put_drawn, put_files

from dvcore.errors import ConflictError
from dvcore.model.definition import MAX_BOUND, Definition, Feature, Label, Split
from dvcore.repo.commits import commit_working
from dvcore.repo.projects import create_project, load_project
from dvcore.snapshot.planning.findings import check_plan
from dvcore.snapshot.planning.planner import make_plan
from dvcore.snapshot.splits.stratifying import choose_bounds
from dvcore.snapshot.taking.take import take_snapshot

NUMBERS = st.lists(st.integers(0, MAX_BOUND - 1), max_size=40)
FEW_NUMBERS = st.lists(st.integers(0, 6).map(lambda one: one * (MAX_BOUND // 7)), max_size=12)
"""Few different ones, so that they are equal within a label and between labels."""
STRATA = st.lists(NUMBERS | FEW_NUMBERS, min_size=1, max_size=4)


@st.composite
def totals(draw):
    """Cumulative ratios, the last one 1."""
    cuts = sorted(draw(st.lists(st.integers(0, 20), max_size=4)))
    return [*(Fraction(cut, 20) for cut in cuts), Fraction(1)]


def counts(numbers, bounds):
    below = [sum(number < bound for number in numbers) for bound in bounds]
    return [b - a for a, b in pairwise([0, *below])]


def ceil_of(total):
    return -(-total.numerator * MAX_BOUND // total.denominator)


def is_possible(numbers, others, cut, plain):
    """Whether a cut leaves what it shares with other labels on the side of the plain cut."""
    return all((number < cut) == (number < plain) for number in set(numbers) & others)


@given(totals(), STRATA, NUMBERS | FEW_NUMBERS)
def test_bounds_ascend_to_the_end_of_the_scale(wanted, strata, others):
    for bounds in choose_bounds(wanted, strata, others):
        assert len(bounds) == len(wanted)
        assert list(bounds) == sorted(bounds)
        assert bounds[-1] == MAX_BOUND


@given(totals(), STRATA, NUMBERS | FEW_NUMBERS)
def test_no_number_of_two_labels_is_torn_apart(wanted, strata, others):
    every = choose_bounds(wanted, strata, others)
    plain = [ceil_of(total) for total in wanted]
    for numbers, bounds in zip(strata, every, strict=True):
        elsewhere = {one for other in strata if other is not numbers for one in other} | set(others)
        for number in set(numbers) & elsewhere:
            assert [number < bound for bound in bounds] == [number < bound for bound in plain]


@given(totals(), STRATA, NUMBERS | FEW_NUMBERS)
def test_no_cut_comes_nearer_to_the_ratio(wanted, strata, others):
    """Against all cuts that there are: one below each number and one beyond all."""
    every = choose_bounds(wanted, strata, others)
    for index, (numbers, bounds) in enumerate(zip(strata, every, strict=True)):
        elsewhere = {one for place, other in enumerate(strata) if place != index for one in other} | set(others)
        for total, bound in zip(wanted, bounds, strict=True):
            plain = ceil_of(total)
            cuts = {0, *numbers, plain, MAX_BOUND} | {one + 1 for one in elsewhere}
            allowed = [cut for cut in cuts if is_possible(numbers, elsewhere, cut, plain)]
            goal = total * len(numbers)
            best = min(abs(sum(number < cut for number in numbers) - goal) for cut in allowed)
            assert abs(sum(number < bound for number in numbers) - goal) == best


@given(totals(), st.lists(st.integers(0, MAX_BOUND - 1), unique=True, max_size=60))
def test_a_label_by_itself_misses_no_ratio_by_more_than_one_image(wanted, numbers):
    (bounds,) = choose_bounds(wanted, [numbers], [])
    shares = [b - a for a, b in pairwise([Fraction(0), *wanted])]
    for count, share in zip(counts(numbers, bounds), shares, strict=True):
        assert abs(count - share * len(numbers)) <= 1


@given(totals(), totals(), STRATA)
def test_a_ratio_that_stays_keeps_its_cut(before, after, strata):
    old, new = choose_bounds(before, strata, []), choose_bounds(after, strata, [])
    for total in set(before) & set(after):
        for one, other in zip(old, new, strict=True):
            assert one[before.index(total)] == other[after.index(total)]


def test_a_cut_lies_as_near_to_the_plain_one_as_it_can():
    half = MAX_BOUND // 2
    (bounds,) = choose_bounds([Fraction(1, 2), Fraction(1)], [[1, 2, 3, half + 5]], [])
    assert bounds == (3, MAX_BOUND)  # two below; beyond the 2, and the nearest to the middle
    (bounds,) = choose_bounds([Fraction(1, 2), Fraction(1)], [[half + 5, half + 6]], [])
    assert bounds == (half + 6, MAX_BOUND)
    (bounds,) = choose_bounds([Fraction(1, 2), Fraction(1)], [[1, half + 6]], [])
    assert bounds == (half, MAX_BOUND)


def test_labels_without_images_have_the_plain_bounds():
    (bounds,) = choose_bounds([Fraction(7, 10), Fraction(9, 10), Fraction(1)], [[]], [5])
    assert bounds == (ceil_of(Fraction(7, 10)), ceil_of(Fraction(9, 10)), MAX_BOUND)


def test_it_does_not_matter_in_which_order_images_come():
    numbers = [one * 7919**15 % MAX_BOUND for one in range(1, 200)]
    wanted = [Fraction(1, 3), Fraction(1)]
    assert choose_bounds(wanted, [numbers], []) == choose_bounds(wanted, [numbers[::-1]], [])
    assert bisect_left(sorted(numbers), choose_bounds(wanted, [numbers], [])[0][0]) == 66


HALVES = (Split("train", "0.5"), Split("test", "0.5"))
SIX_TO_FOUR = (Split("train", "0.6"), Split("test", "0.4"))


@pytest.fixture
def repository():
    return drawn_repository(None, 30)


def plan_of(repository, definition):
    return make_plan(repository, repository.working_tree(), definition)


def split_names(plan):
    return {one.path: plan.definition.splits[one.split].name for one in plan.examples}


def test_a_stratified_plan_meets_the_ratios_and_settles_its_bounds(repository):
    definition = Definition(labels=TWO_KINDS, splits=SIX_TO_FOUR, stratify=True)
    plan = plan_of(repository, definition)
    assert plan.label_counts() == ((9, 9), (6, 6))
    assert len(plan.definition.label_bounds) == 2
    put_drawn(repository, 30, first=100)
    before, after = split_names(plan), split_names(plan_of(repository, plan.definition))
    assert {path: after[path] for path in before} == before
    assert plan_of(repository, plan.definition).definition == plan.definition


def test_twins_of_two_labels_stay_together_in_a_stratified_plan_and_later_ones_are_found(repository):
    twins = {f"more/{number:03d}.png": drawn(number) for number in range(30)}
    kinds = {path: ("almond" if int(path[5:8]) % 2 == 0 else "walnut") for path in twins}
    definition = Definition(labels=TWO_KINDS, splits=HALVES, stratify=True)
    frozen = plan_of(repository, definition).definition
    put_files(repository, twins, kinds)
    check_plan(plan_of(repository, definition))
    torn = plan_of(repository, replace(frozen, label_bounds=((2**61, 2**62), (2**60, 2**62))))
    with pytest.raises(ConflictError, match="the same bytes would land in two splits"):
        check_plan(torn)


def test_the_first_snapshot_freezes_the_bounds(repository, tmp_path):
    create_project(repository, "nuts", Definition(labels=TWO_KINDS, splits=SIX_TO_FOUR, stratify=True))
    first = take_snapshot(repository, "nuts", out=tmp_path / "1")
    frozen = load_project(repository, "nuts").definition
    assert len(frozen.label_bounds) == 2
    put_drawn(repository, 30, first=100)
    commit_working(repository, "more")
    second = take_snapshot(repository, "nuts", out=tmp_path / "2")
    assert load_project(repository, "nuts").definition == frozen
    assert [first.splits[name].examples for name in ("train", "test")] == [18, 12]
    assert all(second.splits[name].examples > first.splits[name].examples for name in ("train", "test"))


def test_of_several_features_the_first_of_one_label_is_stratified(repository):
    last = tuple(Label(f"l{digit}", f"name LIKE '%{digit}.png'") for digit in range(10))
    many = Feature("multihot", "many", last)
    kinds, digits = Feature("index", "kinds", TWO_KINDS), Feature("onehot", "digits", last)
    features = (Feature("image", "image"), many, kinds, digits)
    plan = plan_of(repository, Definition(features=features, splits=SIX_TO_FOUR, stratify=True))
    assert [row[10:12] for row in plan.label_counts()] == [(9, 9), (6, 6)]
    assert len(plan.definition.label_bounds) == 2
    swapped = plan_of(repository, Definition(features=(features[0], digits, kinds), splits=SIX_TO_FOUR, stratify=True))
    assert [row[:10] for row in swapped.label_counts()] == [(2,) * 10, (1,) * 10]
