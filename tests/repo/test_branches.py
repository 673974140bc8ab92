"""Names of commits that change: renamed and deleted branches and tags."""

from collections.abc import Callable

import pytest
from support.repositories import descriptions, paths, put, snapshot

from dvcore.errors import ExistsError, InvalidInputError, NotFoundError, StateError
from dvcore.history.merging import abort_merge, merge_commit
from dvcore.ids import CommitId
from dvcore.model.definition import Definition
from dvcore.repo.branches import (
    create_branch,
    create_tag,
    delete_branch,
    delete_tag,
    list_branches,
    list_tags,
    rename_branch,
    switch_branch,
)
from dvcore.repo.commits import commit_working, head_commit
from dvcore.repo.projects import create_project
from dvcore.repo.repository import Repository
from dvcore.repo.undoing import redo_newest, undo_newest


def committed(repository: Repository, name: str) -> CommitId:
    put(repository, name)
    return commit_working(repository, name)


def names(repository: Repository) -> list[str]:
    return [one.name for one in list_branches(repository)]


def test_a_branch_is_renamed_with_its_work(repository: Repository) -> None:
    head = committed(repository, "a.jpg")
    put(repository, "uncommitted.jpg")
    create_branch(repository, "try", head)
    rename_branch(repository, "main", "trunk")
    assert descriptions(repository)[0] == "branch: rename main to trunk"
    assert (names(repository), repository.branch(), head_commit(repository)) == (["trunk", "try"], "trunk", head)
    assert paths(repository) == ["a.jpg", "uncommitted.jpg"]
    rename_branch(repository, "try", "main")
    assert (names(repository), repository.branch()) == (["main", "trunk"], "trunk")


def test_renaming_is_one_operation(repository: Repository) -> None:
    committed(repository, "a.jpg")
    before = list_branches(repository)
    rename_branch(repository, "main", "trunk")
    after = list_branches(repository)
    undo_newest(repository)
    assert (list_branches(repository), repository.branch()) == (before, "main")
    redo_newest(repository)
    assert (list_branches(repository), repository.branch()) == (after, "trunk")


def test_a_branch_without_commits_is_renamed(repository: Repository) -> None:
    put(repository, "a.jpg")
    rename_branch(repository, "main", "trunk")
    assert (names(repository), head_commit(repository), paths(repository)) == (["trunk"], None, ["a.jpg"])
    commit_working(repository, "first")
    switch_branch(repository, "trunk")


def test_names_that_a_branch_cannot_get(repository: Repository) -> None:
    head = committed(repository, "a.jpg")
    create_branch(repository, "try", head)
    create_tag(repository, "v1", head)
    for taken in ("try", "main", "v1"):
        with pytest.raises(ExistsError, match=taken):
            rename_branch(repository, "main", taken)
    odd = ("HEAD", "WORK", "-d", "a b", "a//b", "a~1", "nuts@1", "", "ä", "a\nb", "a" * 201)
    for bad in (*odd, head.hex(), head.hex()[::-1]):
        with pytest.raises(InvalidInputError, match="cannot be the name of a branch"):
            rename_branch(repository, "main", bad)
    with pytest.raises(NotFoundError, match="did you mean 'try'"):
        rename_branch(repository, "tri", "other")
    assert names(repository) == ["main", "try"]


def test_a_branch_whose_commits_would_be_lost_stays(repository: Repository) -> None:
    create_branch(repository, "try", committed(repository, "a.jpg"))
    switch_branch(repository, "try")
    committed(repository, "b.jpg")
    head = committed(repository, "c.jpg")
    switch_branch(repository, "main")
    with pytest.raises(StateError, match=r"nothing but the branch 'try' leads to 2 commits of it; --force"):
        delete_branch(repository, "try")
    delete_branch(repository, "try", force=True)
    undo_newest(repository)
    create_tag(repository, "kept", head)
    delete_branch(repository, "try")
    assert names(repository) == ["main"]


def test_a_clock_that_was_wrong_keeps_no_branch() -> None:
    """The second commit of `main` says that it is older than the first, where `try` stands."""
    times = iter([1_000, 1_001, 1_002, 5, 6, 2_000, 2_001])
    with Repository.in_memory(clock=lambda: next(times)) as repository:
        create_branch(repository, "try", committed(repository, "a.jpg"))
        committed(repository, "b.jpg")
        delete_branch(repository, "try")
        assert names(repository) == ["main"]


def test_another_branch_or_a_snapshot_keeps_commits(repository: Repository) -> None:
    create_project(repository, "nuts", Definition())
    create_branch(repository, "try", committed(repository, "a.jpg"))
    switch_branch(repository, "try")
    head = committed(repository, "b.jpg")
    create_branch(repository, "twin", head)
    switch_branch(repository, "main")
    delete_branch(repository, "try")
    with pytest.raises(StateError, match="leads to a commit of it"):
        delete_branch(repository, "twin")
    snapshot(repository, "nuts", head)
    delete_branch(repository, "twin")
    assert names(repository) == ["main"]


def test_a_branch_without_commits_or_work_is_deleted(repository: Repository) -> None:
    put(repository, "a.jpg")
    head = commit_working(repository, "first")
    undo_newest(repository)
    undo_newest(repository)
    create_branch(repository, "try", head)
    switch_branch(repository, "try")
    delete_branch(repository, "main")
    assert names(repository) == ["try"]


def test_a_tag_is_deleted(repository: Repository) -> None:
    head = committed(repository, "a.jpg")
    create_tag(repository, "first", head)
    assert delete_tag(repository, "first") == head
    assert list_tags(repository) == []
    assert descriptions(repository)[0] == "tag: delete first"
    undo_newest(repository)
    assert list_tags(repository) == [("first", head)]
    with pytest.raises(NotFoundError, match="no tag 'fist'; did you mean 'first'"):
        delete_tag(repository, "fist")


@pytest.mark.parametrize(
    "act",
    [
        lambda repository, _: commit_working(repository, "second"),
        lambda repository, first: merge_commit(repository, first, "m"),
        lambda repository, _: abort_merge(repository),
        lambda repository, _: put(repository, "b.jpg"),
        lambda repository, _: repository.working_tree(),
    ],
)
def test_a_branch_that_got_another_name_meanwhile(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, act: Callable[[Repository, CommitId], object]
) -> None:
    """Somebody renames it when its name was looked up: that is no damage."""
    first = committed(repository, "a.jpg")
    branch = repository.branch()
    monkeypatch.setattr(type(repository), "branch", lambda _: branch)
    rename_branch(repository, branch, "trunk")
    with pytest.raises(NotFoundError, match="the branch 'main' was deleted or renamed meanwhile"):
        act(repository, first)
    monkeypatch.undo()
    assert (repository.branch(), paths(repository), head_commit(repository)) == ("trunk", ["a.jpg"], first)
