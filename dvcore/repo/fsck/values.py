"""Every stored value against its key: what has a hash has the bytes of that hash, whether or not anything refers to it.

What nothing refers to counts too: the next import of those bytes would find them present.

Tables are read in parts: an id is a hash, so its first byte cuts a table into 256 equal ones. A part is read in a
transaction of its own, and in pieces of a megabyte; of blobs and chunks, as many at a time as there are cores.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from blake3 import blake3

from dvcore.errors import DsetError
from dvcore.ids import ID_BYTES, digest, format_short
from dvcore.model.annotations import KIND as ANNOTATIONS
from dvcore.model.annotations import decode_annotations
from dvcore.progress import Progress
from dvcore.repo.fsck.faults import Damaged, Faults
from dvcore.repo.fsck.masks import check_masks
from dvcore.store import Store, Table
from dvcore.store.chunk_list import WHOLE_BYTES, ChunkList, decode_chunk_list
from dvcore.store.spilling import SpillingMap
from dvcore.store.table_scan import iter_sizes

T = TypeVar("T")
R = TypeVar("R")

ANNOTATIONS_HEAD: Final = b"\x93" + bytes([0xA0 | len(ANNOTATIONS)]) + ANNOTATIONS.encode()
"""How every annotation set begins: an array of three, the first of them the kind."""

OTHER_BYTES: Final = "its bytes are not those that were stored"
_PARTS: Final = [bytes([first]) for first in range(256)]
_KEYS_A_PART: Final = 64
_LISTED_STRAYS: Final = 100

Found = list[tuple[bytes, str]]
"""Ids with what is wrong."""


def check_objects(store: Store, faults: Faults, progress: Progress) -> None:
    """Hash every object, and decode the annotation sets, of which there may be as many as files.

    Who follows links need then only see that an annotation set is there. Raises StorageError.
    """
    progress.start("checking objects", len(_PARTS))
    for part in _PARTS:  # in one thread: decoding takes most of the time, and the interpreter's lock
        _note(faults, Damaged.OBJECT, _find_bad_objects(store, part))
        progress.advance()
    progress.finish()
    _check_strays(store, "objects", (Table.OBJECTS, Table.CELLS), faults)


def check_blobs(store: Store, faults: Faults, progress: Progress, *, read: bool, scratch: Path | None) -> None:
    """Look at every blob and chunk; with `read`, hash them.

    Without it, chunk lists are held against the presence and sizes of their chunks. Raises StorageError.
    """
    if read:
        for found in _each("blobs", lambda part: _find_bad_blobs(store, part), _PARTS, progress):
            _note(faults, Damaged.BLOB, found)
    with closing(SpillingMap(scratch)) as listed:
        _check_lists(store, faults, progress, listed if read else None)
        if read:
            _check_unlisted_chunks(store, faults, progress, listed)
    _check_marks(store, faults)
    _check_strays(store, "blobs", (Table.BLOBS, Table.CHUNK_LISTS, Table.CHUNKS, Table.ABSENT), faults)


def _check_lists(store: Store, faults: Faults, progress: Progress, listed: SpillingMap | None) -> None:
    """Look at every chunk list and its chunks; with `listed`, hash them, and note there which chunks the lists name."""
    lists = (blob for blob, _ in iter_sizes(store, Table.CHUNK_LISTS))
    read = listed is not None
    for looked in _each("large blobs", lambda blob: _look_at_list(store, blob, read=read), lists, progress):
        _note(faults, Damaged.BLOB, looked.found)
        if listed is not None:
            for chunk in looked.chunks:
                listed.put(chunk, b"")


def _check_unlisted_chunks(store: Store, faults: Faults, progress: Progress, listed: SpillingMap) -> None:
    """Hash the chunks that no list names."""
    unlisted = (key for key, _ in iter_sizes(store, Table.CHUNKS) if listed.get(key) is None)
    groups = iter(lambda: list(islice(unlisted, _KEYS_A_PART)), [])
    for found in _each("chunks", lambda keys: _find_bad_chunks(store, keys), groups, progress):
        _note(faults, Damaged.CHUNK, found)


def _note(faults: Faults, damaged: Damaged, found: Found) -> None:
    for id_, reason in found:
        faults.add(damaged, id_, reason)


def _each(what: str, action: Callable[[T], R], items: Iterable[T], progress: Progress) -> Iterator[R]:
    """What the action gives for each item, in order; some threads are ahead by a few items."""
    total = len(items) if isinstance(items, list) else None
    threads = os.cpu_count() or 1
    progress.start(f"checking {what}", total)
    with ThreadPoolExecutor(threads) as pool:
        waiting = iter(items)
        running = [pool.submit(action, item) for item in islice(waiting, 2 * threads)]
        while running:
            result = running.pop(0).result()
            running += [pool.submit(action, item) for item in islice(waiting, 1)]
            progress.advance()
            yield result
    progress.finish()


def _find_bad_objects(store: Store, part: bytes) -> Found:
    found = []
    with store.read() as transaction:
        for id_, data in transaction.iter_items(Table.OBJECTS, part):
            reason = OTHER_BYTES if digest(data) != id_ else _annotations_fault(data)
            if reason is not None:
                found.append((id_, reason))
    return found


def _annotations_fault(data: bytes) -> str | None:
    if not data.startswith(ANNOTATIONS_HEAD):
        return None
    try:
        check_masks(decode_annotations(data))
    except DsetError as error:
        return error.message
    return None


def _find_bad_blobs(store: Store, part: bytes) -> Found:
    found = []
    with store.read() as transaction:
        for id_, data in transaction.iter_items(Table.BLOBS, part):
            if digest(data) != id_:
                found.append((id_, OTHER_BYTES))
            elif len(data) > WHOLE_BYTES:
                found.append((id_, f"it is stored whole with {len(data)} bytes"))
    return found


def _find_bad_chunks(store: Store, keys: list[bytes]) -> Found:
    with store.read() as transaction:
        values = [(key, transaction.get(Table.CHUNKS, key)) for key in keys]
        # One that is gone by now was collected: nothing refers to any of these.
        return [(key, OTHER_BYTES) for key, value in values if value is not None and digest(value) != key]


@dataclass(frozen=True, slots=True)
class _LookedAt:
    """What is wrong with a chunk list, if anything, and the chunks that it names."""

    found: Found
    chunks: tuple[bytes, ...]


def _look_at_list(store: Store, blob: bytes, *, read: bool) -> _LookedAt:
    with store.read() as transaction:
        data = transaction.get(Table.CHUNK_LISTS, blob)
    if data is None:
        return _LookedAt([], ())  # collected meanwhile
    try:
        chunks = decode_chunk_list(data)
    except DsetError as error:
        return _LookedAt([(blob, error.message)], ())
    reason = _hash_fault(store, blob, chunks) if read else _presence_fault(store, chunks)
    if reason is not None and not _is_listed(store, blob):
        return _LookedAt([], ())
    return _LookedAt([] if reason is None else [(blob, reason)], tuple(chunk for chunk, _ in chunks.chunks))


def _is_listed(store: Store, blob: bytes) -> bool:
    """Whether the chunk list is still there; lists that nothing refers to are collected before their chunks."""
    with store.read() as transaction:
        return transaction.contains(Table.CHUNK_LISTS, blob)


def _presence_fault(store: Store, chunks: ChunkList) -> str | None:
    with store.read() as transaction:
        for chunk, length in chunks.chunks:
            size = transaction.size(Table.CHUNKS, chunk)
            if size != length:
                return _chunk_fault(chunk, length, size)
    return None


def _hash_fault(store: Store, blob: bytes, chunks: ChunkList) -> str | None:
    whole = blake3()
    for chunk, length in chunks.chunks:
        with store.read() as transaction:
            data = transaction.get(Table.CHUNKS, chunk)
        if data is None or len(data) != length:
            return _chunk_fault(chunk, length, None if data is None else len(data))
        if digest(data) != chunk:
            return f"the bytes of its chunk {format_short(chunk)} are not those that were stored"
        whole.update(data)
    return None if whole.digest() == blob else "its chunks do not make up the bytes that were stored"


def _chunk_fault(chunk: bytes, length: int, size: int | None) -> str:
    what = "is missing" if size is None else f"has {size} bytes instead of {length}"
    return f"its chunk {format_short(chunk)} {what}"


def _check_marks(store: Store, faults: Faults) -> None:
    """A mark is a blob's id and nothing else: one that was damaged leaves the blob lost that it was of."""
    wrong = (key for key, size in iter_sizes(store, Table.ABSENT) if len(key) != ID_BYTES or size > 0)
    for key in islice(wrong, _LISTED_STRAYS):
        faults.add(Damaged.STORE, f"blobs/{(Table.ABSENT.value + key).hex()}", "it is no mark of an absent blob")


def _check_strays(store: Store, what: str, tables: tuple[Table, ...], faults: Faults) -> None:
    """An entry whose key has lost its first byte is in none of the tables that this store has, and nobody reads it."""
    with store.read() as transaction:
        for key in islice(transaction.iter_strays(tables), _LISTED_STRAYS):
            faults.add(Damaged.STORE, f"{what}/{key.hex()}", f"the key {key!r} is in no table of this store")
