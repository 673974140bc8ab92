"""Whether all bytes of a TIFF or BigTIFF are there: its first directory, that directory's values, strips and tiles.

TIFF 6.0, sections 2 and 15. libtiff writes the directory behind the pixels, so that a cut file has lost values of tags,
which Pillow would leave out silently, before it loses pixels.

What a directory may hold is limited, as Pillow reads all of it into memory and makes objects of each strip and tile:
95 MB of numbers would become 6 GB.
"""

import struct
from collections.abc import Iterator
from typing import Any, Final

from dvcore.errors import InvalidInputError
from dvcore.image.window import ImageBytes, unpack_at

_ORDERS: Final = {b"II": "<", b"MM": ">"}
_BIG: Final = 43
_STRIPS: Final = (273, 279)  # tags of offsets and of byte counts
_TILES: Final = (324, 325)
_TEXTS: Final = frozenset({1, 2, 6, 7})  # BYTE, ASCII, SBYTE, UNDEFINED: no object for each value
_PRIVATE: Final = 32_768  # tags from here on are no matter of the pixels
_MAX_NUMBERS: Final = 3 << 16
"""Of one tag: a palette of 16 bits; strips of one row of the tallest square image, in ten planes."""
_MAX_ENTRIES: Final = 4_096
_MAX_VALUE_BYTES: Final = 32 << 20
"""Of all tags together: colour profiles and layers of editors take some megabytes."""
_VALUE_BYTES: Final = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_INTEGERS: Final = {3: "H", 4: "I", 16: "Q"}  # SHORT, LONG, LONG8


def is_tiff_complete(data: ImageBytes) -> bool:
    """Whether nothing that the first directory names lies behind the end.

    Raises struct.error where the directory itself does, InvalidInputError where it is too large to be read.
    """
    numbers: dict[int, tuple[int, ...]] = {}
    total = 0
    for tag, kind, count, place in _entries(data):
        length = count * _VALUE_BYTES.get(kind, 0)
        if place + length > len(data):
            return False
        total += length
        if tag < _PRIVATE and kind not in _TEXTS and count > _MAX_NUMBERS:
            raise InvalidInputError(f"is a TIFF with {count:,} strips, tiles or other numbers, which is not supported")
        if tag in (*_STRIPS, *_TILES) and kind in _INTEGERS:
            numbers[tag] = _unpack(f"{_ORDERS[data[:2]]}{count}{_INTEGERS[kind]}", data, place)
    if total > _MAX_VALUE_BYTES:
        raise InvalidInputError(f"is a TIFF with {total:,} bytes of tags, which is not supported")
    return all(
        start + size <= len(data)
        for offsets, counts in (_STRIPS, _TILES)
        for start, size in zip(numbers.get(offsets, ()), numbers.get(counts, ()), strict=False)
    )


def _entries(data: ImageBytes) -> Iterator[tuple[int, int, int, int]]:
    """Tag, type, count and the place of the values of each entry of the first directory."""
    order = _ORDERS[data[:2]]
    is_big = _unpack(order + "H", data, 2)[0] == _BIG
    start, count_format, entry_format, inline = (8, "Q", "HHQQ", 8) if is_big else (4, "H", "HHII", 4)
    (directory,) = _unpack(order + ("Q" if is_big else "I"), data, start)
    (entries,) = _unpack(order + count_format, data, directory)
    if entries > _MAX_ENTRIES:
        raise InvalidInputError(f"is a TIFF of {entries:,} tags, which is not supported")
    entry = struct.Struct(order + entry_format)
    first = directory + struct.calcsize(order + count_format)
    for place in range(first, first + entries * entry.size, entry.size):
        tag, kind, count, offset = unpack_at(entry, data, place)
        fits = count * _VALUE_BYTES.get(kind, 0) <= inline
        yield tag, kind, count, place + entry.size - inline if fits else offset


def _unpack(layout: str, data: ImageBytes, place: int) -> tuple[Any, ...]:
    return unpack_at(struct.Struct(layout), data, place)
