"""TFRecord framing: how records follow each other in a shard.

A record is its length (uint64), a checksum of the length, the bytes and a checksum of the bytes, all little-endian.
The checksums are CRC32C, masked as TensorFlow does (`tensorflow/core/lib/hash/crc32c.h`): rotated right by 15 bits,
plus 0xa282ead8. `docs/format/snapshot.md` has the byte table.
"""

from collections.abc import Iterator
from io import FileIO
from struct import Struct
from typing import BinaryIO, Final

from google_crc32c import value as crc32c

from dvcore.errors import CorruptError

MAX_RECORD_BYTES: Final = 2**31 - 1
"""Protobuf reads no message above 2 GiB; a longer length is damage, and is not worth allocating for."""

_LENGTH: Final = Struct("<Q")
_CHECKSUM: Final = Struct("<I")


def frame_record(data: bytes) -> bytes:
    """The bytes of one record as they stand in a file."""
    length = _LENGTH.pack(len(data))
    return b"".join((length, _CHECKSUM.pack(_masked(length)), data, _CHECKSUM.pack(_masked(data))))


def iter_records(file: BinaryIO | FileIO, where: str, most: int = MAX_RECORD_BYTES) -> Iterator[bytes]:
    """The records of a file, each checked, and of at most so many bytes.

    Raises CorruptError naming `where` and the record's number, from 0, at the first that is cut, damaged or larger.
    """
    number = 0
    while head := file.read(_LENGTH.size + _CHECKSUM.size):
        at = f"record {number} of {where}"
        if len(head) < _LENGTH.size + _CHECKSUM.size:
            raise CorruptError(f"{at} is cut off")
        length = _checked(head[:8], head[8:], at)
        yield _read_body(file, _LENGTH.unpack(length)[0], most, at)
        number += 1


def _read_body(file: BinaryIO | FileIO, length: int, most: int, at: str) -> bytes:
    if length > most:
        raise CorruptError(f"{at} claims {length} bytes")
    body = file.read(length + _CHECKSUM.size)
    if len(body) != length + _CHECKSUM.size:
        raise CorruptError(f"{at} is cut off")
    return _checked(body[:length], body[length:], at)


def begins_with_record(data: bytes) -> bool:
    """Whether these bytes, the first of a file, are the head of a record: a length and the checksum of it."""
    head = _LENGTH.size + _CHECKSUM.size
    return len(data) >= head and _CHECKSUM.unpack(data[8:head])[0] == _masked(data[:8])


def _checked(data: bytes, checksum: bytes, at: str) -> bytes:
    if _CHECKSUM.unpack(checksum)[0] != _masked(data):
        raise CorruptError(f"{at} is damaged: its checksum is another")
    return data


def _masked(data: bytes) -> int:
    crc: int = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
