"""Whether values are on a remote where its indexes say: in packs that are there, and whose footers list them.

What was to be found is noted by pack, so that each pack is looked at once: one list for all of them, and a request for
each footer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from struct import Struct
from typing import Final, NamedTuple

from dvcore.errors import CorruptError
from dvcore.progress import Progress
from dvcore.remote.packs.entry import name_of
from dvcore.remote.packs.names import PACKS, PackKind, PackRef, find_pack
from dvcore.remote.packs.naming import naming
from dvcore.remote.packs.pack import Placed
from dvcore.remote.packs.reading import Location, read_footer
from dvcore.remote.storages.storage import Storage
from dvcore.store import Table
from dvcore.store.background import iter_results
from dvcore.store.spilling import SpillingMap

_PLACE: Final = Struct(">cI32sI")
"""The pack's kind, size and id, and the entry's offset, as a key: those of one pack come together."""
_VALUE: Final = Struct(">c32sI")
"""The value's table and id, and the entry's length."""
_REQUESTS: Final = 4
_KINDS: Final = {kind.code: kind for kind in PackKind}
_TABLES: Final = {table.value: table for table in Table}

_Values = list[tuple[int, Table, bytes, int]]


class _Asked(NamedTuple):
    """A pack, and what should be in it: offset, table, id and length of each entry."""

    pack: PackRef
    values: _Values


class Places:
    """Where values should be. `folder` is where they are noted where there are many."""

    def __init__(self, folder: Path | None) -> None:
        self._noted = SpillingMap(folder)

    def add(self, table: Table, value_id: bytes, location: Location) -> None:
        """A value should be there."""
        pack = location.pack
        key = _PLACE.pack(pack.kind.code, pack.size, pack.id, location.offset)
        self._noted.put(key, _VALUE.pack(table.value, value_id, location.length))

    def check(self, storage: Storage, progress: Progress) -> None:
        """Look at every pack that was named.

        Raises CorruptError naming the remote and the pack, or the value, that is not there; StateError where the remote
        cannot list what it has; StorageError.
        """
        listed = {one.name: one.size for one in storage.iter_names(PACKS) if find_pack(one.name, one.size)}
        progress.start("looking at the remote's packs", None)
        for _ in iter_results(lambda asked: _check(storage, listed, asked), self._iter_asked(), _REQUESTS):
            progress.advance()
        progress.finish()

    def close(self) -> None:
        """Give the room back."""
        self._noted.close()

    def _iter_asked(self) -> Iterator[_Asked]:
        places = ((_PLACE.unpack(key), _VALUE.unpack(value)) for key, value in self._noted.iter_items())
        for (kind, size, pack_id), found in groupby(places, key=lambda place: place[0][:3]):
            values = [(place[3], _TABLES[value[0]], value[1], value[2]) for place, value in found]
            yield _Asked(PackRef(_KINDS[kind], pack_id, size), values)


def _check(storage: Storage, listed: dict[str, int], asked: _Asked) -> None:
    pack = asked.pack
    with naming(storage, pack):
        if listed.get(pack.name) != pack.size:
            found = "is not there" if pack.name not in listed else f"has {listed[pack.name]:,} bytes, not {pack.size:,}"
            raise CorruptError(f"an index lists it, and it {found}")
    footer = read_footer(storage, pack)
    with naming(storage, pack):
        _check_entries(footer, asked.values)


def _check_entries(footer: Iterable[Placed], values: _Values) -> None:
    there = {placed.offset: placed.entry for placed in footer}
    for offset, table, value_id, length in values:
        entry = there.get(offset)
        if entry is None or (entry.table, entry.id, entry.length) != (table, value_id, length):
            raise CorruptError(f"an index says that {name_of(table, value_id)} is in it, and it is not")
