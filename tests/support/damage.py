"""Repositories to be damaged, and what damages them."""

from collections.abc import Iterator

import pytest

from dvcore.model.definition import Definition
from dvcore.repo.check import check_repository
from dvcore.repo.commits import commit_working, head_commit
from dvcore.repo.projects import create_project
from dvcore.repo.repository import Repository
from dvcore.store import Store, Table
from support.repositories import box, put, snapshot


@pytest.fixture
def store_and_blobs() -> Iterator[tuple[Repository, Store, Store]]:
    """A repository of three files and a commit, in memory, with its two stores."""
    with Repository.in_memory() as made:
        put(made, "nuts/a.jpg", "nuts/b.jpg", "c.jpg", entered=[box("dog")])
        commit_working(made, "first")
        assert check_repository(made) == []
        yield made, made.store, made.stores.blobs


@pytest.fixture
def damaged(store_and_blobs: tuple[Repository, Store, Store]) -> Repository:
    """The same without the stores."""
    return store_and_blobs[0]


def overwrite(store: Store, table: Table, key: bytes, value: bytes | None) -> None:
    """Set a stored value; None removes it."""
    if value is None:
        store.update(lambda transaction: transaction.delete(table, key))
    else:
        store.update(lambda transaction: transaction.put(table, key, value))


def take_snapshots(repository: Repository, number: int) -> None:
    """A project with so many snapshots of the newest commit."""
    create_project(repository, "kinds", Definition())
    head = head_commit(repository)
    assert head is not None
    for _ in range(number):
        snapshot(repository, "kinds", head)
