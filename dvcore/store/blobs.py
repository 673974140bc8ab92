"""Blobs: the bytes of files under their plain BLAKE3, read back whole, in chunks or as an open file.

Up to 1 MiB a blob is one value in BLOBS. A larger one is a chunk list in CHUNK_LISTS, and its chunks are values in
CHUNKS, each under its own BLAKE3, shared by all blobs that hold it. How they come in is in `dvcore.store.blob_writer`.

Reading checks that what is named is there and has the length that was promised; only `verify` hashes.

A blob that is not here may be on a remote: `dvcore.store.absent` says how that is known.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from blake3 import blake3

from dvcore.errors import CorruptError, DsetError, StateError
from dvcore.ids import BlobId, ChunkId, digest, format_id
from dvcore.store.absent import evict, has_marks, is_absent, is_here, iter_absent, mark_absent
from dvcore.store.base import Store, Table
from dvcore.store.blob_file import ChunkedFile
from dvcore.store.blob_writer import BlobWriter
from dvcore.store.chunk_list import WHOLE_BYTES, ChunkList, decode_chunk_list


class BlobStore:
    """The blobs in a store.

    Methods that take an id raise CorruptError where the blob, or a chunk of it, is missing or damaged, and StateError
    where it is absent: on a remote, and not here.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def writer(self) -> BlobWriter:
        """Adds blobs, in batches. In a repository, to be used inside `writing`, as long as until something refers to
        them: else they may go to a generation that is no longer in use, or be collected."""
        return BlobWriter(self._store)

    def contains(self, blob: BlobId) -> bool:
        """Whether the blob is there."""
        return not self.find_missing([blob])

    def find_missing(self, blobs: Iterable[BlobId]) -> list[BlobId]:
        """Those that are not there, in the given order."""
        with self._store.read() as transaction:
            return [blob for blob in blobs if not is_here(transaction, blob)]

    def find_absent(self, blobs: Iterable[BlobId]) -> list[BlobId]:
        """Those that are not there and that a remote has, in the given order."""
        with self._store.read() as transaction:
            return [blob for blob in blobs if is_absent(transaction, blob)]

    def has_absent(self) -> bool:
        """Whether any are absent."""
        with self._store.read() as transaction:
            return has_marks(transaction)

    def iter_absent(self) -> Iterator[BlobId]:
        """All that are absent, in the order of their ids."""
        return iter_absent(self._store)

    def count_absent(self) -> int:
        """How many are absent: a million take half a second."""
        return sum(1 for _ in self.iter_absent())

    def mark_absent(self, blobs: Iterable[BlobId]) -> int:
        """Note, durably, that a remote has these; how many are absent now. Those that are here stay as they are.

        To be called inside `writing` in a repository, before something refers to them.
        """
        return mark_absent(self._store, blobs)

    def evict(self, blobs: Iterable[BlobId], scratch: Path | None = None) -> int:
        """Drop blobs that a remote has, and note that; how many were here. `scratch` is where private files are made.

        To be called `alone` and `uncollected` in a repository; whoever reads them at that moment is told that they are
        absent.
        """
        return evict(self._store, blobs, scratch)

    def size(self, blob: BlobId) -> int:
        """Length in bytes, without reading the contents."""
        with self._store.read() as transaction:
            size = transaction.size(Table.BLOBS, blob)
        return self._chunk_list(blob).size if size is None else size

    def read(self, blob: BlobId) -> bytes:
        """All bytes, at once."""
        return b"".join(self.iter_chunks(blob))

    def iter_chunks(self, blob: BlobId) -> Iterator[bytes]:
        """The bytes in pieces of at most 1 MiB. No transaction stays open between two of them."""
        whole = self._find_whole(blob)
        if whole is not None:
            yield whole
            return
        for chunk, length in self._chunk_list(blob).chunks:
            yield self._read_chunk(blob, chunk, length)

    def open(self, blob: BlobId) -> BinaryIO:
        """A seekable file; of a large blob it holds one chunk in memory."""
        whole = self._find_whole(blob)
        if whole is not None:
            return io.BytesIO(whole)
        chunks = self._chunk_list(blob)
        return io.BufferedReader(ChunkedFile(chunks, lambda chunk, length: self._read_chunk(blob, chunk, length)))

    def verify(self, blob: BlobId) -> None:
        """Hash the blob, and each of its chunks, anew. Raises CorruptError where they are not what was stored."""
        whole = self._find_whole(blob)
        if whole is not None:
            _check_hash(digest(whole), blob, f"blob {format_id(blob)}")
            return
        hasher = blake3()
        for chunk, length in self._chunk_list(blob).chunks:
            data = self._read_chunk(blob, chunk, length)
            _check_hash(digest(data), chunk, f"chunk {format_id(chunk)} of blob {format_id(blob)}")
            hasher.update(data)
        _check_hash(hasher.digest(), blob, f"the chunk list of blob {format_id(blob)}")

    def _find_whole(self, blob: BlobId) -> bytes | None:
        with self._store.read() as transaction:
            whole = transaction.get(Table.BLOBS, blob)
        if whole is not None and len(whole) > WHOLE_BYTES:
            raise _corrupt(f"blob {format_id(blob)} is stored whole with {len(whole)} bytes")
        return whole

    def _chunk_list(self, blob: BlobId) -> ChunkList:
        with self._store.read() as transaction:
            data = transaction.get(Table.CHUNK_LISTS, blob)
        if data is None:
            raise self._missing(blob)
        try:
            return decode_chunk_list(data)
        except CorruptError as error:
            raise _corrupt(f"blob {format_id(blob)}: {error.message}") from error

    def _read_chunk(self, blob: BlobId, chunk: ChunkId, length: int) -> bytes:
        with self._store.read() as transaction:
            data = transaction.get(Table.CHUNKS, chunk)
        if data is None and not self.contains(blob):
            raise self._missing(blob)  # evicted meanwhile
        if data is None or len(data) != length:
            problem = "is missing" if data is None else f"has {len(data)} bytes instead of {length}"
            raise _corrupt(f"chunk {format_id(chunk)} of blob {format_id(blob)} {problem}")
        return data

    def _missing(self, blob: BlobId) -> DsetError:
        if self.find_absent([blob]):
            return StateError(
                f"blob {format_id(blob)} is on a remote and not here", hint="'dset fetch --for' brings what is needed"
            )
        return _corrupt(f"blob {format_id(blob)} is missing")


def _check_hash(found: bytes, expected: bytes, what: str) -> None:
    if found != expected:
        raise _corrupt(f"{what} does not have the bytes that were stored")


def _corrupt(message: str) -> CorruptError:
    return CorruptError(message, hint="'dset fsck' tells which files it concerns")
