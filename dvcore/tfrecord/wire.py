"""Protobuf's wire format, the little of it that a `tf.train.Example` takes (https://protobuf.dev/programming-guides/encoding).

Reading raises CorruptError for whatever is cut, overlong or of a wire type that an Example has no use for.
"""

from collections.abc import Iterator
from typing import Final

from dvcore.errors import CorruptError

LENGTH_DELIMITED: Final = 2
_UINT64: Final = (1 << 64) - 1


def varint(number: int) -> bytes:
    """A signed 64-bit number, seven bits a byte, least first; a negative one as its two's complement in ten bytes."""
    if 0 <= number < 0x80:
        return _SHORT[number]
    rest = number & _UINT64
    result = bytearray()
    while rest >= 0x80:
        result.append(rest & 0x7F | 0x80)
        rest >>= 7
    result.append(rest)
    return bytes(result)


def delimited(field: int, data: bytes) -> bytes:
    """A field whose value is bytes, a text, a message or a packed list."""
    return b"".join((varint(field << 3 | LENGTH_DELIMITED), varint(len(data)), data))


def iter_delimited(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields of a message, all of them length-delimited: number and value."""
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        if key & 7 != LENGTH_DELIMITED:
            raise CorruptError(f"a message has a field of wire type {key & 7}")
        length, at = read_varint(data, at)
        if not 0 <= length <= len(data) - at:
            raise CorruptError("a message is cut off")
        yield key >> 3, data[at : at + length]
        at += length


def iter_fields(data: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """The fields of any message, also of kinds that an Example does not have: number, wire type and the bytes of the
    value, of a varint those that it is written in."""
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        start, end = _extent(key & 7, data, at)
        if not start <= end <= len(data):
            raise CorruptError("a message is cut off")
        yield key >> 3, key & 7, data[start:end]
        at = end


def _extent(wire_type: int, data: memoryview, at: int) -> tuple[int, int]:
    """Where the value of a field begins and ends."""
    match wire_type:
        case 0:  # VARINT
            return at, read_varint(data, at)[1]
        case 2:  # LENGTH_DELIMITED
            length, start = read_varint(data, at)
            return start, start + length
        case 1 | 5:
            return at, at + (8 if wire_type == 1 else 4)
        case _:
            raise CorruptError(f"a message has a field of wire type {wire_type}")


def iter_varints(data: bytes | memoryview) -> Iterator[int]:
    """The signed numbers of a packed list."""
    at = 0
    while at < len(data):
        number, at = read_varint(data, at)
        yield number


def read_varint(data: bytes | memoryview, at: int) -> tuple[int, int]:
    """The signed 64-bit number at a place, and the place after it."""
    number = shift = 0
    for index in range(at, min(at + 10, len(data))):
        number |= (data[index] & 0x7F) << shift
        if data[index] < 0x80:
            number &= _UINT64
            return number - (number >> 63 << 64), index + 1
        shift += 7
    raise CorruptError("a message has a number without end")


_SHORT: Final = tuple(bytes([number]) for number in range(0x80))
