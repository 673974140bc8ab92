"""Writing what is alive into a store of the next generation, where that pays.

Most of it is copied beside the writers; what they add meanwhile follows when they are locked out, and the cells last.
Nobody knows of the new file until `current` names it. Whoever has the old one open goes on reading that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from dvcore.errors import CorruptError, StorageError
from dvcore.progress import Progress
from dvcore.repo.batches import iter_batches
from dvcore.repo.gc.marks import Entry, Marks
from dvcore.repo.gc.survey import Survey, iter_entries
from dvcore.repo.gc.ways import Way
from dvcore.store import LmdbStore, Store, Table, WriteTransaction
from dvcore.store.absent import unmark

_BATCH_BYTES: Final = 32 << 20
_LEAST_BYTES: Final = 512
"""An entry counts for so many at least, so that no more than 65,536 are copied at a time."""


class Rewrite:
    """The new file of one store, made at `path` as the generation `number`.

    Raises StorageError where something is at that path: cells that it holds would outlast those that are copied.
    """

    def __init__(self, name: str, store: Store, survey: Survey, number: int, path: Path) -> None:
        if path.exists():
            raise StorageError(f"{path} is in the way of a new store", hint="remove it")
        self.name = name
        self.number = number
        self.way = Way.REWRITE
        self.survey = survey
        self._store = store
        self._new = LmdbStore(path, create=True)

    def prepare(self, marks: Marks, progress: Progress) -> None:
        """Copy what is marked, beside the writers."""
        progress.start(f"copying live {self.name}", sum(tally.entries for tally in self.survey.live.values()))
        for table in sorted(self.survey.tables, key=lambda table: table.value):  # the order of the file
            entries = iter_entries(self._store, table)
            self._copy((entry for entry in entries if marks.is_live(table, entry.key)), progress)
        progress.finish()

    def finish(self, later: Marks, progress: Progress) -> None:
        """Copy what has come to life since, and the cells, with no writer beside. All of it is durable then."""
        self._copy(self._rescued(later.iter_entries(self._store, *self.survey.tables)), progress)
        self._copy(iter_entries(self._store, Table.CELLS), progress)

    def close(self) -> None:
        """Release the new file."""
        self._new.close()

    def _rescued(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        for entry in entries:
            self.survey.rescue(entry)
            yield entry

    def _copy(self, entries: Iterable[Entry], progress: Progress) -> None:
        for batch in iter_batches(entries, _weight, _BATCH_BYTES):
            values = self._values(batch)
            self._new.update(partial(_put, values))
            progress.advance(len(batch))

    def _values(self, batch: Iterable[Entry]) -> list[tuple[Table, bytes, bytes]]:
        values: list[tuple[Table, bytes, bytes]] = []
        with self._store.read() as transaction:
            for table, key, _ in batch:
                value = transaction.get(table, key)
                if value is None and table is Table.ABSENT:
                    continue  # brought meanwhile: it comes with what came to life
                if value is None:
                    raise CorruptError(f"an entry of {self.name} vanished while it was copied")
                values.append((table, key, value))
        return values


def _weight(entry: Entry) -> int:
    return max(entry.size, _LEAST_BYTES)


def _put(values: Sequence[tuple[Table, bytes, bytes]], transaction: WriteTransaction) -> None:
    by_table: dict[Table, list[tuple[bytes, bytes]]] = {}
    for table, key, value in values:
        by_table.setdefault(table, []).append((key, value))
    for table, items in by_table.items():
        transaction.put_many(table, items)
        if table in {Table.BLOBS, Table.CHUNK_LISTS}:
            unmark(transaction, (key for key, _ in items))  # it was absent when marks were copied
