"""Whether all bytes of an image are there, by its container's own lengths, without decoding.

Truncated uploads are the commonest damage, and a reader that fills what is missing with gray would hide them. What is
not checked: plain-text PNM, whose length no header says; pages and frames behind the first TIFF directory.
"""

import struct
from collections.abc import Callable
from typing import Any, Final

from dvcore.image.tiff import is_tiff_complete

_GIF_TRAILER, _GIF_IMAGE, _GIF_EXTENSION = 0x3B, 0x2C, 0x21
_END_OF_CODESTREAM: Final = b"\xff\xd9"
_BMP_RAW: Final = frozenset({0, 3})  # BI_RGB, BI_BITFIELDS


def is_container_complete(data: bytes, format_name: str) -> bool:
    """Whether the container's own lengths stay within the bytes; True for formats whose header has to be opened."""
    check = _CONTAINERS.get(format_name)
    try:
        return check is None or check(data)
    except (struct.error, IndexError, OverflowError):  # a length that should be read lies behind the end
        return False


def are_pixels_complete(data: bytes, image: Any) -> bool:
    """Whether the bytes reach as far as the pixels of `image`, which Pillow has opened from them."""
    check = _PIXELS.get(image.format)
    return check is None or check(data, image)


def _gif(data: bytes) -> bool:
    place = 13 + _gif_table_bytes(data[10])
    while data[place] != _GIF_TRAILER:
        if data[place] == _GIF_EXTENSION:
            place = _behind_gif_blocks(data, place + 2)
        elif data[place] == _GIF_IMAGE:
            place = _behind_gif_blocks(data, place + 11 + _gif_table_bytes(data[place + 9]))
        else:
            place += 1  # junk between blocks: readers pass over it
    return True


def _behind_gif_blocks(data: bytes, place: int) -> int:
    while data[place]:
        place += 1 + data[place]
    return place + 1


def _gif_table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _webp(data: bytes) -> bool:
    return 8 + int(struct.unpack_from("<I", data, 4)[0]) <= len(data)


def _bmp(data: bytes, image: Any) -> bool:
    _, _, pixels, args = image.tile[0]
    if image.info.get("compression", 0) not in _BMP_RAW:
        return bool(pixels + struct.unpack_from("<I", data, 34)[0] <= len(data))  # biSizeImage
    return bool(pixels + args[1] * image.size[1] <= len(data))


def _pnm(data: bytes, image: Any) -> bool:
    decoder, _, start, args = image.tile[0]
    if decoder == "ppm_plain":
        return True
    width, height = image.size
    if image.mode == "1":
        row = (width + 7) // 8
    else:
        maximum = args[1] if decoder == "ppm" else 255
        sample = 2 if image.mode == "I" or maximum > 255 else 1
        row = width * len(image.getbands()) * sample
    return bool(start + row * height <= len(data))


def _jpeg2000(data: bytes) -> bool:
    place = 0
    while not data.startswith(b"\xff\x4f", place):
        length, kind = struct.unpack_from(">I4s", data, place)
        header = 8
        if length == 1:
            (length,), header = struct.unpack_from(">Q", data, place + 8), 16
        if kind == b"jp2c":
            end = place + length if length else len(data)
            return end <= len(data) and data.rfind(_END_OF_CODESTREAM, place, end) > 0
        if length < header:
            return False
        place += length
    return data.rfind(_END_OF_CODESTREAM, place) > 0


_CONTAINERS: Final[dict[str, Callable[[bytes], bool]]] = {
    "GIF": _gif,
    "JPEG2000": _jpeg2000,
    "TIFF": is_tiff_complete,
    "WEBP": _webp,
}
_PIXELS: Final[dict[str, Callable[[bytes, Any], bool]]] = {"BMP": _bmp, "PPM": _pnm}
