"""Blobs from a remote into the store here: those that are not here, each proved before it can be seen.

A large blob is its chunk list and its chunks. The list is proved by nothing but the blob: its chunks are put through
one hash, in their order, and the list is stored when that has come out right. Chunks are proved each by itself, and
stored as they come, so that a blob of which half has arrived goes on there when it is tried again.

Memory holds some 32 MiB of chunks besides what `reading` and the writer of the store hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from blake3 import blake3

from dvcore.errors import CorruptError, DamagedHereError, DsetError
from dvcore.ids import BlobId, ChunkId, digest
from dvcore.progress import BYTES, Progress
from dvcore.remote.contents.opened import Contents
from dvcore.remote.contents.reading import BLOB_GAP, read_many
from dvcore.remote.packs.entry import HEADER, name_of
from dvcore.remote.packs.naming import naming
from dvcore.remote.packs.packing import Value
from dvcore.repo.batches import iter_batches
from dvcore.store import BlobStore, Store, Table
from dvcore.store.blob_writer import BlobWriter
from dvcore.store.chunk_list import ChunkList, decode_chunk_list
from dvcore.store.spilling import SpillingMap

_BATCH_BYTES: Final = 16 << 20
"""Stored in one transaction. With twice as much, memory comes to 270 MB, and it is hardly quicker."""
_UNWRITTEN_BYTES: Final = 2 * _BATCH_BYTES + (1 << 20)
"""What came before so many others is in the store: one batch fills while another is written."""
_LOOKED_UP: Final = 4_096
"""Blobs looked up in one transaction."""
_LIST_BYTES: Final = 4 << 20
"""Of chunk lists that are read together, unless a single one is longer: those of some 30 GB."""
_CHUNK_BYTES: Final = 32 << 20
"""Of chunks that are read together."""
_LENGTH_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class BlobsStored:
    """How many blobs came, and how many bytes for them: fewer than they have where chunks were here."""

    blobs: int
    bytes: int


class WantedBlobs:
    """Blobs that are not here and that the remote has, in the order of their ids. `folder` is where they are noted
    where there are many."""

    def __init__(self, folder: Path | None) -> None:
        self._whole = SpillingMap(folder)
        self._large = SpillingMap(folder)
        self.whole = 0
        """How many there are that are stored as one value."""
        self.whole_bytes = 0
        self.large = 0

    def close(self) -> None:
        """Give the room back."""
        self._whole.close()
        self._large.close()

    def add(self, blob: bytes, *, is_large: bool, length: int) -> None:
        """Note a blob, with the length in bytes of its value, or of its chunk list."""
        if is_large:
            self._large.put(blob, length.to_bytes(_LENGTH_BYTES, "big"))
            self.large += 1
        else:
            self._whole.put(blob, b"")
            self.whole += 1
            self.whole_bytes += length

    def iter_ids(self) -> Iterator[BlobId]:
        """All of them."""
        for blobs in (self._whole, self._large):
            for blob, _ in blobs.iter_items():
                yield BlobId(blob)

    def iter_whole(self) -> Iterator[bytes]:
        """Those that are stored as one value."""
        return (blob for blob, _ in self._whole.iter_items())

    def iter_large(self) -> Iterator[list[bytes]]:
        """Those that have a chunk list, as many together as can be in hand at a time."""
        group: list[bytes] = []
        total = 0
        for blob, length in self._large.iter_items():
            total += int.from_bytes(length, "big")
            if group and total > _LIST_BYTES:
                yield group
                group, total = [], int.from_bytes(length, "big")
            group.append(blob)
        if group:
            yield group


def find_wanted(store: BlobStore, contents: Contents, blobs: Iterable[bytes], folder: Path | None) -> WantedBlobs:
    """Which of these blobs (each once) are not here, and where they are there.

    Raises CorruptError, naming the remote and the blob, where the remote does not have one either.
    """
    wanted = WantedBlobs(folder)
    try:
        waiting = iter(blobs)
        while batch := [BlobId(blob) for blob in islice(waiting, _LOOKED_UP)]:
            for blob in store.find_missing(batch):
                _locate(contents, blob, wanted)
    except BaseException:
        wanted.close()
        raise
    return wanted


def store_wanted(store: Store, contents: Contents, wanted: WantedBlobs, progress: Progress) -> BlobsStored:
    """Bring them. To be called inside `writing`, as long as until something refers to them.

    Raises CorruptError naming the remote and the blob, NeedsNewerError, NotFoundError, StorageError.
    """
    with BlobWriter(store, batch_bytes=_BATCH_BYTES) as writer:
        storing = _Storing(store, contents, writer, progress)
        try:
            if wanted.whole:
                storing.store_whole(wanted.iter_whole(), wanted.whole_bytes)
            for group in wanted.iter_large():
                storing.store_large(group)
        except DsetError:
            with suppress(DsetError):  # the next try need not ask for what has come
                writer.flush()
            raise
    return BlobsStored(wanted.whole + wanted.large, storing.bytes)


def store_blobs(
    store: Store, contents: Contents, blobs: Iterable[bytes], folder: Path | None, progress: Progress
) -> BlobsStored:
    """Bring those of these blobs (each once) that are not here; see `find_wanted` and `store_wanted`."""
    with closing(find_wanted(BlobStore(store), contents, blobs, folder)) as wanted:
        return store_wanted(store, contents, wanted, progress)


class _Storing:
    """One bringing of blobs into a store."""

    def __init__(self, store: Store, contents: Contents, writer: BlobWriter, progress: Progress) -> None:
        self._store = store
        self._contents = contents
        self._writer = writer
        self._progress = progress
        self.bytes = 0
        self._added: dict[bytes, int] = {}
        """Chunks that may not be in the store yet, with the bytes that had come before each."""

    def store_whole(self, blobs: Iterable[bytes], total: int) -> None:
        """Blobs that are one value each, of so many bytes together."""
        self._progress.start("receiving images", total, unit=BYTES)
        for value in read_many(self._contents, ((Table.BLOBS, blob) for blob in blobs), gap=BLOB_GAP):
            self._take(value)
        self._progress.finish()

    def store_large(self, blobs: Sequence[bytes]) -> None:
        """Blobs with chunk lists. Only lists that were proved are stored, so that no blob is seen that is not whole."""
        values = read_many(self._contents, _keys(Table.CHUNK_LISTS, blobs))
        for lists in iter_batches(values, lambda value: len(value.data), _LIST_BYTES):  # they may have been deflated
            self._store_lists({value.id: value.data for value in lists})

    def _store_lists(self, lists: Mapping[bytes, bytes]) -> None:
        decoded = {blob: self._decode(blob, data) for blob, data in lists.items()}
        self._progress.start("receiving large images", sum(one.size for one in decoded.values()), unit=BYTES)
        hashers = {blob: blake3() for blob in lists}
        for group in _iter_groups(decoded):
            chunks = self._chunks({chunk: length for _, chunk, length in group})
            for blob, chunk, _ in group:
                hashers[blob].update(chunks[chunk])
        for blob, hasher in hashers.items():
            with naming(self._contents.storage, name_of(Table.BLOBS, blob)):
                if hasher.digest() != blob:
                    raise CorruptError("its chunks do not make up the bytes that its id says")
            self._writer.add_proved(Table.CHUNK_LISTS, blob, lists[blob])
        self._progress.finish()

    def _decode(self, blob: bytes, data: bytes) -> ChunkList:
        with naming(self._contents.storage, name_of(Table.CHUNK_LISTS, blob)):
            return decode_chunk_list(data)

    def _chunks(self, lengths: dict[ChunkId, int]) -> dict[bytes, bytes]:
        """Chunks by their ids: those that are here from here, the others from there, which are stored on the way."""
        if not self._added.keys().isdisjoint(lengths):
            self._writer.flush()
            self._added = {}
        found = self._chunks_here(lengths)
        self._progress.advance(sum(map(len, found.values())))
        for value in read_many(self._contents, _keys(Table.CHUNKS, [one for one in lengths if one not in found])):
            found[value.id] = value.data
            self._added[value.id] = self.bytes
            self._take(value)
        for chunk, length in lengths.items():
            with naming(self._contents.storage, name_of(Table.CHUNKS, chunk)):
                if len(found[chunk]) != length:
                    raise CorruptError(f"it has {len(found[chunk])} bytes; the list of a blob says {length}")
        self._added = {chunk: at for chunk, at in self._added.items() if self.bytes - at <= _UNWRITTEN_BYTES}
        return found

    def _chunks_here(self, chunks: Iterable[ChunkId]) -> dict[bytes, bytes]:
        """Raises DamagedHereError: the remote must not be blamed for a blob that they do not make up."""
        with self._store.read() as transaction:
            read = ((chunk, transaction.get(Table.CHUNKS, chunk)) for chunk in chunks)
            found: dict[bytes, bytes] = {chunk: data for chunk, data in read if data is not None}
        for chunk, data in found.items():
            if digest(data) != chunk:
                raise DamagedHereError(
                    f"{name_of(Table.CHUNKS, chunk)} is damaged here, in the repository's own store",
                    hint="'dset fsck' tells what it concerns",
                )
        return found

    def _take(self, value: Value) -> None:
        self._writer.add_proved(*value)
        self.bytes += len(value.data)
        self._progress.advance(len(value.data))


def _keys(table: Table, ids: Iterable[bytes]) -> list[tuple[Table, bytes]]:
    return [(table, id_) for id_ in ids]


def _locate(contents: Contents, blob: BlobId, wanted: WantedBlobs) -> None:
    for table in (Table.BLOBS, Table.CHUNK_LISTS):
        location = contents.indexes.find(table, blob)
        if location is not None:
            wanted.add(blob, is_large=table is Table.CHUNK_LISTS, length=location.length - HEADER.size)
            return
    with naming(contents.storage, name_of(Table.BLOBS, blob)):
        raise CorruptError("it is in none of its indexes, and something that is there refers to it")


def _iter_groups(lists: Mapping[bytes, ChunkList]) -> Iterator[list[tuple[bytes, ChunkId, int]]]:
    """The chunks of blobs in their order, with their blobs and lengths, cut where they would be too many bytes."""
    group: list[tuple[bytes, ChunkId, int]] = []
    total = 0
    for blob, chunk_list in lists.items():
        for chunk, length in chunk_list.chunks:
            if group and total + length > _CHUNK_BYTES:
                yield group
                group, total = [], 0
            group.append((blob, chunk, length))
            total += length
    if group:
        yield group
