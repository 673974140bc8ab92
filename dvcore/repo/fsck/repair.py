"""Putting back blobs that are damaged or missing, from files that still have their bytes.

A file is only read where its length is that of a blob that is looked for, and only its hash decides. What is put back
replaces whatever the store holds under those ids.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from blake3 import blake3

from dvcore.ids import ChunkId, digest
from dvcore.progress import Progress
from dvcore.repo.repository import Repository
from dvcore.store import Store, Table, WriteTransaction
from dvcore.store.absent import unmark
from dvcore.store.chunk_list import WHOLE_BYTES, ChunkList
from dvcore.store.chunking import iter_chunks

_BATCH_BYTES: Final = 32 << 20
_READ_BYTES: Final = 1 << 20

_Values = list[tuple[Table, bytes, bytes]]


def repair_blobs(
    repository: Repository, blobs: Mapping[bytes, int], places: Iterable[Path], progress: Progress
) -> set[bytes]:
    """Put back what can be found of these blobs (id -> length in bytes); the ids of those that were.

    `places` are files, and folders to be searched with all that is under them. What cannot be read there is passed
    over. Raises StorageError where the store cannot be written, StateError where a collection runs: what it has copied
    already would stay as it was.
    """
    left = dict(blobs)
    progress.start("looking for lost blobs", None)
    with repository.uncollected(), repository.writing():
        batch = _Batch(repository.stores.blobs)
        sizes = frozenset(blobs.values())
        for path in _iter_files(places):
            if not left:
                break
            progress.advance()
            blob = _find_blob(path, sizes)
            if blob is not None and blob in left and _put_back(batch, blob, path):
                del left[blob]
        batch.flush()
    progress.finish()
    return set(blobs) - set(left)


def _iter_files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        if not os.path.isdir(place):  # noqa: PTH112 - `Path.is_dir` raises where a folder above cannot be read
            yield place
        for folder, _, names in os.walk(place):
            yield from (Path(folder) / name for name in sorted(names))


def _find_blob(path: Path, sizes: frozenset[int]) -> bytes | None:
    """The id of the bytes of a file that has one of these lengths; None for any other, or one that cannot be read."""
    try:
        if not path.is_file() or path.stat().st_size not in sizes:
            return None
        with path.open("rb") as file:
            hasher = blake3()
            while data := file.read(_READ_BYTES):
                hasher.update(data)
    except OSError:
        return None
    return hasher.digest()


def _put_back(batch: _Batch, blob: bytes, path: Path) -> bool:
    """Whether the file still had the blob's bytes when it was read for good."""
    try:
        with path.open("rb") as file:
            head = file.read(WHOLE_BYTES + 1)
            return _put_whole(batch, blob, head) if len(head) <= WHOLE_BYTES else _put_chunks(batch, blob, file, head)
    except OSError:
        return False


def _put_whole(batch: _Batch, blob: bytes, data: bytes) -> bool:
    if digest(data) != blob:
        return False
    batch.add(Table.BLOBS, blob, data)
    return True


def _put_chunks(batch: _Batch, blob: bytes, file: BinaryIO, head: bytes) -> bool:
    """The list goes last: only with it do the chunks matter."""
    whole = blake3()
    chunks: list[tuple[ChunkId, int]] = []
    for data in iter_chunks(file, head):
        whole.update(data)
        chunks.append((ChunkId(digest(data)), len(data)))
        batch.add(Table.CHUNKS, chunks[-1][0], data)
    if whole.digest() != blob:
        return False
    batch.add(Table.CHUNK_LISTS, blob, ChunkList(tuple(chunks)).encode())
    return True


class _Batch:
    """Values on their way to the store: each transaction waits for the disk, so one takes many. What was added before
    is durable before what comes later, or with it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._values: _Values = []
        self._bytes = 0

    def add(self, table: Table, key: bytes, value: bytes) -> None:
        """Raises StorageError where earlier ones cannot be written."""
        self._values.append((table, key, value))
        self._bytes += len(value)
        if self._bytes >= _BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Make all durable that was added."""
        _replace(self._store, self._values)
        self._values, self._bytes = [], 0


def _replace(store: Store, values: _Values) -> None:
    """Write those that the store does not hold as they are."""
    with store.read() as transaction:
        wrong = [one for one in values if transaction.get(one[0], one[1]) != one[2]]

    def put_all(transaction: WriteTransaction) -> None:
        for one in wrong:
            transaction.put(*one)
        unmark(transaction, (key for table, key, _ in wrong if table is not Table.CHUNKS))

    if wrong:
        store.update(put_all)
