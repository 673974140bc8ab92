"""Blobs in and out: whole and chunked, batches, threads, damage."""

import io
import os
import random
from functools import partial
from pathlib import Path

import pytest
from blake3 import blake3
from support.bounded import finish, start
from support.noise import noise
from support.store_contract import items_of

from dvcore.encoding import encode_object
from dvcore.errors import CorruptError, NeedsNewerError, StorageError
from dvcore.ids import BlobId, ChunkId, digest
from dvcore.store import BlobStore, BlobWriter, LmdbStore, MemoryStore, Store, Table
from dvcore.store.chunk_list import ChunkList, decode_chunk_list

MIB = 1 << 20
SIZES = [0, 1, MIB - 1, MIB, MIB + 1, 9 * MIB]


def add(store: Store, data: bytes) -> BlobId:
    with BlobWriter(store) as writer:
        return writer.add_bytes(data)


def table(store: Store, which: Table) -> dict[bytes, bytes]:
    with store.read() as transaction:
        return items_of(transaction, which)


def put(store: Store, which: Table, key: bytes, value: bytes) -> None:
    store.update(lambda transaction: transaction.put(which, key, value))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_blob_comes_back(tmp_path: Path, size: int, streamed: bool) -> None:
    data = noise(size)
    with LmdbStore(tmp_path / "blobs.lmdb", create=True) as store:
        with BlobWriter(store) as writer:
            blob = writer.add_stream(io.BytesIO(data)) if streamed else writer.add_bytes(data)
        blobs = BlobStore(store)
        assert blob == blake3(data).digest()
        assert blobs.read(blob) == b"".join(blobs.iter_chunks(blob)) == data
        assert blobs.size(blob) == size
        assert blobs.contains(blob)
        with blobs.open(blob) as file:
            assert file.read() == data
        blobs.verify(blob)
        assert (table(store, Table.BLOBS) == {}) == (size > MIB)
        assert (table(store, Table.CHUNKS) == {}) == (size <= MIB)


def test_real_photographs_come_back(shared_data: Path) -> None:
    store = MemoryStore()
    paths = [path for path in (shared_data / "sign-digits").rglob("*") if path.is_file()]
    with BlobWriter(store, batch_bytes=MIB) as writer:
        ids = []
        for path in paths:
            with path.open("rb") as file:
                ids.append(writer.add_stream(file))
    blobs = BlobStore(store)
    assert any(path.stat().st_size > MIB for path in paths)
    assert all(blobs.read(blob) == path.read_bytes() for blob, path in zip(ids, paths, strict=True))


def test_what_is_missing_is_found_in_the_given_order() -> None:
    store = MemoryStore()
    here, large = add(store, b"here"), add(store, noise(2 * MIB))
    gone, lost = BlobId(digest(b"gone")), BlobId(digest(b"lost"))
    assert BlobStore(store).find_missing([lost, here, gone, large]) == [lost, gone]


def test_a_large_file_can_be_read_here_and_there() -> None:
    store = MemoryStore()
    data = noise(5 * MIB)
    file = BlobStore(store).open(add(store, data))
    model = io.BytesIO(data)
    choices = random.Random(1)
    for _ in range(200):
        whence = choices.choice([os.SEEK_SET, os.SEEK_CUR, os.SEEK_END])
        offset = {
            os.SEEK_SET: choices.randrange(6 * MIB),
            os.SEEK_CUR: choices.randrange(-model.tell(), MIB),
            os.SEEK_END: choices.randrange(-5 * MIB, 10),
        }[whence]
        assert file.seek(offset, whence) == model.seek(offset, whence)
        size = choices.choice([0, 1, 100, 300_000, 2 * MIB])
        assert file.read(size) == model.read(size)
    with pytest.raises(OSError, match="cannot seek"):
        file.seek(-1)


def test_an_edited_large_file_shares_its_chunks() -> None:
    store = MemoryStore()
    data = noise(8 * MIB)
    add(store, data)
    before = sum(map(len, table(store, Table.CHUNKS).values()))
    add(store, data[: 3 * MIB] + b"inserted" + data[3 * MIB :])
    assert sum(map(len, table(store, Table.CHUNKS).values())) - before < 3 * MIB


def test_the_stored_bytes_are_these() -> None:
    store = MemoryStore()
    data = noise(MIB + 1)
    blob = add(store, data)
    (chunk_list,) = table(store, Table.CHUNK_LISTS).values()
    assert blake3(chunk_list).hexdigest() == GOLDEN_LIST
    assert chunk_list.startswith(b"\x93\xa7chunked\x01\x82\xa6chunks\xc5")
    assert table(store, Table.CHUNKS) == {digest(chunk): chunk for chunk in BlobStore(store).iter_chunks(blob)}
    small = add(store, b"small")
    assert table(store, Table.BLOBS) == {small: b"small"}


GOLDEN_LIST = "521a64863826e86ad131a369e244d2bf8d7de79c1b79e31127abdbacfcc2c8cc"


class Recorder(MemoryStore):
    """Notes what each update adds, and checks after each that every visible blob is whole."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def update(self, action):  # type: ignore[no-untyped-def]
        before = {which: set(table(self, which)) for which in Table}
        result = super().update(action)
        added = [value for which in Table for key, value in table(self, which).items() if key not in before[which]]
        self.sizes.append(sum(map(len, added)))
        for blob in table(self, Table.CHUNK_LISTS):
            BlobStore(self).verify(BlobId(blob))
        return result


def test_batches_are_bounded_and_never_show_half_a_blob() -> None:
    store = Recorder()
    with BlobWriter(store, batch_bytes=MIB) as writer:
        for number in range(300):
            writer.add_bytes(noise(20_000, f"{number}"))
        writer.add_stream(io.BytesIO(noise(6 * MIB)))
    assert sum(store.sizes) > 300 * 20_000 + 6 * MIB
    assert len(store.sizes) > 6
    assert max(store.sizes) < 2 * MIB + 64 * 1024


def test_what_is_stored_already_is_not_written_again() -> None:
    store = Recorder()
    for _ in range(2):
        with BlobWriter(store) as writer:
            writer.add_bytes(b"small")
            writer.add_bytes(b"small")
            writer.add_stream(io.BytesIO(noise(3 * MIB)))
    assert len(store.sizes) == 1


def test_threads_add_at_once(tmp_path: Path) -> None:
    with LmdbStore(tmp_path / "blobs.lmdb", create=True) as store:
        ids: list[BlobId] = []

        def work(writer: BlobWriter, seed: int) -> None:
            ids.extend(writer.add_bytes(noise(5_000, f"{seed} {number % 40}")) for number in range(60))
            ids.append(writer.add_stream(io.BytesIO(noise(3 * MIB, f"{seed % 2}"))))

        with BlobWriter(store, batch_bytes=MIB) as writer:
            finish(*start(*(partial(work, writer, seed) for seed in range(4))))
        assert len(ids) == 4 * 61
        for blob in ids:
            BlobStore(store).verify(blob)


def test_flush_makes_visible_and_leaving_with_an_exception_drops_the_rest() -> None:
    store = MemoryStore()
    blobs = BlobStore(store)
    with pytest.raises(RuntimeError), BlobWriter(store) as writer:  # noqa: PT012
        first = writer.add_bytes(b"first")
        assert not blobs.contains(first)
        writer.flush()
        assert blobs.contains(first)
        writer.add_bytes(b"second")
        raise RuntimeError
    assert list(table(store, Table.BLOBS)) == [first]


def test_a_reader_that_fails_adds_no_blob() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 3 * MIB:
                raise OSError("the stick was pulled")
            return super().read(size)

    store = MemoryStore()
    with BlobWriter(store) as writer:
        with pytest.raises(OSError, match="stick"):
            writer.add_stream(Broken(noise(5 * MIB)))
        fine = writer.add_bytes(b"fine")
    assert table(store, Table.CHUNK_LISTS) == {}
    assert BlobStore(store).read(fine) == b"fine"


class FullStore(MemoryStore):
    """Has room for one batch."""

    def update(self, action):  # type: ignore[no-untyped-def]
        if table(self, Table.BLOBS):
            raise StorageError("the disk is full")
        return super().update(action)


def test_a_failed_batch_fails_every_later_call() -> None:
    writer = BlobWriter(FullStore(), batch_bytes=10)
    writer.add_bytes(b"first batch")
    writer.add_bytes(b"second batch")
    for _ in range(2):
        with pytest.raises(StorageError, match="full"):
            writer.flush()
    with pytest.raises(StorageError, match="full"):
        writer.add_bytes(b"third batch")


def test_damage_is_named() -> None:
    store = MemoryStore()
    blobs = BlobStore(store)
    data = noise(3 * MIB)
    blob, small = add(store, data), add(store, b"small")
    chunks = list(table(store, Table.CHUNKS).items())
    (key, chunk), (other, _) = chunks[:2]

    put(store, Table.CHUNKS, key, b"X" + chunk[1:])
    with pytest.raises(CorruptError, match=rf"chunk {key.hex()} of blob {blob.hex()} does not have the bytes"):
        blobs.verify(blob)
    put(store, Table.CHUNKS, key, chunk[:-1])
    for use in (blobs.read, blobs.verify, lambda blob: blobs.open(blob).read()):
        with pytest.raises(CorruptError, match=rf"chunk {key.hex()} of blob {blob.hex()} has \d+ bytes instead"):
            use(blob)
    put(store, Table.CHUNKS, key, chunk)
    store.update(lambda transaction: transaction.delete(Table.CHUNKS, other))
    with pytest.raises(CorruptError, match=rf"chunk {other.hex()} of blob {blob.hex()} is missing"):
        blobs.read(blob)

    put(store, Table.BLOBS, small, b"Small")
    with pytest.raises(CorruptError, match=rf"blob {small.hex()} does not have the bytes"):
        blobs.verify(small)
    put(store, Table.BLOBS, small, bytes(MIB + 1))
    with pytest.raises(CorruptError, match="stored whole"):
        blobs.read(small)
    store.update(lambda transaction: transaction.delete(Table.BLOBS, small))
    for use in (blobs.read, blobs.size, blobs.open, blobs.verify):
        with pytest.raises(CorruptError, match=rf"blob {small.hex()} is missing"):
            use(small)


def test_a_list_of_other_chunks_is_found() -> None:
    store = MemoryStore()
    first, second = add(store, noise(3 * MIB, "1")), add(store, noise(3 * MIB, "2"))
    put(store, Table.CHUNK_LISTS, first, table(store, Table.CHUNK_LISTS)[second])
    with pytest.raises(CorruptError, match=f"the chunk list of blob {first.hex()}"):
        BlobStore(store).verify(first)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"size": MIB + 1, "chunks": b"x" * 35}, "rest of 35 bytes"),
        ({"size": MIB + 1, "chunks": b""}, "do not fit its size"),
        ({"size": MIB, "chunks": bytes(32) + MIB.to_bytes(4, "little")}, "under 1048577"),
        ({"size": MIB + 1, "chunks": bytes(32) + (MIB + 1).to_bytes(4, "little")}, "do not fit its size"),
        ({"size": 2 * MIB, "chunks": 3 * (bytes(32) + MIB.to_bytes(4, "little"))}, "do not fit its size"),
        ({"size": 2 * MIB, "chunks": (bytes(32) + MIB.to_bytes(4, "little")) * 2 + bytes(36)}, "do not fit its size"),
        ({"size": 2 * MIB}, "lacks 'chunks'"),
        ({"chunks": b""}, "lacks 'size'"),
    ],
)
def test_chunk_lists_are_checked(fields: dict[str, object], error: str) -> None:
    with pytest.raises(CorruptError, match=error):
        decode_chunk_list(encode_object("chunked", 1, fields))
    store = MemoryStore()
    blob = BlobId(digest(b"any"))
    put(store, Table.CHUNK_LISTS, blob, encode_object("chunked", 1, fields))
    with pytest.raises(CorruptError, match=f"blob {blob.hex()}: .*{error}"):
        BlobStore(store).size(blob)


def test_newer_chunk_lists_are_told_from_damage() -> None:
    good = ChunkList(((ChunkId(bytes(32)), MIB), (ChunkId(bytes(32)), 1)))
    assert decode_chunk_list(good.encode()) == good
    with pytest.raises(NeedsNewerError):
        decode_chunk_list(encode_object("chunked", 2, {"size": MIB + 1, "chunks": b""}))
