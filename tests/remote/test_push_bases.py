"""What a push need not look below: commits that are whole on both sides, and no others."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from support.pushes import assert_whole, commit, opened, push_refs
from support.remotes import CountingStorage
from support.repositories import AUTHOR, ticking

from dvcore.ids import CommitId
from dvcore.remote.exchange.push_bases import find_bases
from dvcore.remote.exchange.push_refs import leads_to
from dvcore.remote.packs.names import PackKind
from dvcore.remote.roots.commit import commit_root
from dvcore.remote.roots.root import Tombstone
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.repo.branches import create_branch, switch_branch
from dvcore.repo.repository import Repository
from dvcore.store import Table

SHARED = [f"a/{number}" for number in range(50)]


@pytest.fixture
def storage() -> CountingStorage:
    return CountingStorage(MemoryStorage())


def member(storage: CountingStorage, author: str) -> Repository:
    """A repository that has what is on the remote, and its own branch, beside `main`."""
    made = Repository.in_memory(author=AUTHOR, clock=ticking())
    first = commit(made, *SHARED)
    push_refs(made, storage, "heads/main")
    create_branch(made, author, first)
    switch_branch(made, author)
    return made


def bases(repository: Repository, storage: CountingStorage, *, is_thorough: bool = True) -> set[CommitId]:
    return find_bases(repository.store, opened(storage), is_thorough=is_thorough)


def test_what_was_pushed_is_a_base(storage: CountingStorage) -> None:
    ada = member(storage, "ada")
    first = opened(storage).root.refs["heads/main"]
    assert bases(ada, storage) == {first}
    newer = commit(ada, "b")
    assert bases(ada, storage) == {first}
    push_refs(ada, storage, "heads/ada")
    assert bases(ada, storage) == {first, newer}


def test_below_what_others_pushed_is_what_both_have(storage: CountingStorage) -> None:
    """Bob never fetched what Ada made of `main`, and pushes a branch of his own."""
    ada, bob = member(storage, "ada"), member(storage, "bob")
    first = opened(storage).root.refs["heads/main"]
    switch_branch(ada, "main")
    for number in range(5):
        commit(ada, f"b/{number}")
        push_refs(ada, storage, "heads/main")
    assert bases(bob, storage, is_thorough=False) == set()
    assert bases(bob, storage) == {first}
    storage.reset()
    commit(bob, "c")
    report = push_refs(bob, storage, "heads/bob")
    assert report.blobs == 1
    assert report.objects < 10
    assert_whole(storage)


def test_how_far_others_are_followed_is_bounded(storage: CountingStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dvcore.remote.exchange.push_bases._MOST_ROUNDS", 3)
    ada, bob = member(storage, "ada"), member(storage, "bob")
    switch_branch(ada, "main")
    for number in range(5):
        commit(ada, f"b/{number}")
        push_refs(ada, storage, "heads/main")
    indexes = len(opened(storage).root.indexes)
    storage.reset()
    assert bases(bob, storage) == set()
    assert storage.requests["get_range"] == indexes + 3
    commit(bob, "c")
    assert push_refs(bob, storage, "heads/bob").blobs == 1, "looked for in the index, one by one"
    assert_whole(storage)


def test_a_commit_that_a_broken_fetch_left_is_no_base(storage: CountingStorage) -> None:
    """It is in the store, and what it leads to is not."""
    ada, bob = member(storage, "ada"), member(storage, "bob")
    theirs = commit(ada, "b")
    push_refs(ada, storage, "heads/ada")
    data = ada.objects.read(theirs)
    bob.store.update(lambda transaction: transaction.put(Table.OBJECTS, theirs, data))
    assert theirs not in bases(bob, storage)
    commit(bob, "c")
    push_refs(bob, storage, "heads/bob")
    assert_whole(storage)


def test_what_is_in_the_index_is_not_taken_for_whole(storage: CountingStorage) -> None:
    """A ref was deleted and its pack partly collected: some of it is listed still."""
    ada = member(storage, "ada")
    newer = commit(ada, "b", "c")
    push_refs(ada, storage, "heads/ada")
    assert leads_to(ada.objects, newer, opened(storage).root.refs["heads/main"])
    assert not leads_to(ada.objects, opened(storage).root.refs["heads/main"], newer)
    packs = {located.pack for _, _, located in opened(storage).indexes.iter_located()}
    images = tuple(Tombstone(one, datetime(2026, 1, 1, tzinfo=UTC)) for one in packs if one.kind is PackKind.BLOBS)
    commit_root(storage, lambda root: replace(root, refs={}, head=None, tombstones=images))
    report = push_refs(ada, storage, "heads/ada")
    assert report.objects == 0
    assert report.blobs == len(SHARED) + 2
    assert_whole(storage)
