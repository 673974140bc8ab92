"""Every pack that a remote lists: that it is there and has its size, and holds what the indexes say, where they say it.

By their footers, of a few kilobytes each; or, where the data is to be read, whole: then every value is proved, and of a
pack that is damaged, each value that is. A chunk list is proved when its blob is put together.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dvcore.errors import CorruptError, DsetError, NeedsNewerError, NotFoundError
from dvcore.progress import BYTES, Progress
from dvcore.remote.indexes.index import Index
from dvcore.remote.packs.entry import HEADER, decode_header, decode_value, name_of
from dvcore.remote.packs.names import PACKS, PackRef
from dvcore.remote.packs.pack import Placed, check_size, iter_values
from dvcore.remote.packs.reading import read_footer
from dvcore.remote.upkeep.problems import Problems, name_pack
from dvcore.remote.upkeep.view import View
from dvcore.store import Table
from dvcore.store.background import iter_results

_FOOTERS_AT_ONCE: Final = 8
_PACKS_AT_ONCE: Final = 2
"""Of up to 72 MiB each."""


@dataclass(frozen=True, slots=True)
class _Fault:
    """Something wrong with a value in a pack, or with the pack."""

    thing: str
    reason: str | DsetError


class PackChecks:
    """Checks the packs of one view of a remote."""

    def __init__(self, view: View, problems: Problems, progress: Progress) -> None:
        self._view = view
        self._storage = view.contents.storage
        self._problems = problems
        self._progress = progress
        self._sizes: dict[str, int] = {}
        self._indexes: defaultdict[PackRef, list[Index]] = defaultdict(list)
        self._listed: Counter[tuple[int, PackRef]] = Counter()

    def run(self, *, read_data: bool) -> None:
        """Check all packs that count. Raises StorageError."""
        self._count()
        self._list()
        packs = list(self._indexes)
        total = sum(pack.size for pack in packs) if read_data else len(packs)
        self._progress.start("checking packs", total, unit=BYTES if read_data else "")
        check, at_once = (self._read, _PACKS_AT_ONCE) if read_data else (self._look, _FOOTERS_AT_ONCE)
        for pack, faults in zip(packs, iter_results(lambda one: list(check(one)), packs, at_once), strict=True):
            self._note(pack, faults)
            self._progress.advance(pack.size if read_data else 1)
        self._progress.finish()

    def _count(self) -> None:
        dead = self._view.root.dead_packs
        for number, index in enumerate(self._view.indexes):
            for pack in index.packs:
                if pack.id not in dead:
                    self._indexes[pack].append(index)
            self._listed.update((number, location.pack) for _, _, location in index.iter_located())

    def _list(self) -> None:
        """What a list says of sizes. It may be old: who is not in it is asked."""
        if self._storage.capabilities.lists:
            wanted = {pack.name for pack in self._indexes}
            self._sizes = {one.name: one.size for one in self._storage.iter_names(PACKS) if one.name in wanted}

    def _note(self, pack: PackRef, faults: Iterable[_Fault]) -> None:
        for fault in faults:
            if isinstance(fault.reason, DsetError):
                self._problems.add_error(fault.thing, fault.reason)
            else:
                self._problems.add(fault.thing, fault.reason, pack=None if fault.thing == name_pack(pack) else pack)

    def _look(self, pack: PackRef) -> Iterator[_Fault]:
        """By its footer."""
        size = self._sizes.get(pack.name, pack.size)
        if size != pack.size:
            yield _Fault(name_pack(pack), f"it has {size:,} bytes, and {pack.size:,} by its index")
            return
        try:
            entries = read_footer(self._storage, pack)
        except NotFoundError:
            yield _Fault(name_pack(pack), "it is missing")
        except (CorruptError, NeedsNewerError) as error:
            yield _Fault(name_pack(pack), error)
        else:
            yield from self._compare(pack, entries)

    def _read(self, pack: PackRef) -> Iterator[_Fault]:
        """As a whole."""
        try:
            check_size(pack)
            data = self._storage.get_range(pack.name, 0, pack.size)
        except NotFoundError:
            yield _Fault(name_pack(pack), "it is missing")
            return
        except CorruptError as error:
            yield _Fault(name_pack(pack), error)
            return
        try:
            entries = [placed for placed, _ in iter_values(pack, data)]
        except (CorruptError, NeedsNewerError) as error:
            yield _Fault(name_pack(pack), error)
            yield from self._find_damaged(pack, data)
        else:
            if self._sizes.get(pack.name, pack.size) != pack.size:
                yield _Fault(name_pack(pack), f"it goes on after its {pack.size:,} bytes")
            yield from self._compare(pack, entries)

    def _compare(self, pack: PackRef, entries: Sequence[Placed]) -> Iterator[_Fault]:
        """Every entry is in an index, at its place, unless another pack has the value; and an index lists no more."""
        for number, index in self._numbered(pack):
            matched = 0
            for entry, offset in entries:
                location = index.find(entry.table, entry.id)
                if location is not None and location.pack == pack:
                    matched += 1
                    if (location.offset, location.length) != (offset, entry.length):
                        yield _Fault(str(entry), f"it is at {offset}, and at {location.offset} by its index")
            if matched != self._listed[number, pack]:
                yield from _find_unheld(index, pack, entries)
        for entry, _ in entries:
            if self._view.contents.indexes.find(entry.table, entry.id) is None:
                yield _Fault(str(entry), "it is there, and no index lists it")

    def _find_damaged(self, pack: PackRef, data: bytes) -> Iterator[_Fault]:
        """The values that the indexes list in a damaged pack, and that are not as they should be."""
        for _, index in self._numbered(pack):
            for table, value_id, location in index.iter_located():
                if location.pack == pack:
                    stored = data[location.offset : location.offset + location.length]
                    reason = _find_fault(table, value_id, stored)
                    if reason is not None:
                        yield _Fault(name_of(table, value_id), reason)

    def _numbered(self, pack: PackRef) -> Iterator[tuple[int, Index]]:
        listing = self._indexes[pack]
        return ((number, index) for number, index in enumerate(self._view.indexes) if index in listing)


def _find_unheld(index: Index, pack: PackRef, entries: Iterable[Placed]) -> Iterator[_Fault]:
    held = {(entry.table, entry.id) for entry, _ in entries}
    for table, value_id, location in index.iter_located():
        if location.pack == pack and (table, value_id) not in held:
            yield _Fault(
                name_of(table, value_id), f"an index says that it is at {location.offset}, and it is not there"
            )


def _find_fault(table: Table, value_id: bytes, stored: bytes) -> str | None:
    try:
        entry = decode_header(HEADER.unpack_from(stored))
        if (entry.table, entry.id, entry.length) != (table, value_id, len(stored)):
            return "something else is where it should be"
        decode_value(entry, stored[HEADER.size :])
    except CorruptError as error:
        return error.message
    return None
