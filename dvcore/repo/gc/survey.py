"""What is in a store: how much of it is alive, by table, and which entries are not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from dvcore.encoding import encode
from dvcore.model.commit import KIND as COMMIT
from dvcore.repo.gc.marks import Entry, Marks
from dvcore.repo.gc.report import TableReport, Tally
from dvcore.store import Store, Table
from dvcore.store.lmdb_room import entry_room
from dvcore.store.spilling import SpillingMap
from dvcore.store.table_scan import iter_sizes


class Rank(NamedTuple):
    """Entries of one table; `at_once`: they are removed in one transaction, all or none."""

    table: Table
    at_once: bool = False


OBJECT_RANKS: Final = (Rank(Table.OBJECTS, at_once=True), Rank(Table.OBJECTS))
"""Commits, then the rest. A commit that is left without its parents would look whole to who knows its id."""
BLOB_RANKS: Final = (Rank(Table.CHUNK_LISTS), Rank(Table.BLOBS), Rank(Table.CHUNKS), Rank(Table.ABSENT))
"""The order in which entries are removed: what a name or an id is looked up in goes before what it leads to, so that a
sweep that is cut short leaves nothing that looks whole and is not."""

_COMMIT_HEAD: Final = encode(COMMIT)
_NONE: Final = Tally(0, 0)


class Survey:
    """What is in the tables of a store, and the dead entries in the order in which they are to be removed."""

    def __init__(self, ranks: tuple[Rank, ...], folder: Path | None) -> None:
        self.live = dict.fromkeys((rank.table for rank in ranks), _NONE)
        self.dead = dict.fromkeys(self.live, _NONE)
        self.dead_room = 0
        """Bytes of pages that dead entries take."""
        self._ranks = ranks
        self._dead_keys = SpillingMap(folder)

    @property
    def tables(self) -> tuple[Table, ...]:
        """In the order in which entries are removed from them."""
        return tuple(self.live)

    def count_live(self, entry: Entry) -> None:
        """An entry is alive."""
        self.live[entry.table] = _plus(self.live[entry.table], 1, entry.size)

    def count_dead(self, entry: Entry, rank: int) -> None:
        """An entry is not."""
        self.dead[entry.table] = _plus(self.dead[entry.table], 1, entry.size)
        self.dead_room += entry_room(len(entry.table.value) + len(entry.key), entry.size)
        self._dead_keys.put(bytes([rank]) + entry.key, b"")

    def rescue(self, entry: Entry) -> None:
        """An entry has come to life since it was looked at, or is new."""
        self.count_live(entry)
        for rank, (table, _) in enumerate(self._ranks):
            if table is entry.table and self._dead_keys.delete(bytes([rank]) + entry.key):
                self.dead[table] = _plus(self.dead[table], -1, -entry.size)

    def iter_dead(self, limit: int) -> Iterator[list[tuple[Table, bytes]]]:
        """The dead entries in batches, each to be removed in one transaction: `limit` entries, or all of a rank that
        goes at once."""
        for number, (table, at_once) in enumerate(self._ranks):
            keys = ((table, key[1:]) for key, _ in self._dead_keys.iter_items(bytes([number])))
            while batch := list(islice(keys, None if at_once else limit)):
                yield batch

    def report(self) -> tuple[TableReport, ...]:
        """What is in each table."""
        return tuple(TableReport(table, self.live[table], self.dead[table]) for table in self.tables)

    def close(self) -> None:
        """Give the room back."""
        self._dead_keys.close()


def survey(store: Store, ranks: tuple[Rank, ...], marks: Marks) -> Survey:
    """Look at every entry of the tables, without reading values."""
    found = Survey(ranks, marks.folder)
    for table in found.tables:
        for entry in iter_entries(store, table):
            if marks.is_live(table, entry.key):
                found.count_live(entry)
            else:
                found.count_dead(entry, _rank(store, ranks, entry))
    return found


def iter_entries(store: Store, table: Table) -> Iterator[Entry]:
    """All entries of a table, each as it is when it is reached."""
    return (Entry(table, key, size) for key, size in iter_sizes(store, table))


def _rank(store: Store, ranks: tuple[Rank, ...], entry: Entry) -> int:
    if entry.table is not Table.OBJECTS:
        return ranks.index(Rank(entry.table))
    with store.read() as transaction:
        data = transaction.get(entry.table, entry.key)
    return 0 if data is not None and data.startswith(_COMMIT_HEAD, 1) else 1


def _plus(tally: Tally, entries: int, size: int) -> Tally:
    return Tally(tally.entries + entries, tally.size + size)
