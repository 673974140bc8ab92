"""A commit taken back, and done again."""

from datetime import timedelta

import pytest
from support.repositories import descriptions, label, labels_at, paths, put, snapshot

from dvcore.errors import InvalidInputError, StateError
from dvcore.history.merging import Outcome, merge_commit
from dvcore.history.reverting import cherry_pick, revert
from dvcore.history.settling import Strategy
from dvcore.ids import CommitId
from dvcore.model.definition import Definition
from dvcore.repo.annotating import Annotation, annotate
from dvcore.repo.branches import create_branch, switch_branch
from dvcore.repo.commits import commit_working, head_commit
from dvcore.repo.gc import collect_garbage
from dvcore.repo.projects import create_project
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import resolve_commit
from dvcore.repo.undoing import redo_newest, undo_newest


def committed(repository: Repository, name: str) -> CommitId:
    put(repository, name)
    return commit_working(repository, f"add {name}\n\nand more")


def labelled(repository: Repository, path: str, *labels: str) -> CommitId:
    label(repository, path, *labels)
    return commit_working(repository, f"{path} is {', '.join(labels)}")


@pytest.fixture
def sides(repository: Repository) -> tuple[CommitId, CommitId]:
    """A file, and two branches: `main` and the current `side`, which are at these commits."""
    base = committed(repository, "a.jpg")
    create_branch(repository, "side", base)
    main = committed(repository, "main.jpg")
    switch_branch(repository, "side")
    return main, committed(repository, "side.jpg")


def test_what_a_commit_did_is_taken_back_and_what_came_after_stays(repository: Repository) -> None:
    committed(repository, "a.jpg")
    wrong = labelled(repository, "a.jpg", "walnut")
    committed(repository, "b.jpg")
    before = head_commit(repository)
    report = revert(repository, wrong)
    assert (report.outcome, report.commit) == (Outcome.COMMITTED, head_commit(repository))
    assert (paths(repository), labels_at(repository, "a.jpg")) == (["a.jpg", "b.jpg"], [])
    assert report.commit is not None
    commit = repository.objects.load_commit(report.commit)
    assert commit.parents == (before,)
    assert commit.message == f'Revert "a.jpg is walnut"\n\nThis takes back the commit {wrong.hex()}.'
    assert descriptions(repository)[0] == f"revert: {wrong.hex()[:12]}"


def test_taking_back_twice_brings_it_again(repository: Repository) -> None:
    committed(repository, "a.jpg")
    wrong = labelled(repository, "a.jpg", "walnut")
    state = repository.working_tree().id
    back = revert(repository, wrong).commit
    assert back is not None
    revert(repository, back)
    assert repository.working_tree().id == state


def test_the_first_commit_is_taken_back(repository: Repository) -> None:
    first = committed(repository, "a.jpg")
    committed(repository, "b.jpg")
    revert(repository, first)
    assert paths(repository) == ["b.jpg"]


def test_a_commit_is_done_on_another_branch(repository: Repository, sides: tuple[CommitId, CommitId]) -> None:
    main, side = sides
    report = cherry_pick(repository, main)
    assert paths(repository) == ["a.jpg", "main.jpg", "side.jpg"]
    assert report.commit is not None
    commit = repository.objects.load_commit(report.commit)
    assert commit.parents == (side,)
    assert commit.message == (
        f"add main.jpg\n\nand more\n\nDone before as the commit {main.hex()} of Ada <ada@example.org>."
    )
    assert descriptions(repository)[0] == f"cherry-pick: {main.hex()[:12]}"
    with pytest.raises(StateError, match="nothing to commit"):
        cherry_pick(repository, main)


def test_another_message(repository: Repository, sides: tuple[CommitId, CommitId]) -> None:
    report = cherry_pick(repository, sides[0], message="mine")
    assert report.commit is not None
    assert repository.objects.load_commit(report.commit).message == "mine"


def test_each_is_one_operation(repository: Repository, sides: tuple[CommitId, CommitId]) -> None:
    for action in (cherry_pick, lambda one, _: revert(one, sides[1])):
        before = (repository.working_tree().id, head_commit(repository))
        action(repository, sides[0])
        after = (repository.working_tree().id, head_commit(repository))
        undo_newest(repository)
        assert (repository.working_tree().id, head_commit(repository)) == before
        redo_newest(repository)
        assert (repository.working_tree().id, head_commit(repository)) == after


def test_conflicts_go_the_way_of_a_merge(repository: Repository) -> None:
    committed(repository, "a.jpg")
    wrong = labelled(repository, "a.jpg", "walnut")
    annotate(repository, [("a.jpg",)], Annotation(relabel={"walnut": "almond"}))
    head = commit_working(repository, "it was an almond")
    report = revert(repository, wrong)
    assert (report.outcome, report.commit, head_commit(repository)) == (Outcome.CONFLICTS, None, head)
    assert labels_at(repository, "a.jpg") == ["almond"]
    with pytest.raises(StateError, match="not settled"):
        commit_working(repository, "no")
    undo_newest(repository)
    revert(repository, wrong, strategy=Strategy.OURS)
    assert labels_at(repository, "a.jpg") == ["almond"]
    undo_newest(repository)
    revert(repository, wrong, strategy=Strategy.THEIRS)
    assert labels_at(repository, "a.jpg") == []


def test_the_first_commit_in_conflict(repository: Repository) -> None:
    """The empty tree, which it is compared with, is one of those that the working state refers to."""
    first = committed(repository, "a.jpg")
    labelled(repository, "a.jpg", "almond")
    collect_garbage(repository, keep_operations=timedelta(0))
    assert revert(repository, first).outcome is Outcome.CONFLICTS


def test_a_merge_needs_to_be_told_its_parent(repository: Repository, sides: tuple[CommitId, CommitId]) -> None:
    main, side = sides
    merge = merge_commit(repository, main, "both").commit
    assert merge is not None
    listed = f"1 is {side.hex()[:12]}, 2 is {main.hex()[:12]}"
    for action in (revert, cherry_pick):
        with pytest.raises(StateError, match=f"the merge {merge.hex()[:12]} has several parents; .*{listed}"):
            action(repository, merge)
        with pytest.raises(InvalidInputError, match=f"{listed}, and no number 3"):
            action(repository, merge, parent=3)
    revert(repository, merge, parent=1)
    assert paths(repository) == ["a.jpg", "side.jpg"]
    undo_newest(repository)
    revert(repository, merge, parent=2)
    assert paths(repository) == ["a.jpg", "main.jpg"]


def test_parents_that_are_not_there(repository: Repository) -> None:
    first = committed(repository, "a.jpg")
    with pytest.raises(InvalidInputError, match="has no parent, and no number 1"):
        revert(repository, first, parent=1)
    second = committed(repository, "b.jpg")
    revert(repository, second, parent=1)
    assert paths(repository) == ["a.jpg"]


def test_commits_of_projects_did_nothing_to_the_files(repository: Repository) -> None:
    head = committed(repository, "a.jpg")
    create_project(repository, "nuts", Definition())
    snapshot(repository, "nuts", head)
    taken = resolve_commit(repository, "nuts@1")
    with pytest.raises(StateError, match=r"the snapshot .* has several parents"):
        revert(repository, taken)
    (chain, _) = repository.objects.load_commit(taken).parents
    with pytest.raises(InvalidInputError, match="defines a project"):
        cherry_pick(repository, chain)


def test_uncommitted_work_is_not_mixed_with_it(repository: Repository) -> None:
    first = committed(repository, "a.jpg")
    put(repository, "b.jpg")
    with pytest.raises(StateError, match="uncommitted changes"):
        revert(repository, first)
