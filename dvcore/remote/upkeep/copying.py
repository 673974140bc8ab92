"""Copying what is alive out of packs that go, into new ones: proved on the way, a few reads ahead, in bounded memory.

What was copied stays copied, however often the root moves before it lists the new packs: then only what has come to
life meanwhile is added.

A chunk list is copied as it is: nothing but its whole blob could prove it. Its chunks were found where it says, though,
else nothing would be copied at all, and no chance damage does that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from dvcore.progress import BYTES, Progress
from dvcore.remote.contents.reading import read_many
from dvcore.remote.indexes.index import Index
from dvcore.remote.indexes.index_set import IndexSet
from dvcore.remote.indexes.making import IndexMaker
from dvcore.remote.packs.pack import MAX_ENTRIES, new_salt
from dvcore.remote.packs.packing import Pack, Value, iter_packs
from dvcore.remote.upkeep.marks import Marks
from dvcore.remote.upkeep.survey import Going
from dvcore.remote.upkeep.view import View
from dvcore.store import Table
from dvcore.store.spilling import SpillingMap

_TOGETHER: Final = MAX_ENTRIES
"""Values whose places are in memory at a time, 25 MB; a pack has no more."""


class Copier:
    """The copies that one new root is to list. `folder` is where their ids are noted where there are many."""

    def __init__(self, marks: Marks, folder: Path | None, progress: Progress) -> None:
        self._marks = marks
        self._progress = progress
        self._copied = SpillingMap(folder)
        self._salt = new_salt()
        self.indexes: list[Index] = []
        """They list the new packs."""
        self.entries = 0
        self.size = 0
        """Bytes of the new packs."""

    def copy(self, view: View, going: Sequence[Going]) -> None:
        """Copy what is alive in packs that go and is in none that stays, but for what was copied before, and send it.

        Raises CorruptError where something is not as it should be, NotFoundError, StorageError.
        """
        staying = view.without([one.pack.id for one in going])
        maker = IndexMaker()
        self._progress.start("copying", None, unit=BYTES)
        for pack in iter_packs(self._iter_values(view, going, staying), self._salt):
            view.contents.storage.put(pack.ref.name, pack.data)
            if not maker.has_room(len(pack.entries)):
                self._keep(maker)
                maker = IndexMaker()
            maker.add_pack(pack.ref, pack.entries)
            self._count(pack)
        self._keep(maker)
        self._progress.finish()

    def close(self) -> None:
        """Give the room back."""
        self._copied.close()

    def _iter_values(self, view: View, going: Sequence[Going], staying: IndexSet) -> Iterator[Value]:
        for part in _parts(going):
            yield from read_many(view.contents, self._find_needed(view, part, staying))

    def _find_needed(self, view: View, going: Sequence[Going], staying: IndexSet) -> Iterable[tuple[Table, bytes]]:
        """In the order in which they lie there: what was pushed together stays together, and is read together."""
        places = {one.pack: place for place, one in enumerate(going)}
        needed: dict[tuple[Table, bytes], tuple[int, int]] = {}
        for index in view.indexes:
            for table, value_id, location in index.iter_located() if not places.keys().isdisjoint(index.packs) else ():
                place = places.get(location.pack)
                if place is not None and self._is_needed(table, value_id, staying):
                    needed[table, value_id] = place, location.offset
        return sorted(needed, key=needed.__getitem__)

    def _is_needed(self, table: Table, value_id: bytes, staying: IndexSet) -> bool:
        if not self._marks.is_live(table, value_id) or staying.find(table, value_id) is not None:
            return False
        return self._copied.get(table.value + value_id) is None

    def _count(self, pack: Pack) -> None:
        self.entries += len(pack.entries)
        self.size += pack.ref.size
        for entry, _ in pack.entries:
            self._copied.put(entry.table.value + entry.id, b"")
        self._progress.advance(pack.ref.size)

    def _keep(self, maker: IndexMaker) -> None:
        made = maker.finish(new_salt())
        if made is not None:
            self.indexes.append(Index(made.data))


def _parts(going: Sequence[Going]) -> Iterator[list[Going]]:
    part: list[Going] = []
    live = 0
    for one in going:
        if part and live + one.live > _TOGETHER:
            yield part
            part, live = [], 0
        part.append(one)
        live += one.live
    yield part
