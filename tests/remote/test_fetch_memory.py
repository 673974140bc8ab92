"""However much comes, memory holds a few requests and a batch of it."""

import tracemalloc
from pathlib import Path

import pytest
from support.datasets import put_files
from support.fetching import noise
from support.remotes import published

from dvcore.remote.contents import difference, reading, storing
from dvcore.remote.exchange import fetch_objects
from dvcore.remote.exchange.fetch import fetch
from dvcore.remote.storages.local import LocalStorage
from dvcore.repo.commits import commit_working
from dvcore.repo.repository import Repository
from dvcore.store import Table
from dvcore.store.blob_writer import BlobWriter
from dvcore.store.chunk_list import ChunkList

MIB = 1 << 20


@pytest.mark.parametrize("kind", ["many", "large"])
def test_images_of_many_times_what_is_in_hand_at_once(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Repository.in_memory()
    if kind == "many":
        put_files(source, {f"{number}.bin": noise(100_000, number) for number in range(400)})
    else:
        put_files(source, {"large.bin": noise(40 * MIB, 1)})
    commit_working(source, "forty megabytes")
    storage = published(source, storage=LocalStorage(tmp_path / "remote", create=True))
    del source
    monkeypatch.setattr(storing, "_BATCH_BYTES", MIB)
    monkeypatch.setattr(storing, "_CHUNK_BYTES", MIB)
    monkeypatch.setattr(reading, "_READ_BYTES", MIB // 2)
    with Repository.init(tmp_path / "ours") as ours:
        tracemalloc.start()
        try:
            report = fetch(ours, storage, "origin")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert report.arrived.blob_bytes >= 400 * 100_000
    assert peak < 14 * MIB


def test_commits_that_are_a_thousand_times_what_lay_on_the_remote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Repository.in_memory()
    for number in range(40):
        put_files(source, {f"{number}.bin": b"x"})
        commit_working(source, "a" * 2 * MIB)
    storage = published(source, storage=LocalStorage(tmp_path / "remote", create=True))
    del source
    assert sum(one.size for one in storage.iter_names()) < MIB
    monkeypatch.setattr(reading, "_READ_BYTES", 2 * MIB)
    monkeypatch.setattr(difference, "_ROUND_BYTES", 2 * MIB)
    monkeypatch.setattr(fetch_objects, "_BATCH_BYTES", 2 * MIB)
    with Repository.init(tmp_path / "ours") as ours:
        tracemalloc.start()
        try:
            fetch(ours, storage, "origin")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 40 * MIB


def test_chunk_lists_are_taken_by_what_they_are_and_not_by_what_lay_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of a file of zeros has thousands of bytes, which are few when they are deflated."""
    source = Repository.in_memory()
    put_files(source, {f"{number}.bin": bytes([number]) + bytes(120 * MIB) for number in range(3)})
    commit_working(source, "zeros")
    events: list[str] = []
    decode, add = storing.decode_chunk_list, BlobWriter.add_proved

    def decoded(data: bytes) -> ChunkList:
        events.append("decoded")
        return decode(data)

    def added(writer: BlobWriter, table: Table, key: bytes, data: bytes) -> None:
        events.extend(["stored"] if table is Table.CHUNK_LISTS else [])
        add(writer, table, key, data)

    storage = published(source)
    monkeypatch.setattr(storing, "decode_chunk_list", decoded)
    monkeypatch.setattr(BlobWriter, "add_proved", added)
    monkeypatch.setattr(storing, "_LIST_BYTES", 4_000)
    fetch(Repository.in_memory(), storage, "origin")
    assert events == ["decoded", "stored"] * 3
