"""Refs of remotes as they were last seen: as revisions, in lists, and to the check."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.damage import overwrite, take_snapshots
from support.repositories import put

from dvcore.encoding import encode
from dvcore.errors import InvalidInputError, NotFoundError
from dvcore.ids import CommitId
from dvcore.repo.ancestry import count_beyond
from dvcore.repo.branches import create_branch, create_tag, delete_branch
from dvcore.repo.cells import (
    check_ref_name,
    place_cell,
    remote_cell,
    seen_cell,
    set_cell,
)
from dvcore.repo.check import check_repository
from dvcore.repo.commits import commit_working, head_commit
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import resolve_commit, resolve_revision
from dvcore.repo.tracking import list_remote_branches, list_upstreams
from dvcore.store import Table, seal


def track(repository: Repository, refs: Mapping[str, CommitId | None]) -> None:
    def action(transaction: Any) -> None:
        for ref, commit in refs.items():
            remote, _, name = ref.partition("/")
            set_cell(transaction, remote_cell(remote, name), commit)

    repository.store.update(action)


@pytest.fixture
def commits(repository: Repository) -> list[CommitId]:
    """Three commits on main, the oldest first."""
    made = []
    for number in range(3):
        put(repository, f"{number}.jpg")
        made.append(commit_working(repository, f"number {number}"))
    return made


def test_as_revisions(repository: Repository, commits: list[CommitId]) -> None:
    take_snapshots(repository, 1)
    taken = resolve_commit(repository, "kinds@1")
    track(
        repository,
        {
            "origin/heads/main": commits[1],
            "origin/heads/topic/deep": commits[0],
            "origin/tags/v1": commits[2],
            "origin/tags/main": commits[2],
            "origin/projects/kinds": taken,
            "origin/snapshots/kinds/3": taken,
            "nas/heads/main": commits[2],
        },
    )
    expected = {
        "origin/main": commits[1],  # before the tag of that name
        "origin/main~1": commits[0],
        "origin/topic/deep": commits[0],
        "origin/v1": commits[2],
        "origin/kinds@3": taken,
        "nas/main": commits[2],
    }
    assert {text: resolve_commit(repository, text) for text in expected} == expected
    assert resolve_revision(repository, "origin/kinds@3").snapshot is None
    for text in ("origin", "origin/", "origin/kinds", "origin/kinds@1", "/main", "nas/v1", "origin/heads/main"):
        with pytest.raises(NotFoundError):
            resolve_commit(repository, text)
    with pytest.raises(NotFoundError) as caught:
        resolve_commit(repository, "orign/main")
    assert caught.value.hint == "did you mean 'origin/main'?"


def test_ours_come_first(repository: Repository, commits: list[CommitId]) -> None:
    track(repository, {"origin/heads/main": commits[0], "origin/heads/v1": commits[0]})
    create_branch(repository, "origin/main", commits[1])
    create_tag(repository, "origin/v1", commits[2])
    assert resolve_commit(repository, "origin/main") == commits[1]
    assert resolve_commit(repository, "origin/v1") == commits[2]


def test_lists(repository: Repository, commits: list[CommitId]) -> None:
    track(
        repository,
        {
            "origin/heads/main": commits[1],
            "origin/heads/side": commits[0],
            "origin/tags/main": commits[0],
            "nas/heads/main": commits[2],
        },
    )
    listed = [(one.revision, one.branch, one.commit) for one in list_remote_branches(repository)]
    assert listed == [
        ("nas/main", "main", commits[2]),
        ("origin/main", "main", commits[1]),
        ("origin/side", "side", commits[0]),
    ]
    assert [one.revision for one in list_upstreams(repository, "main")] == ["nas/main", "origin/main"]
    assert list_upstreams(repository, "other") == []


def test_a_branch_whose_commits_a_remote_has_can_be_deleted(repository: Repository, commits: list[CommitId]) -> None:
    create_branch(repository, "side", commits[2])
    put(repository, "x.jpg")
    newest = commit_working(repository, "x")
    create_branch(repository, "away", newest)
    track(repository, {"origin/heads/away": newest})
    delete_branch(repository, "away")
    assert count_beyond(repository.objects, newest, commits) == 1


def test_names_of_remotes() -> None:
    for name in ("origin", "nas-2", "a.b"):
        assert check_ref_name("remote", name) == name
    for name in ("a/b", "", "-a", "a b", "..", "HEAD", "a@b", "ä", "a" * 201):
        with pytest.raises(InvalidInputError):
            check_ref_name("remote", name)


@pytest.mark.parametrize("ref", ["heads/main", "tags/v1", "projects/kinds", "snapshots/kinds/7"])
def test_the_check_follows_them(damaged: Repository, ref: str) -> None:
    take_snapshots(damaged, 1)
    cell = remote_cell("origin", ref)
    commit = resolve_commit(damaged, "kinds@1")
    damaged.store.update(lambda transaction: set_cell(transaction, cell, commit))
    assert check_repository(damaged) == [], "no operation has to have put it there, nor given the number"
    damaged.store.update(lambda transaction: set_cell(transaction, cell, b"\0" * 32))
    (problem,) = check_repository(damaged)
    assert problem.name == "0" * 64
    assert str(problem).endswith(f"concerns remote ref origin/{ref}; commits 000000000000")
    damaged.store.update(lambda transaction: set_cell(transaction, cell, None))


def test_remote_refs_lead_to_commits_of_their_sort(damaged: Repository) -> None:
    take_snapshots(damaged, 1)
    plain = head_commit(damaged)
    for ref in ("projects/kinds", "snapshots/kinds/1"):
        cell = remote_cell("origin", ref)
        damaged.store.update(lambda transaction, cell=cell: set_cell(transaction, cell, plain))  # type: ignore[misc]
        (problem,) = check_repository(damaged)
        assert (problem.name, "has no definition" in problem.reason) == (cell, True)
        damaged.store.update(lambda transaction, cell=cell: set_cell(transaction, cell, None))  # type: ignore[misc]


@pytest.mark.parametrize(
    ("cell", "value", "expected"),
    [
        (remote_cell("origin", "heads/main"), b"short", "cell 'ref/remotes/origin/heads/main'"),
        (remote_cell("origin", "heads/main"), "text", "cell 'ref/remotes/origin/heads/main'"),
        (remote_cell("origin", "other/x"), b"\0" * 32, "it is unknown to this version"),
        ("ref/remotes/origin", b"\0" * 32, "it is unknown to this version"),
        ("ref/other/x", b"\0" * 32, "it is unknown to this version"),
        (seen_cell("origin"), b"x", "it holds no state of a remote"),
        (seen_cell("origin"), [b"\0" * 31, 1, b""], "no id"),
        (seen_cell("origin"), [b"\0" * 32, -1, b""], "it holds no state of a remote"),
        (seen_cell("origin"), [b"\0" * 32, 1], "it holds no state of a remote"),
        (place_cell("kinds", 1), "no-url", "it holds neither an absolute path nor a URL"),
    ],
)
def test_a_cell_of_a_remote_that_cannot_be_right(damaged: Repository, cell: str, value: object, expected: str) -> None:
    take_snapshots(damaged, 1)
    overwrite(damaged.store, Table.CELLS, cell.encode(), seal(cell, encode(value)))
    assert expected in "\n".join(map(str, check_repository(damaged)))


def test_sound_cells_of_remotes(damaged: Repository) -> None:
    take_snapshots(damaged, 1)
    for cell, value in {
        seen_cell("origin"): [b"\0" * 32, 1, b"\0" * 16],
        place_cell("kinds", 1): "s3://bucket/kinds",
        remote_cell("origin", "snapshots/kinds/9"): resolve_commit(damaged, "kinds@1"),
    }.items():
        overwrite(damaged.store, Table.CELLS, cell.encode(), seal(cell, encode(value)))
    assert check_repository(damaged) == []
