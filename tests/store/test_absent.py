"""Absent blobs: marks that change places with what is stored, whole or not at all."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.noise import noise
from support.store_contract import items_of

from dvcore.errors import CorruptError, StateError
from dvcore.ids import BlobId, digest
from dvcore.store import BlobStore, BlobWriter, LmdbStore, MemoryStore, Store, Table

MIB = 1 << 20
WALNUT, ALMOND, LARGE = b"walnut", b"almond", noise(3 * MIB)
IDS = [BlobId(digest(data)) for data in (WALNUT, ALMOND, LARGE)]
OTHER = BlobId(digest(b"never seen"))


@pytest.fixture(params=["memory", "lmdb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with MemoryStore() if request.param == "memory" else LmdbStore(tmp_path / "b.lmdb", create=True) as opened:
        yield opened


def add(store: Store, *blobs: bytes) -> list[BlobId]:
    with BlobWriter(store) as writer:
        return [writer.add_bytes(data) for data in blobs]


def keys(store: Store, table: Table) -> set[bytes]:
    with store.read() as transaction:
        return set(items_of(transaction, table))


def test_what_is_marked_is_absent_and_no_longer_when_it_is_stored(store: Store) -> None:
    blobs = BlobStore(store)
    assert not blobs.has_absent()
    assert blobs.mark_absent(iter([*IDS, OTHER])) == 4
    assert blobs.has_absent()
    assert blobs.count_absent() == 4
    assert blobs.find_absent([OTHER, *IDS]) == [OTHER, *IDS]
    assert list(blobs.iter_absent()) == sorted([OTHER, *IDS])
    assert blobs.find_missing(IDS) == IDS  # import looks at this, and stores them anew
    assert add(store, WALNUT, LARGE) == [IDS[0], IDS[2]]
    assert blobs.find_absent([*IDS, OTHER]) == [IDS[1], OTHER]
    assert keys(store, Table.ABSENT) == {IDS[1], OTHER}
    assert blobs.read(IDS[2]) == LARGE


def test_what_is_here_is_not_marked(store: Store) -> None:
    add(store, WALNUT, LARGE)
    assert BlobStore(store).mark_absent(IDS) == 1
    assert BlobStore(store).mark_absent(IDS) == 1
    assert keys(store, Table.ABSENT) == {IDS[1]}


def test_a_mark_beside_a_blob_means_nothing(store: Store) -> None:
    """A version of dset that knew nothing of marks would leave one."""
    add(store, WALNUT)
    store.update(lambda transaction: transaction.put(Table.ABSENT, IDS[0], b""))
    assert BlobStore(store).find_absent(IDS) == []
    assert BlobStore(store).read(IDS[0]) == WALNUT


def test_reading_tells_absent_from_lost(store: Store) -> None:
    blobs = BlobStore(store)
    blobs.mark_absent([IDS[0]])
    reads: list[Callable[[BlobId], object]] = [blobs.read, blobs.size, blobs.open, blobs.verify]
    for read in reads:
        with pytest.raises(StateError, match=r"is on a remote and not here; 'dset fetch --for'"):
            read(IDS[0])
        with pytest.raises(CorruptError, match="is missing"):
            read(IDS[1])


def test_evicted_blobs_are_marked_and_their_room_is_free(store: Store) -> None:
    add(store, WALNUT, ALMOND, LARGE)
    blobs = BlobStore(store)
    assert blobs.evict([IDS[0], IDS[2], OTHER]) == 2
    assert blobs.find_absent([*IDS, OTHER]) == [IDS[0], IDS[2]]
    assert blobs.find_missing([*IDS, OTHER]) == [IDS[0], IDS[2], OTHER]
    assert keys(store, Table.BLOBS) == {IDS[1]}
    assert keys(store, Table.CHUNKS) == set()
    assert blobs.evict(IDS) == 1
    assert keys(store, Table.ABSENT) == set(IDS)


def test_chunks_of_another_blob_stay(store: Store) -> None:
    """Also of one that nothing refers to."""
    edited = LARGE[:MIB] + b"inserted" + LARGE[MIB:]
    (large, other) = add(store, LARGE, edited)
    before = keys(store, Table.CHUNKS)
    BlobStore(store).evict([large])
    assert BlobStore(store).read(other) == edited
    assert keys(store, Table.CHUNKS) < before
    BlobStore(store).evict([other])
    assert keys(store, Table.CHUNKS) == set()
    assert add(store, LARGE, edited) == [large, other]
    assert BlobStore(store).read(large) == LARGE
    assert not BlobStore(store).has_absent()


class StoppedError(Exception):
    """Killed, here."""


class Dying(MemoryStore):
    """Dies before or after the nth update from now on, as a killed process would."""

    left: int | None = None
    is_before = False

    def update(self, action):  # type: ignore[no-untyped-def]
        if self.left is None:
            return super().update(action)
        self.left -= 1
        if self.left == 0 and self.is_before:
            raise StoppedError
        result = super().update(action)
        if self.left == 0:
            raise StoppedError
        return result


@pytest.mark.parametrize("is_before", [True, False])
@pytest.mark.parametrize("what", ["evict", "bring", "mark"])
def test_a_blob_is_always_here_or_marked(what: str, is_before: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed at any transaction of evicting, of bringing back and of marking."""
    monkeypatch.setattr("dvcore.store.absent._EVICTED", 2)
    monkeypatch.setattr("dvcore.store.absent._MARKED", 2)
    datas = [noise(2 * MIB), *(b"%d" % number for number in range(5)), noise(2 * MIB + 1)]
    deaths = 0
    for step in range(1, 30):
        store = Dying()
        blobs = BlobStore(store)
        ids = [BlobId(digest(data)) for data in datas]
        if what != "mark":
            add(store, *datas)
        if what == "bring":
            blobs.evict(ids)
        store.left, store.is_before = step, is_before
        try:
            if what == "evict":
                blobs.evict(ids)
            elif what == "mark":
                blobs.mark_absent(ids)
            else:
                with BlobWriter(store, batch_bytes=MIB) as writer:
                    for data in datas:
                        writer.add_bytes(data)
        except StoppedError:
            deaths += 1
        store.left = None
        here = [one for one in ids if blobs.contains(one)]
        for one in here:
            blobs.verify(one)
        marked = keys(store, Table.ABSENT)
        assert marked.isdisjoint(here)
        assert what == "mark" or marked | set(here) == set(ids)
    assert 3 < deaths < 29


def test_a_writer_looks_for_marks_only_where_there_are_any() -> None:
    """Import stores thousands of blobs in a batch: without marks none of them is looked up."""

    class Watched(MemoryStore):
        deleted: list[Table]

        def update(self, action):  # type: ignore[no-untyped-def]
            def watched(transaction):  # type: ignore[no-untyped-def]
                delete = transaction.delete
                transaction.delete = lambda table, key: (self.deleted.append(table), delete(table, key))[1]
                return action(transaction)

            return super().update(watched)

    store = Watched()
    store.deleted = []
    add(store, WALNUT)
    assert store.deleted == []
    BlobStore(store).mark_absent([OTHER])
    add(store, ALMOND)
    assert store.deleted == [Table.ABSENT]
