"""Absent blobs: not here, and on a remote. A mark under the blob's id, in ABSENT, tells them from lost ones.

A blob that was never stored here, or was evicted, has a mark; one that is here has none. So that no blob is ever
neither here nor marked, the two change places in one transaction: storing a blob takes its mark away, and evicting it
sets one.

Marks say that a remote has the blob because whoever sets them made sure of it. They hold no address: remotes move.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from dvcore.ids import BlobId
from dvcore.store.base import ReadTransaction, Store, Table, WriteTransaction
from dvcore.store.chunk_list import decode_chunk_list
from dvcore.store.spilling import SpillingMap
from dvcore.store.table_scan import iter_sizes

_FORMS: Final = (Table.BLOBS, Table.CHUNK_LISTS)
_MARKED: Final = 65_536
"""Marks set in one transaction. There are some 60 to a page, so that among a million a batch changes nearly all pages,
60 MB; fewer in a batch would change the same pages more often."""
_EVICTED: Final = 4_096
"""Blobs evicted in one transaction; each changes a page or two of its own."""


def is_here(transaction: ReadTransaction, blob: bytes) -> bool:
    """Whether the blob is stored, in whichever form."""
    return transaction.contains(Table.BLOBS, blob) or transaction.contains(Table.CHUNK_LISTS, blob)


def is_absent(transaction: ReadTransaction, blob: bytes) -> bool:
    """Whether the blob is not here and a remote has it."""
    return transaction.contains(Table.ABSENT, blob) and not is_here(transaction, blob)


def has_marks(transaction: ReadTransaction) -> bool:
    """Whether any blob is marked at all."""
    return _has_any(transaction, Table.ABSENT)


def mark_absent(store: Store, blobs: Iterable[BlobId]) -> int:
    """Mark those of the blobs that are not here; how many those are. The marks are durable then."""
    count = 0
    iterator = iter(blobs)
    while batch := list(islice(iterator, _MARKED)):
        count += store.update(partial(_mark, batch))
    return count


def unmark(transaction: WriteTransaction, blobs: Iterable[bytes]) -> None:
    """Take the marks of blobs away that this very transaction stores. To be called by all that store blobs."""
    if has_marks(transaction):
        for blob in blobs:
            transaction.delete(Table.ABSENT, blob)


def iter_absent(store: Store) -> Iterator[BlobId]:
    """The blobs that are marked, in order, each as it is when it is reached."""
    return (BlobId(blob) for blob, _ in iter_sizes(store, Table.ABSENT))


def evict(store: Store, blobs: Iterable[BlobId], scratch: Path | None = None) -> int:
    """Give up blobs that a remote verifiably has, and mark them; how many were here.

    No writer must be at work: one that has found a chunk here counts on it. Chunks that no other blob holds go last. A
    process that is killed leaves at worst such chunks, which the next garbage collection removes.
    """
    count = 0
    chunks = SpillingMap(scratch)
    try:
        iterator = iter(blobs)
        while batch := list(islice(iterator, _EVICTED)):
            count += _evict_batch(store, batch, chunks)
        _drop_unlisted(store, chunks)
    finally:
        chunks.close()
    return count


def _mark(blobs: Sequence[bytes], transaction: WriteTransaction) -> int:
    forms = [table for table in _FORMS if _has_any(transaction, table)]  # a lazy clone has neither
    absent = [one for one in sorted(blobs) if not any(transaction.contains(table, one) for table in forms)]
    transaction.put_many(Table.ABSENT, ((one, b"") for one in absent))
    return len(absent)


def _has_any(transaction: ReadTransaction, table: Table) -> bool:
    return next(transaction.iter_sizes(table), None) is not None


def _evict_batch(store: Store, blobs: Sequence[bytes], chunks: SpillingMap) -> int:
    with store.read() as transaction:
        lists = [transaction.get(Table.CHUNK_LISTS, one) for one in blobs]
        here = [one for one in blobs if is_here(transaction, one)]
    for data in lists:
        for chunk, _ in () if data is None else decode_chunk_list(data).chunks:
            chunks.put(chunk, b"")

    def change_places(transaction: WriteTransaction) -> None:
        for one in here:
            transaction.delete(Table.BLOBS, one)
            transaction.delete(Table.CHUNK_LISTS, one)
        transaction.put_many(Table.ABSENT, ((one, b"") for one in here))

    if here:
        store.update(change_places)
    return len(here)


def _drop_unlisted(store: Store, chunks: SpillingMap) -> None:
    """Remove those of the chunks that no list names any more."""
    for blob, _ in iter_sizes(store, Table.CHUNK_LISTS) if next(chunks.iter_items(), None) else ():
        with store.read() as transaction:
            data = transaction.get(Table.CHUNK_LISTS, blob)
        for chunk, _ in () if data is None else decode_chunk_list(data).chunks:
            chunks.delete(chunk)
    left = (chunk for chunk, _ in chunks.iter_items())
    while batch := list(islice(left, _EVICTED)):
        store.update(partial(_delete_chunks, batch))


def _delete_chunks(chunks: Sequence[bytes], transaction: WriteTransaction) -> None:
    for chunk in chunks:
        transaction.delete(Table.CHUNKS, chunk)
