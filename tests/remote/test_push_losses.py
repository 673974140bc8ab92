"""A ref does not go from a remote as long as it is all that leads to images which somebody here needs."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.pushes import commit, opened, push_refs
from support.remotes import refs_of
from support.repositories import AUTHOR, ticking

from dvcore.errors import StateError
from dvcore.remote.absence.evicting import evict
from dvcore.remote.exchange.push import PushRef, PushReport, push
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.roots.commit import commit_root
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.repo.branches import create_branch, delete_branch, switch_branch
from dvcore.repo.cells import set_cell, work_cell
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import resolve_commit


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def repository(tmp_path: Path, storage: MemoryStorage) -> Iterator[Repository]:
    """With one commit, of which no image is here."""
    with Repository.init(tmp_path / "repository", author=AUTHOR, clock=ticking()) as made:
        commit(made, "a", "b")
        push_refs(made, storage)
        evict(made, storage, IndexCache(None), "origin")
        assert made.blobs.count_absent() == 2
        yield made


def delete(repository: Repository, storage: MemoryStorage, ref: str = "heads/main", name: str = "origin") -> PushReport:
    return push(repository, storage, name, [PushRef(ref, None)], leases={ref: opened(storage).root.refs[ref]})


def test_what_alone_leads_to_absent_images_stays(repository: Repository, storage: MemoryStorage) -> None:
    with pytest.raises(StateError, match=r"2 blobs \(.*\) are not here, .* only the branch 'main' leads to them"):
        delete(repository, storage)
    assert list(opened(storage).root.refs) == ["heads/main"]


def test_what_is_here_again_may_go(repository: Repository, storage: MemoryStorage) -> None:
    with repository.writing(), repository.blobs.writer() as writer:
        writer.add_bytes(b"a")
        writer.add_bytes(b"b")
    delete(repository, storage)
    assert not opened(storage).root.refs


def test_what_another_ref_leads_to_may_lose_one(repository: Repository, storage: MemoryStorage) -> None:
    branch_off(repository)
    push_refs(repository, storage, "heads/other")
    delete(repository, storage)
    with pytest.raises(StateError, match="only the branch 'other' leads to them"):
        delete(repository, storage, "heads/other")


def test_what_another_remote_was_seen_to_have_may_go(repository: Repository, storage: MemoryStorage) -> None:
    other = MemoryStorage()
    with repository.writing(), repository.blobs.writer() as writer:
        writer.add_bytes(b"a")
        writer.add_bytes(b"b")
    push(repository, other, "other", [PushRef(ref, one) for ref, one in refs_of(repository).items()])
    evict(repository, other, IndexCache(None), "other")
    delete(repository, storage)
    with pytest.raises(StateError, match="of what is on other only"):
        delete(repository, other, name="other")


def test_a_branch_that_is_moved_back_counts_as_well(repository: Repository, storage: MemoryStorage) -> None:
    first = opened(storage).root.refs["heads/main"]
    second = commit(repository, "c")
    push_refs(repository, storage)
    evict(repository, storage, IndexCache(None), "origin")
    with pytest.raises(StateError, match=r"the blob .* is not here"):
        push(repository, storage, "origin", [PushRef("heads/main", first)], leases={"heads/main": second})
    assert opened(storage).root.refs["heads/main"] == second


def test_what_nothing_here_needs_any_more_may_go(repository: Repository, storage: MemoryStorage) -> None:
    branch_off(repository)
    commit(repository, "c")
    push_refs(repository, storage)
    evict(repository, storage, IndexCache(None), "origin")
    with pytest.raises(StateError, match="only the branch 'other' leads to them"):
        delete(repository, storage, "heads/other")
    switch_branch(repository, "main")
    delete_branch(repository, "other", force=True)
    delete(repository, storage, "heads/other")
    assert list(opened(storage).root.refs) == ["heads/main"]


def test_a_working_state_needs_what_it_holds(repository: Repository, storage: MemoryStorage) -> None:
    branch_off(repository)
    commit(repository, "c")
    push_refs(repository, storage)
    evict(repository, storage, IndexCache(None), "origin")
    switch_branch(repository, "main")
    copy_across(repository)
    delete_branch(repository, "other", force=True)
    with pytest.raises(StateError, match="only the branch 'other' leads to them"):
        delete(repository, storage, "heads/other")


def test_what_is_out_of_reach_already_does_not_keep_others(repository: Repository, storage: MemoryStorage) -> None:
    with Repository.in_memory() as another:
        refs = {"heads/theirs": commit(another, "z")}
    commit_root(storage, lambda root: replace(root, refs=refs))
    delete(repository, storage, "heads/theirs")
    assert not opened(storage).root.refs


def branch_off(repository: Repository) -> None:
    create_branch(repository, "other", resolve_commit(repository, "HEAD"))
    switch_branch(repository, "other")


def copy_across(repository: Repository) -> None:
    """What the other branch has, uncommitted."""
    tree = repository.work("other")
    repository.store.update(lambda transaction: set_cell(transaction, work_cell("main"), tree))
