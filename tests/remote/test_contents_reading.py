"""Values from a remote: all of them, proved, in few requests and bounded memory."""

import random
import threading
import tracemalloc
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.packs import blobs, index_of, send, value
from support.remotes import CountingStorage

from dvcore.errors import CorruptError, NotFoundError
from dvcore.ids import digest
from dvcore.remote.contents import reading as reading_module
from dvcore.remote.contents.opened import Contents, contents_of, open_contents
from dvcore.remote.contents.read_ahead import PIECE_BYTES
from dvcore.remote.contents.reading import BLOB_GAP, read_many
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.packs.packing import Pack, Value
from dvcore.remote.roots.commit import commit_root
from dvcore.remote.roots.root import Tombstone, new_root
from dvcore.remote.roots.seen import Seen
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.store import Table


def remote(*pushes: Iterable[Value]) -> tuple[CountingStorage, list[Pack]]:
    """What some pushes left, each with its own packs and index."""
    storage = CountingStorage(MemoryStorage())
    packs: list[Pack] = []
    for number, values in enumerate(pushes):
        sent = send(storage, values, bytes([number]) * 16)
        made = index_of(sent)
        storage.put(made.ref.name, made.data)
        commit_root(storage, lambda root, ref=made.ref: replace(root, indexes=(*root.indexes, ref)))  # type: ignore[misc]
        packs += sent
    return storage, packs


def opened(storage: CountingStorage) -> Contents:
    contents = open_contents(storage, IndexCache(None))
    assert contents is not None
    storage.reset()
    return contents


def keys(values: Iterable[Value]) -> list[tuple[Table, bytes]]:
    return [(one.table, one.id) for one in values]


def noise(count: int, size: int, table: Table = Table.OBJECTS, seed: int = 1) -> list[Value]:
    source = random.Random(seed)
    return [value(source.randbytes(size), table) for _ in range(count)]


def test_nothing_was_pushed_yet() -> None:
    storage = CountingStorage(MemoryStorage())
    assert open_contents(storage, IndexCache(None)) is None
    assert contents_of(storage, IndexCache(None), new_root()).indexes.find(Table.BLOBS, bytes(32)) is None


def test_what_was_seen_is_compared() -> None:
    storage, _ = remote(blobs(1))
    root = opened(storage).root
    with pytest.raises(CorruptError, match="memory is at state 1, and was at 5 before"):
        open_contents(storage, IndexCache(None), seen=Seen(root.identity, 5, bytes(16)))


values_of_pushes = st.lists(
    st.lists(
        st.builds(
            lambda number, times, table: value(b"%d" % number * times, table),
            st.integers(0, 10**9),
            st.integers(1, 40),
            st.sampled_from([Table.OBJECTS, Table.BLOBS, Table.CHUNKS]),
        ),
        min_size=1,
        max_size=20,
        unique_by=lambda one: (one.table, one.id),
    ),
    min_size=1,
    max_size=3,
)


@given(values_of_pushes, st.data())
def test_what_is_wanted_comes_whatever_the_sizes(pushes: Sequence[list[Value]], data: st.DataObject) -> None:
    storage, _ = remote(*pushes)
    contents = opened(storage)
    known = {(one.table, one.id): one for push in pushes for one in push}
    wanted = data.draw(st.lists(st.sampled_from(list(known.values())), unique=True))
    with pytest.MonkeyPatch.context() as patch:
        for name, most in (("_READ_BYTES", 300), ("_BATCH", 7), ("_BULK_BYTES", 200), ("PIECE_BYTES", 64)):
            patch.setattr(reading_module, name, data.draw(st.integers(1, most)))
        patch.setattr("dvcore.remote.contents.read_ahead.PIECE_BYTES", data.draw(st.integers(1, 200)))
        patch.setattr("dvcore.remote.contents.read_ahead.KEPT_BYTES", data.draw(st.integers(0, 500)))
        found = list(read_many(contents, keys(wanted), gap=data.draw(st.integers(0, 200))))
    assert len(found) == len(wanted)
    assert set(found) == set(wanted)


def test_metadata_of_a_small_push_takes_one_request_in_all() -> None:
    objects = noise(500, 600)
    storage, _ = remote(objects, noise(500, 600, seed=2))
    contents = opened(storage)
    for one in objects[::50]:  # as who follows references does: one after the other
        assert list(read_many(contents, keys([one]))) == [one]
    assert storage.number == 1


def test_a_large_pack_of_metadata_is_read_piece_by_piece() -> None:
    objects = noise(900, 16_000)
    storage, packs = remote(objects)
    assert packs[0].ref.size > PIECE_BYTES
    contents = opened(storage)
    assert list(read_many(contents, keys(objects[:1]))) == objects[:1]
    assert storage.bytes_read == PIECE_BYTES
    assert sorted(read_many(contents, keys(objects[1:30]))) == sorted(objects[1:30])
    assert storage.number == 1


def test_much_metadata_at_once_is_read_as_it_is_wanted() -> None:
    objects = noise(900, 16_000)
    storage, packs = remote(objects)
    contents = opened(storage)
    assert sorted(read_many(contents, keys(objects))) == sorted(objects)
    assert storage.number == 2
    assert storage.bytes_read <= sum(pack.ref.size for pack in packs)


def test_pieces_that_were_not_used_for_long_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dvcore.remote.contents.read_ahead.KEPT_BYTES", 25_000)
    pushes = [noise(10, 1000, seed=seed) for seed in range(5)]
    storage, _ = remote(*pushes)
    contents = opened(storage)
    for place in (0, 1, 0, 2, 0, 3, 4, 3):
        assert sorted(read_many(contents, keys(pushes[place]))) == sorted(pushes[place])
    assert storage.number == 5
    assert contents.ahead._used <= 25_000
    list(read_many(contents, keys(pushes[1])))
    assert storage.number == 6


def test_no_image_is_read_that_nobody_wants() -> None:
    images = noise(60, 40_000, Table.BLOBS)
    storage, _ = remote(images)
    wanted = images[::7]
    assert sorted(read_many(opened(storage), keys(wanted), gap=BLOB_GAP)) == sorted(wanted)
    assert storage.bytes_read == sum(44 + len(one.data) for one in wanted)


def test_neighbouring_images_come_together() -> None:
    images = noise(60, 40_000, Table.BLOBS)
    storage, _ = remote(images)
    assert sorted(read_many(opened(storage), keys(images), gap=BLOB_GAP)) == sorted(images)
    assert storage.number == 1


def test_memory_is_bounded_however_much_is_read() -> None:
    source = random.Random(3)
    wanted: list[tuple[Table, bytes]] = []

    def made() -> Iterable[Value]:
        for _ in range(200):
            one = value(source.randbytes(1 << 20))
            wanted.append((one.table, one.id))
            yield one

    storage, packs = remote(made())
    del packs
    contents = opened(storage)
    tracemalloc.start()
    try:
        assert sum(len(one.data) for one in read_many(contents, wanted)) == 200 << 20
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 80 << 20


def test_what_no_index_has_is_named_with_the_remote() -> None:
    storage, _ = remote(blobs(3))
    missing = digest(b"walnut")
    with pytest.raises(CorruptError, match=f"^memory: blob {missing.hex()}: it is in none of its indexes"):
        list(read_many(opened(storage), [(Table.BLOBS, missing)]))


def test_what_lies_in_a_pack_with_a_tombstone_is_not_there() -> None:
    storage, packs = remote(blobs(3))
    dead = Tombstone(packs[0].ref, datetime(2026, 1, 1, tzinfo=UTC))
    commit_root(storage, lambda root: replace(root, tombstones=(dead,)))
    with pytest.raises(CorruptError, match="in none of its indexes"):
        list(read_many(opened(storage), keys(blobs(1))))


@pytest.mark.parametrize("table", [Table.BLOBS, Table.OBJECTS])
def test_wrong_bytes_are_refused_with_remote_and_pack_named(table: Table) -> None:
    values = noise(5, 1000, table)
    storage, packs = remote(values)
    damaged = bytearray(packs[0].data)
    damaged[32 + 44 + 10] ^= 1
    storage.put(packs[0].ref.name, damaged)
    contents = opened(storage)
    assert list(read_many(contents, keys(values[1:2]), gap=0)) == values[1:2]
    with pytest.raises(CorruptError, match=f"^memory: pack {packs[0].ref.id.hex()[:12]}: .*{values[0].id.hex()}"):
        list(read_many(contents, keys(values[:1])))


def test_a_pack_that_is_gone_is_told() -> None:
    storage, packs = remote(noise(2, 100))
    storage.remove(packs[0].ref.name)
    with pytest.raises(NotFoundError, match="packs/metadata"):
        list(read_many(opened(storage), keys(noise(2, 100))))


def test_who_stops_early_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_module, "_READ_BYTES", 1000)
    images = noise(60, 1000, Table.BLOBS)
    storage, _ = remote(images)
    before = threading.active_count()
    reading = iter(read_many(opened(storage), keys(images)))
    next(reading)
    reading.close()  # type: ignore[attr-defined]
    assert storage.number <= 5
    assert threading.active_count() == before
