from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.split_ratios import ratios, splits_of

from dvcore.errors import InvalidInputError
from dvcore.ids import digest
from dvcore.model.definition import DEFAULT_SPLITS
from dvcore.snapshot.splits.numbers import (
    NUMBERS,
    check_total,
    find_filtered,
    format_ratio,
    parse_ratio,
    place_in_shard,
    shard_of_file,
    split_of_number,
    thresholds,
)

FILES = [digest(str(number).encode()) for number in range(4000)]


@pytest.mark.parametrize("text", ["", "1/3", "-0.1", "1.1", "0.7e1", "nan", " 0.5", "1_0", "٠.٥", "0." + "1" * 19])
def test_what_is_no_exact_decimal_is_refused(text):
    with pytest.raises(InvalidInputError, match="no ratio"):
        parse_ratio(text)


@pytest.mark.parametrize(
    ("text", "shortest"), [("0.70", "0.7"), ("1.000", "1"), (".5", "0.5"), ("0", "0"), ("0.0", "0")]
)
def test_ratios_have_one_shortest_text(text, shortest):
    assert format_ratio(parse_ratio(text)) == shortest


def test_ratios_total_exactly_one():
    check_total(splits_of("0.1", "0.2", "0.7"))  # as floats they would total 0.9999999999999999
    with pytest.raises(InvalidInputError, match=r"0\.7 \+ 0\.2 = 0\.9, not 1"):
        check_total(splits_of("0.7", "0.2"))


def test_thresholds_are_exact():
    bounds = thresholds(DEFAULT_SPLITS)
    assert bounds[-1] == NUMBERS
    assert bounds[0] == -(-7 * NUMBERS // 10)
    assert [split_of_number(bounds, number) for number in (0, bounds[0] - 1, bounds[0], NUMBERS - 1)] == [0, 0, 1, 2]


@given(ratios(), st.integers(0, NUMBERS - 1))
def test_a_number_falls_where_the_cumulative_ratios_say(texts, number):
    bounds = thresholds(splits_of(*texts))
    index = split_of_number(bounds, number)
    below = sum((Fraction(text) for text in texts[:index]), Fraction(0))
    assert below <= Fraction(number, NUMBERS) < below + Fraction(texts[index])


def test_the_first_filter_that_matches_counts():
    assert find_filtered([None, False, None]) is None
    assert find_filtered([None, True, True]) == 1
    assert find_filtered([None, None, True]) == 2


@given(st.integers(1, 5000), st.binary(min_size=32, max_size=32))
def test_a_shard_index_is_in_range(shards, file):
    assert 0 <= shard_of_file(file, shards) < shards


def test_shards_are_even_and_places_independent_of_them():
    counts = [0] * 16
    early = 0
    for file in FILES:
        counts[shard_of_file(file, 16)] += 1
        early += shard_of_file(file, 16) == 0 and place_in_shard(file)[0] < NUMBERS // 2
    assert max(counts) < 1.4 * len(FILES) / 16
    assert 0.3 < early / counts[0] < 0.7


def test_places_of_given_files_are_fixed():
    file = bytes(range(32))
    assert (shard_of_file(file, 1000), place_in_shard(file)[0]) == (332, 13820098954975070759)
