"""What one commit leads to and another does not, against sets of ancestors."""

from hypothesis import example, given
from support.histories import Counting, ancestors, commits, histories

from dvcore.repo.ancestry import ahead_and_behind, count_beyond
from dvcore.repo.repository import Repository


@given(histories())
def test_counts_are_those_of_sets(history: list[tuple[int, list[int]]]) -> None:
    with Repository.in_memory() as repository:
        objects, ids = commits(repository, history)
        reach = ancestors(history)
        for ours in range(len(history)):
            for theirs in range(len(history)):
                expected = len(reach[ours] - reach[theirs]), len(reach[theirs] - reach[ours])
                assert ahead_and_behind(objects, ids[ours], ids[theirs]) == expected


@given(histories())
def test_beyond_all_others(history: list[tuple[int, list[int]]]) -> None:
    with Repository.in_memory() as repository:
        objects, ids = commits(repository, history)
        reach = ancestors(history)
        last = len(history) - 1
        others = set().union(*reach[:last]) if last else set()
        assert count_beyond(objects, ids[last], ids[:last]) == len(reach[last] - others)


def test_a_side_without_commits() -> None:
    with Repository.in_memory() as repository:
        objects, ids = commits(repository, [(1, []), (2, [0]), (3, [1])])
        assert ahead_and_behind(objects, None, ids[2]) == (0, 3)
        assert ahead_and_behind(objects, ids[1], None) == (2, 0)
        assert ahead_and_behind(objects, None, None) == (0, 0)


def test_it_costs_what_lies_between() -> None:
    with Repository.in_memory() as repository:
        line = [(time, [time - 1] if time else []) for time in range(500)]
        objects, ids = commits(repository, line)
        counting = Counting(objects)
        assert ahead_and_behind(counting, ids[-1], ids[-4]) == (3, 0)
        assert counting.number < 20


@given(histories(skew=5))
@example([(5, []), (6, [0]), (1, [1]), (7, [2])])
def test_wrong_clocks_make_it_more_never_fewer_and_make_no_difference_to_who_looks_at_everything(
    history: list[tuple[int, list[int]]],
) -> None:
    with Repository.in_memory() as repository:
        objects, ids = commits(repository, history)
        reach = ancestors(history)
        for ours in range(len(history)):
            for theirs in range(len(history)):
                expected = len(reach[ours] - reach[theirs])
                assert count_beyond(objects, ids[ours], [ids[theirs]], is_certain=True) == expected
                assert count_beyond(objects, ids[ours], [ids[theirs]]) >= expected
