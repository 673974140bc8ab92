"""Pull fetches, and merges the remote's branch into ours; uncommitted work is never mixed with it."""

from collections.abc import Iterator

import pytest
from support.datasets import drawn_repository, put_drawn
from support.fetching import change_some
from support.remotes import CountingStorage, cells_of, publish, published, refs_of
from support.repositories import assert_sound, paths

from dvcore.errors import NotFoundError, StateError
from dvcore.history.merging import Outcome
from dvcore.remote.exchange.pulling import pull
from dvcore.remote.exchange.refs import list_tracked
from dvcore.repo.branches import create_branch
from dvcore.repo.commits import commit_working
from dvcore.repo.repository import Repository


@pytest.fixture
def ours() -> Iterator[Repository]:
    """An empty repository, which must be sound when the test is through with it."""
    with Repository.in_memory(author="Bob <bob@example.org>") as made:
        yield made
        assert_sound(made)


def test_the_first_pull_is_a_fast_forward(ours: Repository) -> None:
    source = drawn_repository(None, 5)
    report = pull(ours, published(source), "origin")
    assert (report.branch, report.merged.outcome) == ("main", Outcome.FAST_FORWARD)
    assert refs_of(ours) == refs_of(source)
    assert pull(ours, published(source), "backup").merged.outcome is Outcome.UP_TO_DATE


def test_both_sides_changes_are_in_what_comes_of_it(ours: Repository) -> None:
    source = drawn_repository(None, 8)
    storage = published(source)
    pull(ours, storage, "origin")
    put_drawn(ours, 2, first=50, directory="own")
    commit_working(ours, "our own")
    change_some(source)
    publish(source, storage)
    report = pull(ours, storage, "origin", message="together")
    assert report.merged.outcome is Outcome.COMMITTED
    assert report.merged.commit is not None
    assert ours.objects.load_commit(report.merged.commit).message == "together"
    assert set(paths(source)) < set(paths(ours))


def test_another_branch_than_the_one_of_our_name(ours: Repository) -> None:
    source = drawn_repository(None, 5)
    create_branch(source, "side", refs_of(source)["heads/main"])
    report = pull(ours, published(source), "origin", "side")
    assert report.branch == "side"
    assert ours.objects.load_commit(refs_of(ours)["heads/main"]) == source.objects.load_commit(
        refs_of(source)["heads/side"]
    )


def test_uncommitted_work_is_refused_before_anything_is_asked(ours: Repository) -> None:
    put_drawn(ours, 2)
    storage = CountingStorage(published(drawn_repository(None, 5)))
    before = cells_of(ours)
    with pytest.raises(StateError, match="uncommitted changes, which pull would mix with"):
        pull(ours, storage, "origin")
    assert storage.number == 0
    assert cells_of(ours) == before


def test_a_branch_that_is_not_there_is_said_when_all_else_is_here(ours: Repository) -> None:
    source = drawn_repository(None, 5)
    with pytest.raises(NotFoundError, match="origin has no branch 'mian'"):
        pull(ours, published(source), "origin", "mian")
    assert list_tracked(ours, "origin") == refs_of(source)
    assert refs_of(ours) == {}
