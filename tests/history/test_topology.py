from unittest.mock import patch

import pytest
from hypothesis import given
from support.histories import Counting, History, ancestors, commits, histories

from dvcore.history import topology
from dvcore.history.topology import LOOKED_AHEAD, SKEW, iter_children_first
from dvcore.repo.repository import Repository


def order(history: History) -> list[int]:
    """Places of the commits that the last one leads to, as they come out."""
    with Repository.in_memory() as repository:
        objects, ids = commits(repository, history)
        return [int(commit.message) for _, commit in iter_children_first(objects, ids[-1])]


def assert_children_first(history: History) -> None:
    found = order(history)
    assert sorted(found) == sorted(ancestors(history)[-1])
    for at, place in enumerate(found):
        assert not set(history[place][1]) & set(found[:at]), (found, place)


@given(histories())
def test_no_parent_comes_before_its_child(history: History) -> None:
    assert_children_first(history)


@given(histories())
def test_clocks_that_are_right_need_no_look_ahead(history: History) -> None:
    with patch.object(topology, "LOOKED_AHEAD", 0):
        assert_children_first(history)


@given(histories(skew=3))
def test_clocks_may_differ(history: History) -> None:
    assert_children_first(history)


def test_the_newest_first_among_those_that_may_come() -> None:
    assert order([(0, []), (10, [0]), (20, [1]), (15, [1]), (30, [2, 3])]) == [4, 2, 3, 1, 0]


def test_a_clock_that_is_wrong_by_much_loses_no_commit() -> None:
    late = 10 * SKEW
    history = [(late, []), (1, [0]), (late + 1, [0]), (late + 2, [1, 2])]
    assert sorted(order(history)) == [0, 1, 2, 3]


@pytest.mark.parametrize(("step", "most"), [(SKEW, 10), (1, LOOKED_AHEAD + 2)])
def test_it_begins_before_it_has_seen_the_whole_history(step: int, most: int) -> None:
    line = [(time * step, [time - 1] if time else []) for time in range(2 * LOOKED_AHEAD)]
    with Repository.in_memory() as repository:
        objects, ids = commits(repository, line)
        counting = Counting(objects)
        history = iter_children_first(counting, ids[-1])
        next(history)
        assert counting.number <= most
        assert sum(1 for _ in history) == len(line) - 1
