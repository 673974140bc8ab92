"""Pack: entries one after the other in one remote object, and a footer that lists them.

`docs/format/remote.md` has the byte tables. Here are its fixed parts and what a reader checks of them; packs are made
in `dvcore.remote.packs.packing`, and read from a remote in `dvcore.remote.packs.reading`.
"""

import os
from collections.abc import Iterable, Iterator
from itertools import accumulate
from struct import Struct
from typing import Final, NamedTuple

from dvcore.errors import CorruptError, NeedsNewerError
from dvcore.ids import digest
from dvcore.remote.packs.entry import HEADER, KINDS, Entry, decode_header, decode_value
from dvcore.remote.packs.names import PackKind, PackRef

VERSION: Final = 1
SALT_BYTES: Final = 16
MAX_ENTRIES: Final = 65_536
"""So that the footer stays under 3 MiB."""
MAX_PACK_BYTES: Final = 72 << 20
"""No writer makes larger ones: 64 MiB of entries or a single one, and the footer."""

HEAD: Final = Struct(">8sIc3s16s")
TRAILER: Final = Struct(">II32s8s")
_HEAD_MAGIC: Final = b"dsetpack"
_TRAILER_MAGIC: Final = b"dsetpend"
_OVERHEAD: Final = HEAD.size + TRAILER.size


class Placed(NamedTuple):
    """An entry, and where its header begins in the pack."""

    entry: Entry
    offset: int


def new_salt() -> bytes:
    """What makes the names of a push's packs and indexes ones that never were there, so that nothing that is being
    removed is ever counted on."""
    return os.urandom(SALT_BYTES)


def encode_head(kind: PackKind, salt: bytes) -> bytes:
    """The first 32 bytes."""
    return HEAD.pack(_HEAD_MAGIC, VERSION, kind.code, bytes(3), salt)


def encode_footer(entries: Iterable[Entry]) -> bytes:
    """What follows the entries."""
    headers = b"".join(entry.encode() for entry in entries)
    return headers + TRAILER.pack(VERSION, len(headers) // HEADER.size, digest(headers), _TRAILER_MAGIC)


def footer_size(pack_size: int, trailer: bytes) -> int:
    """Length of the footer, trailer included, of a pack of so many bytes that ends with these.

    Raises NeedsNewerError, CorruptError.
    """
    return HEADER.size * _read_trailer(trailer, pack_size)[0] + TRAILER.size


def decode_footer(pack: PackRef, footer: bytes) -> list[Placed]:
    """The entries that a footer lists, in their order in the pack.

    Raises NeedsNewerError, CorruptError where they do not fill the pack, or are of the wrong kind.
    """
    count, checksum = _read_trailer(footer[-TRAILER.size :], pack.size)
    headers = footer[: -TRAILER.size]
    if len(headers) != count * HEADER.size or digest(headers) != checksum:
        raise CorruptError("its footer is damaged")
    entries = [decode_header(raw) for raw in HEADER.iter_unpack(headers)]
    offsets = list(accumulate((entry.length for entry in entries), initial=HEAD.size))
    if offsets[-1] + len(footer) != pack.size:
        raise CorruptError(f"its entries do not fill its {pack.size} bytes")
    if any(KINDS[entry.table] is not pack.kind for entry in entries):
        raise CorruptError(f"it is a pack of {pack.kind.value} and holds something else")
    return list(map(Placed, entries, offsets[:-1]))


def iter_values(pack: PackRef, data: bytes) -> Iterator[tuple[Placed, bytes]]:
    """Every value of a whole pack, proved, with its entry.

    Raises NeedsNewerError, and CorruptError where anything is not as it should be: the name, the head, the footer, the
    headers, the values.
    """
    check_size(pack)
    if len(data) != pack.size or digest(data) != pack.id:
        raise CorruptError("it does not have the bytes that its name says")
    _check_head(pack, data[: HEAD.size])
    for placed in decode_footer(pack, data[-footer_size(pack.size, data[-TRAILER.size :]) :]):
        yield placed, _read_value(placed, data)


def check_size(pack: PackRef) -> None:
    """Raises CorruptError for a size that no pack has."""
    if not _OVERHEAD < pack.size <= MAX_PACK_BYTES:
        raise CorruptError(f"no pack has {pack.size} bytes")


def _read_value(placed: Placed, data: bytes) -> bytes:
    entry, offset = placed
    if data[offset : offset + HEADER.size] != entry.encode():
        raise CorruptError(f"{entry} is listed at {offset}, and is not there")
    return decode_value(entry, data[offset + HEADER.size : offset + entry.length])


def _check_head(pack: PackRef, head: bytes) -> None:
    magic, version, code, zero, _ = HEAD.unpack(head)
    if magic != _HEAD_MAGIC:
        raise CorruptError("it is no pack")
    if version > VERSION:
        raise NeedsNewerError(f"it has format version {version}", hint="it needs a newer dset")
    if version != VERSION or code != pack.kind.code or any(zero):
        raise CorruptError(f"it is no pack of {pack.kind.value}")


def _read_trailer(trailer: bytes, pack_size: int) -> tuple[int, bytes]:
    """Number of entries, and checksum of their headers."""
    if len(trailer) != TRAILER.size:
        raise CorruptError("it is cut off")
    version, count, checksum, magic = TRAILER.unpack(trailer)
    if magic != _TRAILER_MAGIC:
        raise CorruptError("it is no pack, or is cut off")
    if version > VERSION:
        raise NeedsNewerError(f"it has format version {version}", hint="it needs a newer dset")
    if version != VERSION or not 0 < count <= MAX_ENTRIES or _OVERHEAD + HEADER.size * count > pack_size:
        raise CorruptError(f"its footer claims {count} entries")
    return count, checksum
