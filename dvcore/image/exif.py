"""The orientation tag of an EXIF block.

EXIF 2.32 wraps a TIFF 6.0 file; the tag is in its first directory. Damaged blocks are common and no reason to refuse an
image: whatever cannot be read counts as absent. XMP's copy of the tag is not read, as no browser reads it.
"""

import struct
from typing import Final

EXIF_PREFIX: Final = b"Exif\0\0"
_ORIENTATION: Final = 0x0112
_BYTE_ORDERS: Final = {b"II*\0": "<", b"MM\0*": ">"}
_INTEGERS: Final = {1: "B", 3: "H", 4: "I"}  # TIFF's BYTE, SHORT and LONG; writers should use SHORT
_ENTRY_BYTES: Final = 12


def orientation_tag(block: bytes | memoryview) -> int | None:
    """The raw orientation of an EXIF block (with or without `Exif\\0\\0`), or None. Raises nothing."""
    view = memoryview(block)
    while bytes(view[:6]) == EXIF_PREFIX:  # some writers put it twice
        view = view[6:]
    order = _BYTE_ORDERS.get(bytes(view[:4]))
    if order is None:
        return None
    try:
        return _first_directory_orientation(view, order)
    except struct.error:  # an offset or a count leads out of the block
        return None


def _first_directory_orientation(view: memoryview, order: str) -> int | None:
    (directory,) = struct.unpack_from(order + "I", view, 4)
    (entries,) = struct.unpack_from(order + "H", view, directory)
    unpack = struct.Struct(order + "HHI").unpack_from
    for place in range(directory + 2, directory + 2 + entries * _ENTRY_BYTES, _ENTRY_BYTES):
        tag, kind, count = unpack(view, place)
        if tag == _ORIENTATION:
            if kind not in _INTEGERS or count != 1:
                return None
            value: int = struct.unpack_from(order + _INTEGERS[kind], view, place + 8)[0]
            return value
    return None
