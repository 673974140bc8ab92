"""Whether all bytes of a TIFF or BigTIFF are there: its first directory, that directory's values, strips and tiles.

TIFF 6.0, sections 2 and 15. libtiff writes the directory behind the pixels, so that a cut file has lost values of tags,
which Pillow would leave out silently, before it loses pixels.
"""

import struct
from collections.abc import Iterator
from typing import Final

_ORDERS: Final = {b"II": "<", b"MM": ">"}
_BIG: Final = 43
_STRIPS: Final = (273, 279)  # tags of offsets and of byte counts
_TILES: Final = (324, 325)
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


def is_tiff_complete(data: bytes) -> bool:
    """Whether nothing that the first directory names lies behind the end.

    Raises struct.error where the directory itself does.
    """
    numbers: dict[int, tuple[int, ...]] = {}
    for tag, kind, count, place in _entries(data):
        if place + count * _VALUE_BYTES.get(kind, 0) > len(data):
            return False
        if tag in (*_STRIPS, *_TILES) and kind in _INTEGERS:
            numbers[tag] = struct.unpack_from(f"{_ORDERS[data[:2]]}{count}{_INTEGERS[kind]}", data, place)
    return all(
        start + size <= len(data)
        for offsets, counts in (_STRIPS, _TILES)
        for start, size in zip(numbers.get(offsets, ()), numbers.get(counts, ()), strict=False)
    )


def _entries(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Tag, type, count and the place of the values of each entry of the first directory."""
    order = _ORDERS[data[:2]]
    is_big = struct.unpack_from(order + "H", data, 2)[0] == _BIG
    start, count_format, entry_format, inline = (8, "Q", "HHQQ", 8) if is_big else (4, "H", "HHII", 4)
    (directory,) = struct.unpack_from(order + ("Q" if is_big else "I"), data, start)
    (entries,) = struct.unpack_from(order + count_format, data, directory)
    entry = struct.Struct(order + entry_format)
    first = directory + struct.calcsize(order + count_format)
    for place in range(first, first + entries * entry.size, entry.size):
        tag, kind, count, offset = entry.unpack_from(data, place)
        fits = count * _VALUE_BYTES.get(kind, 0) <= inline
        yield tag, kind, count, place + entry.size - inline if fits else offset
