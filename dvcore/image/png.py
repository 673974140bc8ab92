"""Facts of a PNG from its chunks (ISO/IEC 15948), without inflating any.

Every chunk's checksum is verified, so that a PNG that was damaged on the way is found here and not by the reader of a
snapshot: TensorFlow refuses what Pillow lets pass. The chunks behind the pixels are walked too, as the EXIF block may
stand there.
"""

import struct
from collections.abc import Iterator
from typing import Final
from zlib import crc32

from dvcore.errors import InvalidInputError
from dvcore.image.exif import orientation_tag
from dvcore.image.facts import TRUNCATED, Probe, check_pixels

PNG_MAGIC: Final = b"\x89PNG\r\n\x1a\n"
_AROUND: Final = 12  # bytes of length, type and checksum of a chunk
_HEADER: Final = struct.Struct(">IIBBBBB")  # width, height, depth, colour type, compression, filter, interlace

# (bit depth, colour type) -> Pillow's mode
_MODES: Final = {
    **dict.fromkeys([(1, 0)], "1"),
    **dict.fromkeys([(2, 0), (4, 0), (8, 0)], "L"),
    **dict.fromkeys([(16, 0)], "I;16"),
    **dict.fromkeys([(8, 2), (16, 2)], "RGB"),
    **dict.fromkeys([(1, 3), (2, 3), (4, 3), (8, 3)], "P"),
    **dict.fromkeys([(8, 4)], "LA"),
    **dict.fromkeys([(16, 4), (8, 6), (16, 6)], "RGBA"),
}

_chunk = struct.Struct(">I4s").unpack_from


def read_png(data: bytes) -> Probe:
    """Facts of bytes that begin with a PNG's signature.

    Raises InvalidInputError where the image is truncated, damaged or of a kind that the standard does not know.
    """
    chunks = _chunks(memoryview(data))
    kind, content = next(chunks)
    if kind != b"IHDR" or len(content) != _HEADER.size:
        raise InvalidInputError("is damaged: a PNG that does not begin with its header")
    width, height, bits, mode = _read_header(content)
    orientation: int | None = None
    seen = set()
    for kind, content in chunks:
        seen.add(kind)
        if kind == b"eXIf" and orientation is None:
            orientation = orientation_tag(content)
    if b"IDAT" not in seen or (mode == "P" and b"PLTE" not in seen):
        raise InvalidInputError("is damaged: a PNG without its palette or pixels")
    transparent = mode.endswith("A") or b"tRNS" in seen
    return Probe("PNG", mode, bits, width, height, orientation, transparent)


def _chunks(view: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Type and content of every chunk up to IEND; bytes behind that are nobody's business."""
    place, kind = len(PNG_MAGIC), b""
    while kind != b"IEND":
        if place + _AROUND > len(view):
            raise InvalidInputError(f"{TRUNCATED}: a PNG without its end chunk")
        length, kind = _chunk(view, place)
        end = place + _AROUND + length
        if end > len(view):
            raise InvalidInputError(f"{TRUNCATED}: a PNG chunk runs over the end of the file")
        if crc32(view[place + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            raise InvalidInputError("is damaged: the checksum of a PNG chunk is wrong")
        yield kind, view[place + 8 : end - 4]
        place = end


def _read_header(content: memoryview) -> tuple[int, int, int, str]:
    width, height, bits, color, compression, filters, interlace = _HEADER.unpack(content)
    mode = _MODES.get((bits, color))
    if mode is None or compression or filters or interlace > 1:
        raise InvalidInputError("is damaged: the header of the PNG holds values that the standard does not know")
    check_pixels(width, height)
    return width, height, bits, mode
