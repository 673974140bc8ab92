"""Merges as operations: what becomes of branch, working state and log."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from support.merges import commit, merge_once, new_repository, on_branch
from support.repositories import assert_sound, descriptions, file_at, paths, put
from support.steps import boxes, bring, draw, edit, move, remove, steps

from dvcore.errors import InvalidInputError, NotFoundError, StateError
from dvcore.history import merging
from dvcore.history.base_trees import base_tree
from dvcore.history.conflict_paths import Chosen
from dvcore.history.merging import Outcome, abort_merge, apply_change, merge_commit
from dvcore.history.resolution import Side
from dvcore.history.resolving import resolve
from dvcore.history.settling import Strategy
from dvcore.ids import CommitId
from dvcore.model.annotations import decode_instance
from dvcore.model.geometry import Box
from dvcore.model.names import ROOT
from dvcore.repo.ancestry import merge_bases
from dvcore.repo.branches import create_branch, delete_branch, switch_branch
from dvcore.repo.commits import commit_working, head_commit
from dvcore.repo.gc.collecting import collect_garbage
from dvcore.repo.objects import Objects
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.repo.undoing import redo_newest, undo_newest

CLASH = (steps(bring("a.jpg"), draw("a.jpg", "nut", 1)), edit("a.jpg", 1, "nut", 2), edit("a.jpg", 1, "nut", 3))


def begun(repository: Repository) -> CommitId:
    """A repository in the midst of a merge with one conflict; the commit that is merged."""
    base, ours, theirs = CLASH
    base(repository)
    commit(repository)
    other = on_branch(repository, "theirs", theirs)
    ours(repository)
    commit(repository)
    assert merge_commit(repository, other, "bring theirs in").outcome is Outcome.CONFLICTS
    return other


def test_a_merge_is_one_operation(repository: Repository) -> None:
    put(repository, "a.jpg")
    commit(repository)
    other = on_branch(repository, "theirs", bring("b.jpg"))
    put(repository, "c.jpg")
    ours = commit(repository)
    report = merge_commit(repository, other, "both")
    made = repository.objects.load_commit(head_commit(repository))  # type: ignore[arg-type]
    assert (report.outcome, made.parents, made.message) == (Outcome.COMMITTED, (ours, other), "both")
    assert paths(repository) == ["a.jpg", "b.jpg", "c.jpg"]
    assert undo_newest(repository).description == f"merge: {other.hex()[:12]}"
    assert (paths(repository), head_commit(repository)) == (["a.jpg", "c.jpg"], ours)
    redo_newest(repository)
    assert head_commit(repository) == report.commit


def test_fast_forward_unless_told_not_to(repository: Repository) -> None:
    put(repository, "a.jpg")
    first = commit(repository)
    other = on_branch(repository, "theirs", bring("b.jpg"))
    assert merge_commit(repository, other, "m").outcome is Outcome.FAST_FORWARD
    assert head_commit(repository) == other
    undo_newest(repository)
    report = merge_commit(repository, other, "m", fast_forward=False)
    assert repository.objects.load_commit(report.commit).parents == (first, other)  # type: ignore[arg-type]


def test_a_branch_without_commits_becomes_the_other(repository: Repository) -> None:
    put(repository, "a.jpg")
    first = commit(repository)
    undo_newest(repository)
    undo_newest(repository)
    assert merge_commit(repository, first, "m").outcome is Outcome.FAST_FORWARD
    assert paths(repository) == ["a.jpg"]


def test_uncommitted_changes_are_refused(repository: Repository) -> None:
    put(repository, "a.jpg")
    first = commit(repository)
    put(repository, "b.jpg")
    with pytest.raises(StateError, match="uncommitted changes"):
        merge_commit(repository, first, "m")
    assert paths(repository) == ["a.jpg", "b.jpg"]


def test_a_merge_needs_a_message(repository: Repository) -> None:
    put(repository, "a.jpg")
    with pytest.raises(InvalidInputError, match="message"):
        merge_commit(repository, commit(repository), "  ")


def test_conflicts_are_in_the_working_state_alone_until_they_are_settled(repository: Repository) -> None:
    other = begun(repository)
    before = head_commit(repository)
    with pytest.raises(StateError, match="1 conflict of the merge"):
        commit_working(repository, "too early")
    with pytest.raises(StateError, match="begun already"):
        merge_commit(repository, other, "again")
    assert head_commit(repository) == before
    resolve(repository, Chosen(paths=[ROOT]), Side.THEIRS)
    made = repository.objects.load_commit(commit_working(repository))
    assert (made.parents, made.message) == ((before, other), "bring theirs in")
    tree = repository.working_tree()
    assert (tree.id, tree.tree.merging) == (made.tree, None)
    assert boxes(repository, "a.jpg") == ["nut@3"]


def test_a_merge_whose_result_is_ours_is_committed_all_the_same(repository: Repository) -> None:
    other = begun(repository)
    resolve(repository, Chosen(paths=[ROOT]), Side.OURS)
    made = commit_working(repository, "ours")
    assert repository.objects.load_commit(made).parents[1] == other
    assert merge_commit(repository, other, "again").outcome is Outcome.UP_TO_DATE


def test_a_merge_is_given_up(repository: Repository) -> None:
    put(repository, "z.jpg")
    with pytest.raises(StateError, match="no merge"):
        abort_merge(repository)
    begun(repository)
    abort_merge(repository)
    assert boxes(repository, "a.jpg") == ["nut@2"]
    assert repository.working_tree().tree.merging is None
    assert descriptions(repository)[0] == "merge: given up"
    undo_newest(repository)
    assert repository.working_tree().tree.merging is not None


def test_undo_in_the_midst_of_a_merge_and_redo(repository: Repository) -> None:
    begun(repository)
    midst = repository.working_tree().id
    undo_newest(repository)
    assert repository.working_tree().tree.merging is None
    redo_newest(repository)
    assert repository.working_tree().id == midst


def test_each_branch_has_a_merge_of_its_own(repository: Repository) -> None:
    begun(repository)
    switch_branch(repository, "theirs")
    assert repository.working_tree().tree.merging is None
    switch_branch(repository, "main")
    assert repository.working_tree().tree.merging is not None


def test_a_collection_in_the_midst_of_a_merge_keeps_what_it_needs(repository: Repository) -> None:
    put(repository, "gone.jpg")
    base, ours, theirs = CLASH
    base(repository)
    commit(repository)
    file = file_at(repository, "gone.jpg")
    other = on_branch(repository, "theirs", steps(theirs, draw("gone.jpg", "nut", 7)))
    steps(ours, remove("gone.jpg"))(repository)
    commit(repository)
    merge_commit(repository, other, "m")
    delete_branch(repository, "theirs", force=True)
    collect_garbage(repository, keep_operations=timedelta())
    assert_sound(repository)
    resolve(repository, Chosen(files=[file]), Side.THEIRS)
    assert boxes(repository, "gone.jpg") == ["nut@7"]
    resolve(repository, Chosen(paths=[ROOT]), Side.BASE)
    assert repository.objects.load_commit(commit_working(repository)).parents[1] == other


def test_a_branch_that_moves_meanwhile_makes_the_merge_be_planned_anew(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(repository, "a.jpg")
    commit(repository)
    other = on_branch(repository, "theirs", bring("b.jpg"))
    put(repository, "c.jpg")
    commit(repository)
    plans: list[object] = []

    def overtaken(*args: object, **kwargs: object) -> object:
        if not plans:
            put(repository, "d.jpg")
            commit(repository)
        plans.append(args)
        return plain(*args, **kwargs)  # type: ignore[operator]

    plain: Callable[..., object] = merging.merge_trees
    monkeypatch.setattr(merging, "merge_trees", overtaken)
    merge_commit(repository, other, "m")
    assert len(plans) == 2
    assert paths(repository) == ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]


def test_a_commit_is_done_again_and_taken_back(repository: Repository) -> None:
    put(repository, "a.jpg", "b.jpg")
    first = commit(repository)
    other = on_branch(repository, "theirs", steps(draw("a.jpg", "nut", 1), move("b.jpg", "d/b.jpg")))
    put(repository, "c.jpg")
    commit(repository)
    before, after = (repository.objects.load_commit(one).tree for one in (first, other))
    done = apply_change(repository, "cherry-pick", "again", before=before, after=after)
    assert done.outcome is Outcome.COMMITTED
    assert paths(repository) == ["a.jpg", "c.jpg", "d/b.jpg"]
    assert len(repository.objects.load_commit(done.commit).parents) == 1  # type: ignore[arg-type]
    with pytest.raises(StateError, match="changes nothing"):
        apply_change(repository, "cherry-pick", "again", before=before, after=after)
    apply_change(repository, "revert", "back", before=after, after=before)
    assert paths(repository) == ["a.jpg", "b.jpg", "c.jpg"]
    assert boxes(repository, "a.jpg") == []


def test_conflicts_of_a_revert_are_settled_from_trees_that_nothing_else_keeps(repository: Repository) -> None:
    put(repository, "a.jpg")
    before = repository.working_tree().id
    commit(repository)
    put(repository, "d/b.jpg")
    after = repository.objects.load_commit(commit(repository)).tree
    file = file_at(repository, "d/b.jpg")
    draw("d/b.jpg", "nut", 1)(repository)
    commit(repository)
    report = apply_change(repository, "revert", "back", before=after, after=before)
    assert report.outcome is Outcome.CONFLICTS
    resolve(repository, Chosen(files=[file]), Side.THEIRS)
    made = repository.objects.load_commit(commit_working(repository))
    assert (len(made.parents), made.message, paths(repository)) == (1, "back", ["a.jpg"])


def test_histories_that_crossed_are_compared_with_what_their_bases_make(repository: Repository) -> None:
    put(repository, "z.jpg")
    commit(repository)
    left = on_branch(repository, "left", bring("l.jpg"))
    right = on_branch(repository, "right", bring("r.jpg"))
    switch_branch(repository, "left")
    merge_commit(repository, right, "right into left")
    switch_branch(repository, "right")
    merge_commit(repository, left, "left into right", fast_forward=False)
    remove("l.jpg")(repository)
    crossed = commit(repository)
    switch_branch(repository, "left")
    draw("r.jpg", "nut", 1)(repository)
    here = commit(repository)
    assert merge_bases(repository.objects, here, crossed) == [right, left]
    draft = repository.draft()
    base = TreeReader(Objects(draft), base_tree(draft, here, crossed))
    assert [path for path, _ in base.iter_files()] == [("l.jpg",), ("r.jpg",), ("z.jpg",)]
    assert merge_commit(repository, crossed, "m").outcome is Outcome.COMMITTED
    assert paths(repository) == ["r.jpg", "z.jpg"]
    assert boxes(repository, "r.jpg") == ["nut@1"]


def test_what_crossing_histories_settled_otherwise_is_as_it_was_in_their_base(repository: Repository) -> None:
    base, ours, theirs = CLASH
    base(repository)
    commit(repository)
    left = on_branch(repository, "left", ours)
    right = on_branch(repository, "right", theirs)
    for branch, other, strategy in (("left", right, Strategy.OURS), ("right", left, Strategy.THEIRS)):
        switch_branch(repository, branch)
        merge_commit(repository, other, "m", strategy=strategy)
    # Both have settled it alike by now: nothing is left to disagree about.
    assert merge_commit(repository, _head_of(repository, "left"), "m").outcome is Outcome.COMMITTED
    assert boxes(repository, "a.jpg") == ["nut@2"]


def test_what_crossing_histories_settled_in_two_ways_is_a_conflict_again(repository: Repository) -> None:
    base, ours, theirs = CLASH
    base(repository)
    commit(repository)
    left = on_branch(repository, "left", ours)
    right = on_branch(repository, "right", theirs)
    for branch, other in (("left", right), ("right", left)):
        switch_branch(repository, branch)
        merge_commit(repository, other, "m", strategy=Strategy.OURS)
    report = merge_commit(repository, _head_of(repository, "left"), "m")
    (sides,) = report.conflicts.values()
    found = [decode_instance(side).geometry for side in sides if side is not None]
    assert [one.x for one in found if isinstance(one, Box)] == [1, 3, 2]


def _head_of(repository: Repository, branch: str) -> CommitId:
    here = repository.branch()
    switch_branch(repository, branch)
    found = head_commit(repository)
    switch_branch(repository, here)
    assert found is not None
    return found


def test_ancestors(repository: Repository) -> None:
    put(repository, "a.jpg")
    first = commit(repository)
    other = on_branch(repository, "theirs", bring("b.jpg"))
    put(repository, "c.jpg")
    third = commit(repository)
    assert merge_bases(repository.objects, third, other) == [first]
    assert merge_bases(repository.objects, first, third) == [first]
    assert merge_bases(repository.objects, third, third) == [third]
    assert merge_bases(repository.objects, third, first) == [first]
    assert merge_bases(repository.objects, other, third) == [first]


def test_bases_are_found_at_the_cost_of_what_lies_between() -> None:
    repository = new_repository()
    for number in range(60):
        put(repository, f"{number}.jpg")
        commit(repository)
    other = on_branch(repository, "theirs", bring("b.jpg"))
    put(repository, "c.jpg")
    here = commit(repository)
    read: list[bytes] = []

    class Counting:
        def read(self, object_id: bytes) -> bytes:
            read.append(object_id)
            return repository.objects.read(object_id)

    assert len(merge_bases(Objects(Counting()), here, other)) == 1
    assert len(set(read)) < 6


def test_unrelated_histories_have_no_base(repository: Repository) -> None:
    put(repository, "a.jpg")
    first = commit(repository)
    create_branch(repository, "other", first)
    undo_newest(repository)
    undo_newest(repository)
    put(repository, "b.jpg")
    second = commit(repository)
    assert merge_bases(repository.objects, first, second) == []
    assert merge_commit(repository, first, "m").outcome is Outcome.COMMITTED
    assert paths(repository) == ["a.jpg", "b.jpg"]


def test_an_unknown_conflict_is_named() -> None:
    repository = merge_once(*CLASH).repository
    with pytest.raises(NotFoundError, match=r"'b\.jpg'"):
        resolve(repository, Chosen(paths=[("b.jpg",)]), Side.OURS)
