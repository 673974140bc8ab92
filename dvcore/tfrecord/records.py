"""TFRecord framing: how records follow each other in a shard.

A record is its length (uint64), a checksum of the length, the bytes and a checksum of the bytes, all little-endian.
The checksums are CRC32C, masked as TensorFlow does (`tensorflow/core/lib/hash/crc32c.h`): rotated right by 15 bits,
plus 0xa282ead8. `docs/format/snapshot.md` has the byte table.
"""

from collections.abc import Iterator
from io import SEEK_CUR, FileIO
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


def iter_records(
    file: BinaryIO | FileIO, where: str, most: int = MAX_RECORD_BYTES, *, first: int = 0, step: int = 1
) -> Iterator[bytes]:
    """The records of a file, each checked, and of at most so many bytes: the `first`, counted from 0, and then every
    `step`-th. Of the others only the lengths are read and checked; the file must be able to seek.

    Raises CorruptError naming `where` and the record's number at the first that is cut, damaged or larger.
    """
    number = 0
    while head := file.read(_LENGTH.size + _CHECKSUM.size):
        at = f"record {number} of {where}"
        if len(head) < _LENGTH.size + _CHECKSUM.size:
            raise CorruptError(f"{at} is cut off")
        length = _LENGTH.unpack(_checked(head[:8], head[8:], at))[0]
        if length > most:
            raise CorruptError(f"{at} claims {length} bytes")
        if number >= first and (number - first) % step == 0:
            yield _read_body(file, length, at)
        else:
            file.seek(length + _CHECKSUM.size, SEEK_CUR)
        number += 1


def _read_body(file: BinaryIO | FileIO, length: int, at: str) -> bytes:
    body = file.read(length + _CHECKSUM.size)
    if len(body) != length + _CHECKSUM.size:
        raise CorruptError(f"{at} is cut off")
    return _checked(body[:length], body[length:], at)


def begins_with_record(data: bytes) -> bool:
    """Whether these bytes, the first of a file, are the head of a record: a length and the checksum of it."""
    head = _LENGTH.size + _CHECKSUM.size
    return len(data) >= head and _CHECKSUM.unpack(data[8:head])[0] == _masked(data[:8])


def frame_of(record: bytes | memoryview) -> bytes:
    """What is around the data of a record: length and checksums, 16 bytes."""
    return b"".join((record[: _LENGTH.size + _CHECKSUM.size], record[-_CHECKSUM.size :]))


def unframed(record: memoryview) -> memoryview:
    """The data of a record, unchecked."""
    return record[_LENGTH.size + _CHECKSUM.size : -_CHECKSUM.size]


def _checked(data: bytes, checksum: bytes, at: str) -> bytes:
    if _CHECKSUM.unpack(checksum)[0] != _masked(data):
        raise CorruptError(f"{at} is damaged: its checksum is another")
    return data


def _masked(data: bytes) -> int:
    crc: int = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
