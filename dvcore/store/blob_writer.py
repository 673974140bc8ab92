"""Blobs in: many threads hash, one writes sorted batches, each made durable with one sync.

Promises:

- a blob is never visible before all its chunks are durable: they are in an earlier batch or in the same;
- memory holds at most two batches, one that fills and one that is written, and what each thread has in hand;
- what is in the store already is not written again;
- a blob that was absent is not marked so any more, from the moment on at which it is there.
"""

from __future__ import annotations

import io
from threading import Event, Lock
from types import TracebackType
from typing import Final, Self

from blake3 import blake3

from dvcore.ids import BlobId, ChunkId, digest
from dvcore.store.absent import unmark
from dvcore.store.background import Task
from dvcore.store.base import Store, Table, WriteTransaction
from dvcore.store.chunk_list import WHOLE_BYTES, ChunkList
from dvcore.store.chunking import Reader, iter_chunks, read_up_to

BATCH_BYTES: Final = 32 << 20
_ENTRY_BYTES: Final = 2 << 10
"""What an entry adds to a batch beside its value: ids are random, so that LMDB holds a page for nearly each."""
_SMALL_BYTES: Final = 8 << 10
"""Entries smaller than this in the mean are put while nobody else works. LMDB lets go of Python's lock for each, and a
thread that makes short system calls meanwhile hands it to and fro: that takes longer than both one after the other."""

Batch = dict[tuple[Table, bytes], bytes]


class BlobWriter:
    """Adds blobs to a store; leaving the `with` without an exception makes all of them durable.

    All methods may be called by several threads. When writing fails, the call that notices it and all later ones raise
    the StorageError. Not to be used inside a transaction: writing waits for it where the store has to grow.
    """

    def __init__(self, store: Store, *, batch_bytes: int = BATCH_BYTES) -> None:
        self._store = store
        self._batch_bytes = batch_bytes
        self._lock = Lock()
        self._batch: Batch = {}
        self._batch_size = 0
        self._writing: Task | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.flush()
        elif self._writing is not None:
            self._writing.wait()

    def add_bytes(self, data: bytes) -> BlobId:
        """Add a blob that is in memory."""
        if len(data) > WHOLE_BYTES:
            return self.add_stream(io.BytesIO(data))
        blob = BlobId(digest(data))
        self._add(Table.BLOBS, blob, data)
        return blob

    def add_stream(self, reader: Reader) -> BlobId:
        """Add what the reader still holds, in bounded memory.

        What its `read` raises goes through; the blob is not added then.
        """
        head = read_up_to(reader, WHOLE_BYTES + 1)
        if len(head) <= WHOLE_BYTES:
            return self.add_bytes(head)
        hasher = blake3()
        chunks: list[tuple[ChunkId, int]] = []
        for data in iter_chunks(reader, head):
            hasher.update(data)
            chunk = ChunkId(digest(data))
            self._add(Table.CHUNKS, chunk, data)
            chunks.append((chunk, len(data)))
        blob = BlobId(hasher.digest())
        self._add(Table.CHUNK_LISTS, blob, ChunkList(tuple(chunks)).encode())
        return blob

    def add_proved(self, table: Table, key: bytes, value: bytes) -> None:
        """Add a value whose hash the caller has compared with its key; a chunk list after its chunks."""
        self._add(table, key, value)

    def flush(self) -> None:
        """Make everything that was added durable."""
        with self._lock:
            self._send()
            self._finish()

    def _add(self, table: Table, key: bytes, value: bytes) -> None:
        with self._lock:
            if (table, key) not in self._batch:
                self._batch[table, key] = value
                self._batch_size += len(value) + _ENTRY_BYTES
            if self._batch_size >= self._batch_bytes:
                self._send()

    def _send(self) -> None:
        """Have the batch written as soon as the one before is; threads that add meanwhile wait for that too."""
        self._finish()
        batch, self._batch, self._batch_size = self._batch, {}, 0
        if batch:
            filled = Event()
            self._writing = Task(lambda: write_batch(self._store, batch, filled))
            if self._batch_bytes < _SMALL_BYTES * len(batch):
                filled.wait()

    def _finish(self) -> None:
        # A task that failed stays and fails every later call: blobs whose ids were handed out are lost.
        if self._writing is not None:
            self._writing.result()


def write_batch(store: Store, batch: Batch, filled: Event) -> None:
    """Write what the store does not hold yet, in one transaction; none where it holds all. `filled` is set when only
    the disk is left to be waited for, or nothing."""
    try:
        with store.read() as transaction:
            missing = [(table, key) for table, key in batch if not transaction.contains(table, key)]

        def put_missing(transaction: WriteTransaction) -> None:
            for table in (Table.CHUNKS, Table.BLOBS, Table.CHUNK_LISTS):
                transaction.put_many(table, [(key, batch[at, key]) for at, key in missing if at is table])
            unmark(transaction, (key for at, key in missing if at is not Table.CHUNKS))
            filled.set()

        if missing:
            store.update(put_missing)
    finally:
        filled.set()
