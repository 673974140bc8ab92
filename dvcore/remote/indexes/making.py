"""Making indexes: of new packs, and of older indexes that become one.

Of a million entries 100 MB are in memory at most: the records lie together by the first byte of their id, and are
sorted one such part after the other.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.ids import digest
from dvcore.remote.indexes.index import HEAD, KEY_BYTES, MAGIC, MAX_ENTRIES, PACK, RECORD, VERSION, Index
from dvcore.remote.packs.names import IndexRef, PackRef
from dvcore.remote.packs.pack import Placed

_NUMBER: Final = Struct(">I")
_AFTER_NUMBER: Final = KEY_BYTES + _NUMBER.size


@dataclass(frozen=True, slots=True)
class MadeIndex:
    """An index that is ready to be sent."""

    ref: IndexRef
    data: bytes


class IndexMaker:
    """One index that is being filled. Of a value that is in several packs, the pack that was added first counts."""

    def __init__(self) -> None:
        self._packs: dict[PackRef, bytes] = {}
        self._parts = [bytearray() for _ in range(256)]
        self._added = 0

    def __len__(self) -> int:
        """Entries that were added; some may be of the same value."""
        return self._added

    def has_room(self, entries: int) -> bool:
        """Whether so many more still go into one index. A pack's entries belong into one."""
        return self._added + entries <= MAX_ENTRIES

    def add_pack(self, pack: PackRef, entries: Iterable[Placed]) -> None:
        """List the entries of a pack, as `packs.packing` or `packs.reading` give them."""
        (number,) = _NUMBER.unpack(self._number(pack))
        for entry, offset in entries:
            record = RECORD.pack(entry.id, entry.table.value, number, offset, entry.length)
            self._parts[record[0]] += record
            self._added += 1

    def add_index(self, index: Index, *, without: Collection[bytes] = ()) -> None:
        """List what an index lists, but for these packs, by their ids. The index has been checked.

        Raises CorruptError.
        """
        numbers = {
            _NUMBER.pack(place): self._number(pack) for place, pack in enumerate(index.packs) if pack.id not in without
        }
        for place in range(len(index)):
            record = index.record(place)
            number = numbers.get(record[KEY_BYTES:_AFTER_NUMBER])
            if number is not None:
                self._parts[record[0]] += record[:KEY_BYTES] + number + record[_AFTER_NUMBER:]
                self._added += 1

    def finish(self, salt: bytes) -> MadeIndex | None:
        """The index, or None where it lists nothing. The maker is of no more use.

        `salt` is a `pack.new_salt()`. Raises InvalidInputError for too many entries.
        """
        if not self.has_room(0):
            raise InvalidInputError(f"{self._added} entries are too many for an index", hint="make several")
        if not self._added:
            return None
        parts = list(self._take_parts())
        packs = b"".join(PACK.pack(pack.kind.code, pack.size, pack.id) for pack in self._packs)
        entries = sum(map(len, parts)) // RECORD.size
        head = HEAD.pack(MAGIC, VERSION, len(self._packs), entries, salt)
        data = b"".join([head, packs, *parts])
        return MadeIndex(IndexRef(digest(data), len(data), entries), data)

    def _number(self, pack: PackRef) -> bytes:
        return self._packs.setdefault(pack, _NUMBER.pack(len(self._packs)))

    def _take_parts(self) -> Iterator[bytes]:
        for first, part in enumerate(self._parts):
            self._parts[first] = bytearray()
            yield b"".join(_sorted_records(bytes(part)))


def _sorted_records(part: bytes) -> Iterator[bytes]:
    """In order, each key once: with the pack of the lowest number, which is the one that was added first."""
    previous = b""
    for record in sorted(part[at : at + RECORD.size] for at in range(0, len(part), RECORD.size)):
        if record[:KEY_BYTES] != previous:
            previous = record[:KEY_BYTES]
            yield record
