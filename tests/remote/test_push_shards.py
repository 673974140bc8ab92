"""`push --with-shards`: the TFRecords of snapshots go along, once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.datasets import drawn_repository, make_project
from support.pushes import assert_has_blob, assert_whole, push_refs
from support.remotes import CountingStorage

from dvcore.errors import StateError
from dvcore.remote.exchange.shards import shard_ids
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.repo.repository import Repository
from dvcore.snapshot.taking.take import take_snapshot
from dvcore.store import Table

ONE = [("nuts", 1)]


@pytest.fixture
def storage() -> CountingStorage:
    return CountingStorage(MemoryStorage())


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    with drawn_repository(tmp_path / "work", 4) as made:
        make_project(made)
        take_snapshot(made, "nuts")
        yield made


def test_shards_go_along_when_they_are_asked_for(repository: Repository, storage: CountingStorage) -> None:
    push_refs(repository, storage, with_shards=True)
    contents = assert_whole(storage)
    ids = shard_ids(repository, ONE)
    assert ids
    for one in ids:
        assert_has_blob(contents, one)


def test_they_may_come_later_and_come_once(repository: Repository, storage: CountingStorage) -> None:
    push_refs(repository, storage)
    contents = assert_whole(storage)
    ids = shard_ids(repository, ONE)
    assert not any(contents.indexes.find(table, one) for one in ids for table in (Table.BLOBS, Table.CHUNK_LISTS))
    report = push_refs(repository, storage, with_shards=True)
    assert (report.changes, report.blobs) == ((), len(ids))
    for one in ids:
        assert_has_blob(assert_whole(storage), one)
    before = assert_whole(storage).root
    assert push_refs(repository, storage, with_shards=True).bytes == 0
    assert assert_whole(storage).root == before


def test_a_shard_that_is_not_here_stops_the_push(repository: Repository, storage: CountingStorage) -> None:
    assert repository.layout is not None
    shards = (repository.layout.snapshots / "nuts@1").glob("*tfrecord*")
    max(shards, key=lambda path: path.stat().st_size).unlink()
    with pytest.raises(StateError, match="nuts"):
        push_refs(repository, storage, with_shards=True)
    assert not [one for one in storage.iter_names() if one.name == "root"]


def test_without_snapshots_there_are_none(repository: Repository, storage: CountingStorage) -> None:
    push_refs(repository, storage, "heads/main", with_shards=True)
    contents = assert_whole(storage)
    assert not any(contents.indexes.find(Table.BLOBS, one) for one in shard_ids(repository, ONE))
