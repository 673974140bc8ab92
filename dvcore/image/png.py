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
from dvcore.image.window import ImageBytes, unpack_at

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

_CHUNK: Final = struct.Struct(">I4s")
_PIECE_BYTES: Final = 1 << 20
_EXIF_BYTES: Final = 1 << 20
"""A block may be longer, with previews in it; its first directory stands at its start."""


def read_png(data: ImageBytes) -> Probe:
    """Facts of bytes that begin with a PNG's signature.

    Raises InvalidInputError where the image is truncated, damaged or of a kind that the standard does not know.
    """
    chunks = _chunks(data)
    kind, start, end = next(chunks)
    if kind != b"IHDR" or end - start != _HEADER.size:
        raise InvalidInputError("is damaged: a PNG that does not begin with its header")
    width, height, bits, mode = _read_header(data[start:end])
    orientation: int | None = None
    seen = set()
    for kind, start, end in chunks:
        seen.add(kind)
        if kind == b"eXIf" and orientation is None:
            orientation = orientation_tag(data[start : min(end, start + _EXIF_BYTES)])
    if b"IDAT" not in seen or (mode == "P" and b"PLTE" not in seen):
        raise InvalidInputError("is damaged: a PNG without its palette or pixels")
    transparent = mode.endswith("A") or b"tRNS" in seen
    return Probe("PNG", mode, bits, width, height, orientation, transparent)


def _chunks(data: ImageBytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of the content of every chunk up to IEND; bytes behind that are nobody's business."""
    place, kind = len(PNG_MAGIC), b""
    while kind != b"IEND":
        if place + _AROUND > len(data):
            raise InvalidInputError(f"{TRUNCATED}: a PNG without its end chunk")
        length, kind = unpack_at(_CHUNK, data, place)
        end = place + _AROUND + length
        if end > len(data):
            raise InvalidInputError(f"{TRUNCATED}: a PNG chunk runs over the end of the file")
        if _checksum(data, place + 4, end - 4) != int.from_bytes(data[end - 4 : end], "big"):
            raise InvalidInputError("is damaged: the checksum of a PNG chunk is wrong")
        yield kind, place + 8, end - 4
        place = end


def _checksum(data: ImageBytes, start: int, end: int) -> int:
    checksum = 0
    for place in range(start, end, _PIECE_BYTES):
        checksum = crc32(data[place : min(place + _PIECE_BYTES, end)], checksum)
    return checksum


def _read_header(content: bytes) -> tuple[int, int, int, str]:
    width, height, bits, color, compression, filters, interlace = _HEADER.unpack(content)
    mode = _MODES.get((bits, color))
    if mode is None or compression or filters or interlace > 1:
        raise InvalidInputError("is damaged: the header of the PNG holds values that the standard does not know")
    check_pixels(width, height)
    return width, height, bits, mode
