"""Removing dead entries in place, where too little would come back to the disk to write the rest anew.

Who reads a state that has been given up meanwhile would find it with holes. So nothing is removed while others have the
store open: a later collection does it, or there is so much one day that the store is written anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from dvcore.progress import Progress
from dvcore.repo.gc.marks import Marks
from dvcore.repo.gc.survey import Survey
from dvcore.repo.gc.ways import Way
from dvcore.store import LmdbStore, Store, Table, WriteTransaction

_BATCH: Final = 4_096
"""Entries removed in one transaction, unless they go at once; each changes a page of its own at worst, 16 MiB."""


class Sweep:
    """The sweep of one store."""

    def __init__(self, name: str, store: Store, survey: Survey, number: int) -> None:
        self.name = name
        self.number = number
        self.way = Way.SWEEP
        self.survey = survey
        self._store = store

    def prepare(self, marks: Marks, progress: Progress) -> None:
        """Nothing can be done beside writers: what is dead may come to life as long as it is there."""

    def finish(self, later: Marks, progress: Progress) -> None:
        """Remove what is dead, with no writer beside. Those who open the store from now on see the horizon."""
        for entry in later.iter_entries(self._store, *self.survey.tables):
            self.survey.rescue(entry)
        count = sum(tally.entries for tally in self.survey.dead.values())
        if count == 0:
            self.way = Way.NOTHING
        elif isinstance(self._store, LmdbStore) and not self._store.is_alone():
            self.way = Way.POSTPONE
        else:
            self._sweep(count, progress)

    def close(self) -> None:
        """Nothing is left."""

    def _sweep(self, count: int, progress: Progress) -> None:
        progress.start(f"removing dead {self.name}", count)
        for batch in self.survey.iter_dead(_BATCH):
            self._store.update(partial(_delete, batch))
            progress.advance(len(batch))
        progress.finish()


def _delete(entries: Sequence[tuple[Table, bytes]], transaction: WriteTransaction) -> None:
    for table, key in entries:
        transaction.delete(table, key)
