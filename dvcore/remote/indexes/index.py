"""Index: where values are, as sorted records of equal length, to be searched as they lie in a file.

Nothing is parsed on opening, so that an index of a million values takes a millisecond and, mapped, no memory of its
own. `docs/format/remote.md` has the byte table; indexes are made in `dvcore.remote.indexes.making`.
"""

from bisect import bisect_left
from collections.abc import Iterator
from math import isqrt
from mmap import mmap
from struct import Struct
from typing import Final

from dvcore.errors import CorruptError, NeedsNewerError
from dvcore.ids import ID_BYTES, format_id
from dvcore.remote.packs.entry import HEADER, KINDS, LARGEST
from dvcore.remote.packs.names import PackKind, PackRef
from dvcore.remote.packs.pack import HEAD as PACK_HEAD
from dvcore.remote.packs.pack import TRAILER, check_size
from dvcore.remote.packs.reading import Location
from dvcore.store import Table

VERSION: Final = 1
MAX_ENTRIES: Final = 1 << 20
"""45 MiB of records. Merging holds them twice."""
MAX_INDEX_BYTES: Final = 96 << 20
"""With as many packs as entries, which no writer comes near."""

HEAD: Final = Struct(">8sIII16s")
"""Magic, version, packs, entries, salt: 36 bytes."""
PACK: Final = Struct(">cI32s")
"""Kind, size, id: 37 bytes."""
RECORD: Final = Struct(">32scIII")
"""Id, table, number of the pack, offset of the entry, its length: 45 bytes. As bytes they sort by id, then table."""
KEY_BYTES: Final = ID_BYTES + 1
MAGIC: Final = b"dsetindx"

_PACK_KINDS: Final = {kind.code: kind for kind in PackKind}
_TABLES: Final = {table.value: table for table in KINDS}
_HEADER_BYTES: Final = HEADER.size
_LONGEST: Final = {table: HEADER.size + largest for table, largest in LARGEST.items()}
_PACK_HEAD_BYTES: Final = PACK_HEAD.size
_PACK_TAIL_BYTES: Final = HEADER.size + TRAILER.size
"""The footer of a pack has an entry or more."""


class Index:
    """An open index, over its bytes or a mapped file. May be used by several threads.

    What the records say is checked where they are used; `check` looks at all of them.
    """

    def __init__(self, data: bytes | mmap) -> None:
        """Raises NeedsNewerError, CorruptError where the bytes are no index."""
        if len(data) < HEAD.size:
            raise CorruptError("it is cut off")
        magic, version, packs, entries, _ = HEAD.unpack_from(data)
        if magic != MAGIC:
            raise CorruptError("it is no index")
        if version > VERSION:
            raise NeedsNewerError(f"it has format version {version}", hint="it needs a newer dset")
        if version != VERSION or not 0 < packs <= MAX_ENTRIES or not 0 < entries <= MAX_ENTRIES:
            raise CorruptError(f"it claims {entries} entries in {packs} packs")
        self._data = data
        self._records = HEAD.size + packs * PACK.size
        self._packs: list[PackRef | None] = [None] * packs
        self._entries: int = entries
        if len(data) != self._records + entries * RECORD.size:
            raise CorruptError(f"its {len(data)} bytes are not those of {entries} entries in {packs} packs")

    def __len__(self) -> int:
        """How many entries it lists."""
        return self._entries

    @property
    def packs(self) -> list[PackRef]:
        """The packs that it speaks of. Raises CorruptError where one cannot be."""
        return [self._pack(number) for number in range(len(self._packs))]

    def find(self, table: Table, value_id: bytes) -> Location | None:
        """Where the value is, or None where this index does not list it.

        Raises CorruptError where the place cannot be.
        """
        key = value_id + table.value
        number = bisect_left(range(self._entries), key, *self._near(key), key=self._key)
        if number == self._entries or self._key(number) != key:
            return None
        return self._location(*RECORD.unpack(self.record(number)))

    def record(self, number: int) -> bytes:
        """A record as it lies there; they are numbered from 0."""
        start = self._records + number * RECORD.size
        return self._data[start : start + RECORD.size]

    def iter_located(self) -> Iterator[tuple[Table, bytes, Location]]:
        """All entries, in the order of ids. Raises CorruptError where one cannot be, or is not in order."""
        previous = b""
        for fields in RECORD.iter_unpack(memoryview(self._data)[self._records :]):
            key = fields[0] + fields[1]
            if key <= previous:
                raise CorruptError(f"its entries are not in order at {format_id(fields[0])}")
            previous = key
            location = self._location(*fields)
            yield _TABLES[fields[1]], fields[0], location

    def check(self) -> None:
        """Look at all packs and records: a million takes about a second. Raises CorruptError."""
        if len(set(self.packs)) != len(self._packs):
            raise CorruptError("it lists a pack twice")
        for _ in self.iter_located():
            pass

    def _key(self, number: int) -> bytes:
        start = self._records + number * RECORD.size
        return self._data[start : start + KEY_BYTES]

    def _near(self, key: bytes) -> tuple[int, int]:
        """Bounds of the records among which a key would be.

        Ids are hashes, so that their place can be guessed: the first guess misses by the root of how many there are,
        the second, from the key found there, by the root of that. It halves the steps. Wrong guesses cost, no more.
        """
        count, value = self._entries, int.from_bytes(key[:8], "big")
        guess = value * count >> 64
        guess += (value - int.from_bytes(self._key(guess)[:8], "big")) * count >> 64
        spread = 4 * isqrt(isqrt(count)) + 4
        low, high = max(guess - spread, 0), min(guess + spread, count)
        is_over = low > 0 and (low >= count or self._key(low - 1) >= key)
        is_under = high < count and (high < 0 or self._key(high) < key)
        return 0 if is_over else low, count if is_under else high

    def _location(self, value_id: bytes, code: bytes, number: int, offset: int, length: int) -> Location:
        table = _TABLES.get(code)
        if table is None or number >= len(self._packs):
            raise CorruptError(f"it says that {format_id(value_id)} is in no pack that it lists, or of an unknown kind")
        pack = self._packs[number] or self._pack(number)
        is_inside = _PACK_HEAD_BYTES <= offset <= pack.size - length - _PACK_TAIL_BYTES
        if not is_inside or not _HEADER_BYTES <= length <= _LONGEST[table] or KINDS[table] is not pack.kind:
            raise CorruptError(f"it says that {format_id(value_id)} is where it cannot be: {length} bytes at {offset}")
        return Location(pack, offset, length)

    def _pack(self, number: int) -> PackRef:
        pack = self._packs[number]
        if pack is None:
            code, size, pack_id = PACK.unpack_from(self._data, HEAD.size + number * PACK.size)
            if code not in _PACK_KINDS:
                raise CorruptError(f"it lists the pack {format_id(pack_id)} as of an unknown kind")
            pack = self._packs[number] = PackRef(_PACK_KINDS[code], pack_id, size)
            check_size(pack)
        return pack
