"""Scans in the order of keys that hold no cursor while the consumer works.

Items are read in batches, each with a cursor of its own that is closed before the batch is handed on. So a consumer may
stop early, or change the table, without a cursor left behind in the transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Final

import lmdb

Item = tuple[bytes, bytes]
CurrentTransaction = Callable[[], "lmdb.Transaction[memoryview]"]

FIRST_BATCH: Final = 16
LARGEST_BATCH: Final = 1024
BATCH_BYTES: Final = 1 << 20
"""A batch ends with the item that reaches this, so that large values do not pile up."""


def iter_items(current: CurrentTransaction, prefix: bytes, *, reverse: bool) -> Iterator[Item]:
    """Keys under the prefix with copies of their values. `current` is asked for each batch."""
    last: bytes | None = None
    limit = FIRST_BATCH
    while True:
        with current().cursor() as cursor:
            batch = _read_batch(cursor, prefix, last, limit, reverse=reverse)
        yield from batch
        if not batch:
            return
        last = batch[-1][0]
        limit = min(2 * limit, LARGEST_BATCH)


def iter_sizes(current: CurrentTransaction, prefix: bytes, after: bytes) -> Iterator[tuple[bytes, int]]:
    """Keys under the prefix that come after `after`, with the lengths of their values. `current` is asked for each
    batch. Values of more than a few hundred bytes lie on pages of their own, which are not touched."""
    while True:
        with current().cursor() as cursor:
            batch = _read_sizes(cursor, prefix, after)
        yield from batch
        if len(batch) < LARGEST_BATCH:
            return
        after = batch[-1][0]


def iter_outside(current: CurrentTransaction, prefixes: Collection[bytes]) -> Iterator[bytes]:
    """Keys that begin with none of these bytes, one for each. `current` is asked for each key."""
    last: bytes | None = None
    while (key := _find_outside(current(), prefixes, last)) is not None:
        yield key
        last = key


def _find_outside(
    transaction: lmdb.Transaction[memoryview], prefixes: Collection[bytes], last: bytes | None
) -> bytes | None:
    """The first such key after `last`; what begins with one of the bytes is stepped over at once."""
    with transaction.cursor() as cursor:
        found = _seek_after(cursor, b"", last)
        while found and (prefix := bytes(cursor.key()[:1])) in prefixes:
            end = _end(prefix)
            found = end is not None and cursor.set_range(end)
        return bytes(cursor.key()) if found else None


def _read_sizes(cursor: lmdb.Cursor[memoryview], prefix: bytes, after: bytes) -> list[tuple[bytes, int]]:
    """At most `LARGEST_BATCH` of them."""
    batch: list[tuple[bytes, int]] = []
    if not _seek_after(cursor, prefix, after):
        return batch
    for view, value in cursor.iternext():
        key = bytes(view)
        if not key.startswith(prefix):
            break
        batch.append((key, len(value)))
        if len(batch) == LARGEST_BATCH:
            break
    return batch


def _read_batch(
    cursor: lmdb.Cursor[memoryview], prefix: bytes, last: bytes | None, limit: int, *, reverse: bool
) -> list[Item]:
    """At most `limit` items under the prefix after the key `last` (before it, if reverse); from the start if None."""
    found = _seek_before(cursor, last or _end(prefix)) if reverse else _seek_after(cursor, prefix, last)
    step = cursor.prev if reverse else cursor.next
    batch: list[Item] = []
    size = 0
    while found and len(batch) < limit and size < BATCH_BYTES:
        key = bytes(cursor.key())
        if not key.startswith(prefix):
            break
        value = bytes(cursor.value())
        batch.append((key, value))
        size += len(value)
        found = step()
    return batch


def _seek_after(cursor: lmdb.Cursor[memoryview], prefix: bytes, last: bytes | None) -> bool:
    """Move to the first key under the prefix, or to the first after `last`."""
    start = last or prefix
    found = cursor.set_range(start) if start else cursor.first()
    if found and last is not None and bytes(cursor.key()) == last:
        found = cursor.next()
    return found


def _seek_before(cursor: lmdb.Cursor[memoryview], end: bytes | None) -> bool:
    """Move to the last key before `end`, or to the last of all."""
    if end is not None and cursor.set_range(end):
        return cursor.prev()
    return cursor.last()


def _end(prefix: bytes) -> bytes | None:
    """The least key after all keys under the prefix; None where there is none."""
    stem = prefix.rstrip(b"\xff")
    return stem[:-1] + bytes([stem[-1] + 1]) if stem else None
