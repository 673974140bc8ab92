"""Histories to fetch, what must be equal afterwards, and stores that fail."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

import pytest

from dvcore.errors import StorageError
from dvcore.ids import BlobId, CommitId
from dvcore.progress import Progress
from dvcore.remote.contents import storing
from dvcore.remote.exchange import fetch_objects
from dvcore.remote.settings import Remote
from dvcore.remote.storages.urls import parse_address
from dvcore.repo.branches import create_branch, create_tag, switch_branch
from dvcore.repo.check import check_repository
from dvcore.repo.commits import commit_working
from dvcore.repo.generations import Stores
from dvcore.repo.links import Kind, Link, iter_reachable
from dvcore.repo.repository import Repository
from dvcore.store import ReadTransaction, Store, Table, WriteTransaction
from support.datasets import drawn, drawn_repository, make_project, put_drawn, put_files
from support.remotes import refs_of
from support.repositories import label, snapshot

T = TypeVar("T")

ORIGIN = Remote("origin", parse_address("/srv/nuts"))
"""A remote by its settings; tests give the storage."""


def shared_history(root: Path | None = None) -> Repository:
    """Pictures with instances, a large file in two states, a branch, a tag, a project with two snapshots."""
    repository = drawn_repository(root, 24)
    big = noise(3 << 20, 1)
    put_files(repository, {"raw/big.bin": big})
    label(repository, "nuts/003.png", "walnut", "almond")
    first = commit_working(repository, "second")
    create_tag(repository, "v1", first)
    make_project(repository, "kinds")
    snapshot(repository, "kinds", first)
    create_branch(repository, "side", first)
    switch_branch(repository, "side")
    put_files(repository, {"raw/bigger.bin": big[: 1 << 20] + b"inserted" + big[1 << 20 :]})
    snapshot(repository, "kinds", commit_working(repository, "third"))
    switch_branch(repository, "main")
    put_drawn(repository, 3, first=100, directory="nuts/more")
    commit_working(repository, "fourth")
    return repository


def noise(size: int, seed: int) -> bytes:
    """Bytes that no zlib makes smaller, and no other seed gives."""
    return random.Random(seed).randbytes(size)


def put_noise(repository: Repository, count: int, *, first: int = 0, size: int = 20_000) -> None:
    """Files so large that no two are read together by chance."""
    numbers = range(first, first + count)
    put_files(repository, {f"noise/{number:03d}.png": drawn(number) + noise(size, number) for number in numbers})


def change_some(repository: Repository) -> None:
    """A commit with new files and instances on the current branch."""
    put_drawn(repository, 4, first=200)
    label(repository, "nuts/005.png", "walnut")
    commit_working(repository, "some more")


def assert_same(ours: Repository, theirs: Repository) -> None:
    """Every ref, every object and every blob that they lead to are the same, and ours is sound."""
    assert refs_of(ours) == refs_of(theirs)
    links = reachable(theirs)
    assert reachable(ours) == links
    for link in links:
        if link.kind is Kind.BLOB:
            assert ours.blobs.read(BlobId(link.id)) == theirs.blobs.read(BlobId(link.id))
        else:
            assert ours.objects.read(link.id) == theirs.objects.read(link.id)
    assert check_repository(ours) == []


def reachable(repository: Repository, refs: Mapping[str, CommitId] | None = None) -> set[Link]:
    """What refs (default: all of its own) lead to."""
    met: set[Link] = set()

    def enter(link: Link) -> bool:
        is_new = link not in met
        met.add(link)
        return is_new

    starts = [Link(Kind.COMMIT, commit) for commit in (refs_of(repository) if refs is None else refs).values()]
    return set(iter_reachable(repository.objects.read, starts, enter))


def with_troubled_stores(repository: Repository, trouble: Callable[[int], None]) -> None:
    """Calls `trouble` with the number of each update of either store, from 1, before it is done; it may raise."""
    numbers = iter(range(1, 1_000_000))
    stores = repository.stores
    repository.stores = Stores(
        stores.numbers,
        _TroubledStore(stores.objects, numbers, trouble),
        _TroubledStore(stores.blobs, numbers, trouble),
    )


def cut_at(number: int) -> Callable[[int, str], None]:
    """Trouble with the request of this number and all after it, for `TroubledStorage`."""

    def trouble(at: int, name: str) -> None:
        if at >= number:
            raise StorageError(f"the wire is cut at {name}")

    return trouble


def blobs_of(repository: Repository) -> set[BlobId]:
    """The blobs that refs lead to."""
    return {BlobId(link.id) for link in reachable(repository) if link.kind is Kind.BLOB}


def stored_blobs(repository: Repository) -> set[bytes]:
    """Blobs and chunks that are here, whether or not anything refers to them."""
    with repository.stores.blobs.read() as transaction:
        tables = (Table.BLOBS, Table.CHUNKS)
        return {key for table in tables for key, _ in transaction.iter_sizes(table)}


class _TroubledStore:
    def __init__(self, store: Store, numbers: Iterator[int], trouble: Callable[[int], None]) -> None:
        self._store = store
        self._numbers = numbers
        self._trouble = trouble

    def read(self) -> AbstractContextManager[ReadTransaction]:
        return self._store.read()

    def update(self, action: Callable[[WriteTransaction], T]) -> T:
        self._trouble(next(self._numbers))
        return self._store.update(action)

    def check_structure(self, progress: Progress) -> None:
        self._store.check_structure(progress)

    def close(self) -> None:
        self._store.close()


def store_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes is stored after every few values."""
    monkeypatch.setattr(fetch_objects, "_BATCH_BYTES", 20_000)
    monkeypatch.setattr(storing, "_BATCH_BYTES", 20_000)
