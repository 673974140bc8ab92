"""Large blobs travel as chunks: those that are here are not asked for, and the whole is proved before it is seen."""

from collections.abc import Iterator

import pytest
from support.datasets import put_files
from support.fetching import blobs_of, noise, store_often, stored_blobs
from support.remotes import CountingStorage, TroubledStorage, publish, published
from support.repositories import assert_sound

from dvcore.errors import CorruptError, StorageError
from dvcore.ids import BlobId
from dvcore.remote.contents import storing
from dvcore.remote.exchange.fetch import fetch
from dvcore.repo.commits import commit_working
from dvcore.repo.repository import Repository
from dvcore.store import Table

MIB = 1 << 20


@pytest.fixture
def ours() -> Iterator[Repository]:
    """An empty repository, which must be sound when the test is through with it."""
    with Repository.in_memory() as made:
        yield made
        assert_sound(made)


def test_of_a_file_with_an_insertion_only_what_is_new_comes(ours: Repository) -> None:
    source = Repository.in_memory()
    data = noise(9 * MIB, 1)
    put_files(source, {"a.bin": data})
    commit_working(source, "first")
    storage = CountingStorage(published(source))
    fetch(ours, storage, "origin")
    put_files(source, {"b.bin": data[: 4 * MIB] + b"inserted" + data[4 * MIB :]})
    commit_working(source, "second")
    publish(source, storage.storage)
    storage.reset()
    report = fetch(ours, storage, "origin")
    assert storage.bytes_read < 3 * MIB
    assert report.arrived.blobs == 1
    for blob in blobs_of(source):
        assert ours.blobs.read(blob) == source.blobs.read(blob)


def test_chunks_that_two_blobs_share_come_once_and_more_than_fits_a_group(
    ours: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "_CHUNK_BYTES", 2 * MIB)
    source = Repository.in_memory()
    data = noise(7 * MIB, 2)
    put_files(source, {f"{number}.bin": data + noise(MIB, 3 + number) for number in range(3)})
    commit_working(source, "three")
    storage = CountingStorage(published(source))
    report = fetch(ours, storage, "origin")
    assert storage.bytes_read < 12 * MIB
    assert report.arrived.blob_bytes < 12 * MIB
    for blob in blobs_of(source):
        assert ours.blobs.read(blob) == source.blobs.read(blob)


def test_many_large_blobs_take_few_requests(ours: Repository) -> None:
    source = Repository.in_memory()
    put_files(source, {f"{number}.bin": noise(MIB + 1, number) for number in range(8)})
    commit_working(source, "eight")
    storage = CountingStorage(published(source))
    fetch(ours, storage, "origin")
    assert storage.number <= 6  # root, index, metadata, two of chunks


def test_many_lists_are_read_in_groups(ours: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "_LIST_BYTES", 500)
    source = Repository.in_memory()
    put_files(source, {f"{number}.bin": noise(MIB + 1, number) for number in range(8)})
    commit_working(source, "eight")
    fetch(ours, published(source), "origin")
    for blob in blobs_of(source):
        assert ours.blobs.read(blob) == source.blobs.read(blob)


def test_a_list_whose_chunks_have_not_all_come_is_not_stored(ours: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    store_often(monkeypatch)
    monkeypatch.setattr(storing, "_CHUNK_BYTES", MIB)
    source = Repository.in_memory()
    put_files(source, {"a.bin": noise(6 * MIB, 1)})
    commit_working(source, "first")
    remote = published(source)
    (blob,) = blobs_of(source)

    def trouble(number: int, name: str) -> None:
        if name.startswith("packs/blobs/") and number > 7:
            raise StorageError("the wire is cut")

    with pytest.raises(StorageError, match="the wire is cut"):
        fetch(ours, TroubledStorage(remote, trouble), "origin")
    assert ours.blobs.find_missing([BlobId(blob)])
    here = stored_blobs(ours)
    assert here
    storage = CountingStorage(remote)
    fetch(ours, storage, "origin")
    with source.stores.blobs.read() as transaction:
        sizes = dict(transaction.iter_sizes(Table.CHUNKS))
    assert storage.bytes_read < sum(size for chunk, size in sizes.items() if chunk not in here) + MIB // 4
    assert ours.blobs.read(BlobId(blob)) == source.blobs.read(BlobId(blob))


def test_a_chunk_that_is_damaged_here_is_not_told_as_the_remotes() -> None:
    source, ours = Repository.in_memory(), Repository.in_memory()
    put_files(source, {"a.bin": noise(3 * MIB, 1)})
    commit_working(source, "first")
    with source.stores.blobs.read() as transaction:
        chunk = next(key for key, _ in transaction.iter_sizes(Table.CHUNKS))
    ours.stores.blobs.update(lambda transaction: transaction.put(Table.CHUNKS, chunk, b"rotten"))
    with pytest.raises(CorruptError, match=f"^chunk {chunk.hex()} is damaged here, .*; 'dset fsck' tells"):
        fetch(ours, published(source), "origin")
