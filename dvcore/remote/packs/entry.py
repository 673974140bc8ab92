"""Entry of a pack: an object, blob, chunk or chunk list with a header that says what it is.

The header alone tells the next entry's place, and the footer of a pack is the headers once more. Larger objects are
deflated where that pays; blobs and chunks are stored as they are, since images are compressed already.
`docs/format/remote.md` has the byte table.
"""

import zlib
from collections.abc import Mapping
from struct import Struct
from typing import Final, NamedTuple

from dvcore.errors import CorruptError, InvalidInputError
from dvcore.ids import digest, format_id
from dvcore.remote.packs.names import PackKind
from dvcore.store import Table
from dvcore.store.chunk_list import WHOLE_BYTES
from dvcore.store.chunking import MAX_CHUNK

HEADER: Final = Struct(">cBHII32s")
"""Table, flags, two zero bytes, bytes that follow, bytes of the value, id: 44 bytes."""
LARGEST: Final[Mapping[Table, int]] = {
    Table.OBJECTS: 64 << 20,
    Table.CHUNK_LISTS: 64 << 20,  # of a blob of some 450 GB
    Table.BLOBS: WHOLE_BYTES,
    Table.CHUNKS: MAX_CHUNK,
}
"""The largest values in bytes. A reader refuses what claims more before it asks for memory."""
KINDS: Final[Mapping[Table, PackKind]] = {
    Table.OBJECTS: PackKind.METADATA,
    Table.CHUNK_LISTS: PackKind.METADATA,
    Table.BLOBS: PackKind.BLOBS,
    Table.CHUNKS: PackKind.BLOBS,
}
"""The kind of pack that each table's values are in."""
WORDS: Final[Mapping[Table, str]] = {
    Table.OBJECTS: "object",
    Table.CHUNK_LISTS: "chunk list of blob",
    Table.BLOBS: "blob",
    Table.CHUNKS: "chunk",
}

_DEFLATED: Final = 1
_TABLES: Final = {table.value: table for table in LARGEST}
_LEAST_DEFLATED: Final = 4096
"""Setting up zlib takes 0.1 ms, as long as deflating 8 KiB: annotation sets of some 500 bytes, which would lose a
third, are not worth it. Nodes lose a third, too, at 60 MB/s."""


class Entry(NamedTuple):
    """What the header says: `stored` bytes follow it, which are the value's `size` bytes, deflated or not."""

    table: Table
    id: bytes
    size: int
    stored: int
    is_deflated: bool

    @property
    def length(self) -> int:
        """Bytes in the pack, header included."""
        return HEADER.size + self.stored

    def encode(self) -> bytes:
        """The header."""
        return HEADER.pack(self.table.value, self.is_deflated, 0, self.stored, self.size, self.id)

    def __str__(self) -> str:
        return name_of(self.table, self.id)


def name_of(table: Table, value_id: bytes) -> str:
    """What messages call a value, such as `blob 1f3a…` with all digits."""
    return f"{WORDS[table]} {format_id(value_id)}"


def make_entry(table: Table, value_id: bytes, value: bytes) -> tuple[Entry, bytes]:
    """An entry, and the bytes that follow its header.

    Raises InvalidInputError for a value larger than packs hold.
    """
    if len(value) > LARGEST[table]:
        raise InvalidInputError(
            f"{name_of(table, value_id)} has {len(value)} bytes; a remote takes at most {LARGEST[table]}"
        )
    if KINDS[table] is PackKind.METADATA and len(value) >= _LEAST_DEFLATED:
        deflated = zlib.compress(value, 1)
        if len(deflated) < len(value) * 7 // 8:
            return Entry(table, value_id, len(value), len(deflated), True), deflated
    return Entry(table, value_id, len(value), len(value), False), value


def decode_header(raw: tuple[bytes, int, int, int, int, bytes]) -> Entry:
    """The entry of an unpacked header.

    Raises CorruptError.
    """
    code, flags, zero, stored, size, value_id = raw
    table = _TABLES.get(code)
    if table is None or flags > _DEFLATED or zero:
        raise CorruptError(f"the entry {format_id(value_id)} has an unknown kind or flag")
    entry = Entry(table, value_id, size, stored, flags == _DEFLATED)
    if size > LARGEST[table]:
        raise CorruptError(f"{entry} claims {size} bytes; there can be at most {LARGEST[table]}")
    is_shorter = stored < size and KINDS[table] is PackKind.METADATA
    if not (is_shorter if entry.is_deflated else stored == size):
        raise CorruptError(f"{entry} claims {size} bytes, stored as {stored}")
    return entry


def decode_value(entry: Entry, stored: bytes) -> bytes:
    """The value, from the `entry.stored` bytes behind the header.

    A chunk list is not proved by its id, which is that of its blob: who puts the blob together hashes it. Raises
    CorruptError where the bytes are not what the entry says.
    """
    value = _inflate(entry, stored) if entry.is_deflated else stored
    if len(value) != entry.size:
        raise CorruptError(f"{entry} has {len(value)} bytes instead of {entry.size}")
    if entry.table is not Table.CHUNK_LISTS and digest(value) != entry.id:
        raise CorruptError(f"{entry} does not have the bytes that its id says")
    return value


def _inflate(entry: Entry, stored: bytes) -> bytes:
    """Never more than one byte above the size that was claimed, which is bounded, comes out."""
    inflater = zlib.decompressobj()
    try:
        value = inflater.decompress(stored, entry.size + 1)
    except zlib.error as error:
        raise CorruptError(f"{entry} cannot be inflated: {error}") from None
    if not inflater.eof or inflater.unused_data:
        raise CorruptError(f"{entry} does not end where it should")
    return value
