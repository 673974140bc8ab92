"""Summaries and histograms, held against Python's own statistics."""

import math
import statistics
from array import array
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dvcore.stats.numbers import BINS, find_distribution, find_summary, frequent_pairs, ratios

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)
ANY_NUMBERS = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=60)
WHOLE = st.lists(st.integers(0, 5000), min_size=1, max_size=60)


def packed(*values: float) -> "array[float]":
    return array("d", values)


@given(NUMBERS)
def test_a_summary_is_what_python_says(values: list[float]) -> None:
    found = find_summary(packed(*values))
    assert found is not None
    assert (found.count, found.least, found.greatest) == (len(values), min(values), max(values))
    assert found.median == pytest.approx(statistics.median(values))
    assert found.mean == pytest.approx(statistics.fmean(values))
    if len(values) > 1:
        parts = statistics.quantiles(values, n=20, method="inclusive")
        quartiles = statistics.quantiles(values, n=4, method="inclusive")
        assert [found.p5, found.p25, found.p75, found.p95] == pytest.approx(
            [parts[0], quartiles[0], quartiles[2], parts[-1]], rel=1e-9, abs=1e-6
        )


@example([8.264554008603284, 8.26455400860329], False)  # edges between neighbours are rounded out of their order
@example([7.788319522270166, math.nextafter(7.788319522270166, 8)], True)
@given(ANY_NUMBERS | NUMBERS, st.booleans())
def test_every_number_is_in_one_bin(values: list[float], log: bool) -> None:
    found = find_distribution(packed(*values), log=log)
    assert found is not None
    histogram = found.histogram
    assert sum(histogram.counts) == len(values)
    assert list(histogram.edges) == sorted(histogram.edges)
    assert (histogram.edges[0], histogram.edges[-1]) == (min(values), max(values))
    last = len(histogram.counts) - 1
    for place, ((low, high), number) in enumerate(zip(pairwise(histogram.edges), histogram.counts, strict=True)):
        assert number == sum(low <= value < high or (place == last and value == high) for value in values)


@given(ANY_NUMBERS)
def test_no_number_is_too_large(values: list[float]) -> None:
    found = find_summary(packed(*values))
    assert found is not None
    told = [found.least, found.p5, found.p25, found.median, found.p75, found.p95, found.greatest]
    assert all(map(math.isfinite, [*told, found.mean]))
    assert told == sorted(told)
    assert (found.least, found.greatest) == (min(values), max(values))


@given(WHOLE)
def test_bins_of_whole_numbers_hold_as_many_each(values: list[int]) -> None:
    found = find_distribution(packed(*values), whole=True)
    assert found is not None
    steps = {high - low for low, high in pairwise(found.histogram.edges)}
    assert len(steps) == 1
    assert steps.pop() >= 1
    assert sum(found.histogram.counts) == len(values)
    assert 1 <= len(found.histogram.counts) <= BINS
    assert found.histogram.counts[0] > 0 < found.histogram.counts[-1]
    assert found.histogram.is_whole


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=9))
def test_whole_numbers_of_any_size(values: list[int]) -> None:
    found = find_distribution(packed(*map(float, values)), whole=True)
    assert found is not None
    assert sum(found.histogram.counts) == len(values)


def test_several_lists_are_one() -> None:
    assert find_summary(packed(1, 2), packed(), packed(9)) == find_summary(packed(9, 1, 2))


def test_nothing_has_no_distribution() -> None:
    assert find_summary() is find_summary(packed()) is find_distribution(packed(), packed(), log=True) is None


def test_numbers_that_are_all_the_same() -> None:
    for options in ({}, {"log": True}, {"whole": True}):
        found = find_distribution(packed(7, 7, 7), **options)
        assert found is not None
        assert found.histogram.counts == (3,)


def test_a_factor_where_magnitudes_are_spanned() -> None:
    found = find_distribution(packed(1, 10, 10_000), log=True)
    assert found is not None
    edges = found.histogram.edges
    factors = [high / low for low, high in pairwise(edges)]
    assert factors == pytest.approx([10_000 ** (1 / BINS)] * BINS)


def test_pairs_by_frequency() -> None:
    found = frequent_pairs(packed(4, 1, 4, 9, 1), packed(3, 1, 3, 3, 2), 2)
    assert found == ({(4, 3): 2, (1, 1): 1}, 4)
    assert list(found[0]) == [(4, 3), (1, 1)]
    assert frequent_pairs(packed(), packed(), 2) == ({}, 0)


def test_ratios_one_by_one() -> None:
    assert list(ratios(packed(4, 9), packed(2, 6))) == [2.0, 1.5]
