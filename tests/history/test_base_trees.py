"""What a merge compares with, where histories crossed, and where clocks are wrong."""

import inspect
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.described_trees import Described, file_id, write_tree
from support.histories import Counting, History, ancestors, commits, histories
from support.merges import new_repository
from support.steps import DPI

from dvcore.history import base_trees
from dvcore.history.base_trees import base_tree
from dvcore.history.merging import Outcome, merge_commit
from dvcore.ids import CommitId
from dvcore.model.commit import Commit
from dvcore.repo.ancestry import merge_bases
from dvcore.repo.branches import create_branch, switch_branch
from dvcore.repo.objects import save_commit
from dvcore.repo.repository import Repository
from dvcore.store import ObjectDraft

Valued = list[tuple[int, list[int], int]]
"""Commits: time, places of the parents, and the value that the one file has."""


def best(history: History, one: int, others: Sequence[int]) -> set[int]:
    """Best common ancestors by sets."""
    reach = ancestors(history)
    common = reach[one] & set().union(*(reach[other] for other in others))
    return {place for place in common if not any(place in reach[other] - {other} for other in common)}


def pairs(history: History) -> list[tuple[int, tuple[int, ...]]]:
    """Each commit with each other one, and the last with a merge of the two before it."""
    number = len(history)
    found = [(one, (other,)) for one in range(number) for other in range(number)]
    return [*found, *([(number - 1, (number - 2, number - 3))] if number > 2 else [])]


stopped_clocks = histories().map(lambda history: [(7, parents) for _, parents in history])


@given(histories() | stopped_clocks)
def test_bases_are_those_of_sets(history: History) -> None:
    with Repository.in_memory() as repository:
        objects, ids = commits(repository, history)
        for one, others in pairs(history):
            found = merge_bases(objects, ids[one], *(ids[other] for other in others))
            assert len(found) == len(set(found))
            assert {ids.index(id_) for id_ in found} == best(history, one, others)


@given(histories(skew=4))
@example([(5, []), (9, [0]), (1, [1]), (9, [2]), (9, [3, 1])])
def test_where_clocks_are_wrong_no_base_is_missed_and_another_one_is_before_a_best(history: History) -> None:
    with Repository.in_memory() as repository:
        objects, ids = commits(repository, history)
        reach = ancestors(history)
        for one, others in pairs(history):
            found = {ids.index(id_) for id_ in merge_bases(objects, ids[one], *(ids[other] for other in others))}
            expected = best(history, one, others)
            assert expected <= found <= set().union(*(reach[place] for place in expected))


def test_a_crossing_costs_what_lies_between() -> None:
    with Repository.in_memory() as repository:
        line: History = [(time, [time - 1] if time else []) for time in range(500)]
        crossing: History = [(500, [499]), (501, [499]), (502, [500, 501]), (503, [501, 500])]
        objects, ids = commits(repository, line + crossing)
        counting = Counting(objects)
        assert merge_bases(counting, ids[-1], ids[-2]) == [ids[501], ids[500]]
        assert counting.number < 20


def made(repository: Repository, history: Valued) -> tuple[ObjectDraft, list[CommitId]]:
    """The commits, each with its place as message."""
    ids: list[CommitId] = []
    draft = repository.draft()
    for place, (time, parents, value) in enumerate(history):
        tree = write_tree(repository, {"a.jpg": Described(given={"dpi": value})}, variables=[DPI]).id
        commit = Commit(tree, tuple(ids[parent] for parent in parents), "Ada <ada@example.org>", time, str(place))
        ids.append(save_commit(draft, commit))
    repository.store.update(draft.flush_into)
    return repository.draft(), ids


def value_of(repository: Repository, history: Valued, ours: int, theirs: int) -> Any:
    """The file's value in what two commits are compared with."""
    draft, ids = made(repository, history)
    tree = base_tree(draft, ids[ours], ids[theirs])
    repository.store.update(draft.flush_into)
    reader = repository.tree(tree)
    return reader.variables(reader.record(file_id("a.jpg")))["dpi"]


def test_a_third_base_is_compared_with_where_it_parted_from_the_merge_of_the_others() -> None:
    """The second and the third parted at 1, where the value was 11 already: what the third made of it is no dispute."""
    history: Valued = [
        (0, [], 10),
        (1, [0], 11),
        (2, [0], 10),
        (3, [1], 11),
        (4, [1], 12),
        *((5 + turn, [2, 3], 11) for turn in range(2)),
        (7, [5, 4], 12),
        (8, [6, 4], 12),
    ]
    with new_repository() as repository:
        _, ids = made(repository, history)
        assert merge_bases(repository.objects, ids[7], ids[8]) == [ids[4], ids[3], ids[2]]
        assert value_of(repository, history, 7, 8) == 12


def test_a_base_that_is_before_another_one_makes_no_difference() -> None:
    """Commit 3 says it is older than its parents, so that nobody sees in time that 1 is before 4."""
    history: Valued = [
        (5, [], 10),
        (9, [0], 11),
        (8, [1], 11),
        (1, [2], 11),
        (9, [3], 12),
        (9, [4, 1], 13),
        (9, [4, 1], 14),
    ]
    with new_repository() as repository:
        _, ids = made(repository, history)
        assert set(merge_bases(repository.objects, ids[5], ids[6])) >= {ids[4]}
        assert value_of(repository, history, 5, 6) == 12


def test_a_branch_just_moves_forward_whatever_the_clocks_said() -> None:
    """What leads from 6 to 4, and what leads from 4 to 1, say that they are old, so that 1 passes for a base."""
    history: Valued = [
        (5, [], 10),
        (9, [0], 11),
        (8, [1], 11),
        (1, [2], 11),
        (9, [3], 12),
        (0, [4], 13),
        (9, [5, 1], 13),
    ]
    with new_repository() as repository:
        _, ids = made(repository, history)
        assert merge_bases(repository.objects, ids[4], ids[6]) == sorted((ids[1], ids[4]))
        create_branch(repository, "behind", ids[4])
        switch_branch(repository, "behind")
        assert merge_commit(repository, ids[6], "m").outcome is Outcome.FAST_FORWARD
        assert merge_commit(repository, ids[4], "m").outcome is Outcome.UP_TO_DATE


@given(st.sampled_from([2, 3]), st.integers(1, 6))
def test_crossings_without_number_are_merged_once_each(width: int, turns: int) -> None:
    merged = 0

    def counted(*arguments: Any, **options: Any) -> Any:
        nonlocal merged
        merged += 1
        return original(*arguments, **options)

    original = base_trees.merge_trees
    with pytest.MonkeyPatch.context() as patch, new_repository() as repository:
        patch.setattr(base_trees, "merge_trees", counted)
        history = crossed(width, turns)
        value_of(repository, history, len(history) - 1, len(history) - 1 - (width - 1))
    assert merged <= turns * (width - 1)


def test_histories_may_have_crossed_more_often_than_functions_can_call_each_other() -> None:
    history = crossed(2, 150)
    with new_repository() as repository:
        draft, ids = made(repository, history)
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(len(inspect.stack()) + 100)
        try:
            base_tree(draft, ids[-1], ids[-2])
        finally:
            sys.setrecursionlimit(limit)


def crossed(width: int, turns: int) -> Valued:
    """So many people who all merge all others so often, and settle it each in a way of their own."""
    history: Valued = [(0, [], 0)]
    tips = [0] * width
    for turn in range(turns + 1):
        before = list(tips)
        for one in range(width):
            for other in range(width):
                if other != one or turn == 0:
                    parents = [tips[one]] if turn == 0 else [tips[one], before[other]]
                    history.append((len(history), parents, len(history)))
                    tips[one] = len(history) - 1
    return history
