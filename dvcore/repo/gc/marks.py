"""What is alive: everything that refs, working states and the operations after the horizon lead to.

Marking reads every object that refers to others and hashes it, so that no mark follows from a damaged byte. A blob is
alive in whichever form it is stored, a chunk where a chunk list of a live blob names it. Of a live blob that is absent,
the mark in ABSENT stays.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple, Self

from dvcore.errors import CorruptError
from dvcore.ids import digest, format_short
from dvcore.progress import Progress
from dvcore.repo.cells import REFS, WORKING, iter_cells
from dvcore.repo.generations import Stores
from dvcore.repo.horizon import iter_held
from dvcore.repo.links import Kind, Link, cell_links, iter_reachable, operation_links
from dvcore.store import ObjectReader, ReadTransaction, Store, Table
from dvcore.store.absent import is_here
from dvcore.store.chunk_list import decode_chunk_list
from dvcore.store.spilling import SpillingMap

_BATCH: Final = 4_096
"""Keys looked up in one read transaction."""

_SET_OF: Final = {
    Table.OBJECTS: Table.OBJECTS,
    Table.BLOBS: Table.BLOBS,
    Table.CHUNK_LISTS: Table.BLOBS,
    Table.ABSENT: Table.BLOBS,
    Table.CHUNKS: Table.CHUNKS,
}
"""A blob has one mark, whichever its form."""
_FORMS: Final = {
    Table.OBJECTS: (Table.OBJECTS,),
    Table.BLOBS: (Table.BLOBS, Table.CHUNK_LISTS, Table.ABSENT),
    Table.CHUNKS: (Table.CHUNKS,),
}
_NAMES: Final = {Table.OBJECTS: "object", Table.BLOBS: "blob", Table.CHUNKS: "chunk"}


class Entry(NamedTuple):
    """An entry of a store: where it is, and the length of its value in bytes."""

    table: Table
    key: bytes
    size: int


class Marks:
    """Sets of ids, each of any size, spilled into `folder`; `earlier` marks count as set, and are not set again."""

    def __init__(self, folder: Path | None, earlier: Marks | None = None) -> None:
        self.folder = folder
        self._earlier = earlier
        self._seen = SpillingMap(folder)
        self._sets = {table: SpillingMap(folder) for table in _FORMS}
        self._absent = SpillingMap(folder)

    def enter(self, link: Link) -> bool:
        """Whether a link is new; it is not from then on."""
        key = link.kind.value + link.id
        if self._has_seen(key):
            return False
        self._seen.put(key, b"")
        return True

    def add(self, table: Table, key: bytes) -> None:
        """Mark an entry of a table."""
        if not self.is_live(table, key):
            self._sets[_SET_OF[table]].put(key, b"")

    def is_live(self, table: Table, key: bytes) -> bool:
        """Whether an entry of a table is marked."""
        if self._sets[_SET_OF[table]].get(key) is not None:
            return True
        return self._earlier is not None and self._earlier.is_live(table, key)

    def note_absent(self, blob: bytes) -> None:
        """A blob that is marked is absent from the store."""
        self._absent.put(blob, b"")

    def add_returned(self, store: Store) -> None:
        """Mark what was absent by the earlier marks and has been stored since, as if it were new."""
        noted = (key for key, _ in self._earlier._absent.iter_items()) if self._earlier is not None else iter(())
        while batch := list(islice(noted, _BATCH)):
            with store.read() as transaction:
                returned = [key for key in batch if is_here(transaction, key)]
            for key in returned:
                self._sets[Table.BLOBS].put(key, b"")

    def iter_entries(self, store: Store, *tables: Table) -> Iterator[Entry]:
        """What is marked here, but not in the earlier marks, of these tables of a store.

        Raises CorruptError for what is not there.
        """
        for kind in dict.fromkeys(_SET_OF[table] for table in tables):
            keys = (key for key, _ in self._sets[kind].iter_items())
            while batch := list(islice(keys, _BATCH)):
                yield from _located(store, kind, batch)

    def close(self) -> None:
        """Give the room back."""
        for one in (self._seen, self._absent, *self._sets.values()):
            one.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _has_seen(self, key: bytes) -> bool:
        if self._seen.get(key) is not None:
            return True
        return self._earlier is not None and self._earlier._has_seen(key)


def mark(stores: Stores, horizon: int, marks: Marks, progress: Progress) -> None:
    """Mark everything that is alive in the stores as they are now, if operations up to `horizon` hold nothing. All of
    it is there, but for blobs that are absent. No blob must be evicted meanwhile.

    Raises CorruptError where something is missing or damaged, NeedsNewerError.
    """
    progress.start("marking", None)
    roots = SpillingMap(marks.folder)
    try:
        _collect_roots(stores.objects, horizon, roots)
        starts = (Link(Kind(key[:1]), key[1:]) for key, _ in roots.iter_items())
        reachable = iter_reachable(partial(_read, ObjectReader(stores.objects)), starts, marks.enter)
        while batch := list(islice(reachable, _BATCH)):
            for link in batch:
                marks.add(Table.BLOBS if link.kind is Kind.BLOB else Table.OBJECTS, link.id)
            progress.advance(len(batch))
    finally:
        roots.close()
    marks.add_returned(stores.blobs)
    _mark_chunks(stores.blobs, marks)
    for store, table in ((stores.objects, Table.OBJECTS), (stores.blobs, Table.CHUNKS)):
        deque(marks.iter_entries(store, table), maxlen=0)  # it says what is missing
    progress.finish()


def _collect_roots(store: Store, horizon: int, roots: SpillingMap) -> None:
    with store.read() as transaction:
        for prefix in (REFS, WORKING):
            for cell, value in iter_cells(transaction, prefix):
                _put_links(roots, cell_links(cell, value))
        for operation in iter_held(transaction, horizon):
            _put_links(roots, operation_links(operation))


def _put_links(roots: SpillingMap, links: Iterable[Link]) -> None:
    for link in links:
        roots.put(link.kind.value + link.id, b"")


def _read(reader: ObjectReader, object_id: bytes) -> bytes:
    data = reader.read(object_id)
    if digest(data) != object_id:
        raise CorruptError(f"object {format_short(object_id)} is damaged: its bytes have another hash")
    return data


def _mark_chunks(store: Store, marks: Marks) -> None:
    for table, blob, _ in marks.iter_entries(store, Table.BLOBS):
        if table is Table.CHUNK_LISTS:
            with store.read() as transaction:
                data = transaction.get(table, blob)
            assert data is not None, "nothing is removed while it is marked, and nothing evicted"
            for chunk, _ in decode_chunk_list(data).chunks:
                marks.add(Table.CHUNKS, chunk)
        elif table is Table.ABSENT:
            marks.note_absent(blob)


def _located(store: Store, kind: Table, keys: Iterable[bytes]) -> list[Entry]:
    with store.read() as transaction:
        return [_locate(transaction, kind, key) for key in keys]


def _locate(transaction: ReadTransaction, kind: Table, key: bytes) -> Entry:
    for table in _FORMS[kind]:
        size = transaction.size(table, key)
        if size is not None:
            return Entry(table, key, size)
    raise CorruptError(f"{_NAMES[kind]} {format_short(key)} is missing")
