"""Whether all bytes of an image are there, by its container's own lengths, without decoding.

Truncated uploads are the commonest damage, and a reader that fills what is missing with gray would hide them. What is
not checked: plain-text PNM, whose length no header says; pages and frames behind the first TIFF directory.
"""

import struct
from collections.abc import Callable
from typing import Any, Final

from dvcore.errors import InvalidInputError
from dvcore.image.tiff import is_tiff_complete
from dvcore.image.window import ImageBytes, unpack_at

_GIF_TRAILER, _GIF_IMAGE, _GIF_EXTENSION = 0x3B, 0x2C, 0x21
_GIF_STEPS: Final = 1 << 16
_GIF_STEP_BYTES: Final = 64
"""A GIF's blocks are mostly of 255 bytes. Where they, or the junk between them, are so much smaller on average, walking
takes longer than decoding would."""
_MAX_WEBP_BYTES: Final = 32 << 20
"""libwebp takes a file whole and copies it. The largest that a camera's image comes to is some 30 MB."""
_LENGTH: Final = struct.Struct("<I")
_BOX: Final = struct.Struct(">I4s")
_LONG_LENGTH: Final = struct.Struct(">Q")
_END_OF_CODESTREAM: Final = b"\xff\xd9"
_BMP_RAW: Final = frozenset({0, 3})  # BI_RGB, BI_BITFIELDS


def is_container_complete(data: ImageBytes, format_name: str) -> bool:
    """Whether the container's own lengths stay within the bytes; True for formats whose header has to be opened.

    Raises InvalidInputError for containers that take too long or too much memory to be looked through.
    """
    check = _CONTAINERS.get(format_name)
    try:
        return check is None or check(data)
    except (struct.error, IndexError, OverflowError):  # a length that should be read lies behind the end
        return False


def are_pixels_complete(data: ImageBytes, image: Any) -> bool:
    """Whether the bytes reach as far as the pixels of `image`, which Pillow has opened from them."""
    check = _PIXELS.get(image.format)
    return check is None or check(data, image)


def _gif(data: ImageBytes) -> bool:
    place = 13 + _gif_table_bytes(data[10])
    left = _GIF_STEPS + len(data) // _GIF_STEP_BYTES
    while data[place] != _GIF_TRAILER:
        if left <= 0:
            raise InvalidInputError("is damaged: a GIF with too much junk, or too many blocks, for its size")
        left -= 1
        if data[place] == _GIF_EXTENSION:
            place, left = _behind_gif_blocks(data, place + 2, left)
        elif data[place] == _GIF_IMAGE:
            place, left = _behind_gif_blocks(data, place + 11 + _gif_table_bytes(data[place + 9]), left)
        else:
            place += 1  # junk between blocks: readers pass over it
    return True


def _behind_gif_blocks(data: ImageBytes, place: int, left: int) -> tuple[int, int]:
    """The place behind a row of blocks, and how many more may be walked."""
    while left > 0 and (length := data[place]):
        place += 1 + length
        left -= 1
    return place + 1, left


def _gif_table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _webp(data: ImageBytes) -> bool:
    if len(data) > _MAX_WEBP_BYTES:
        raise InvalidInputError(f"is a WebP of more than {_MAX_WEBP_BYTES >> 20} MiB, which is not supported")
    return 8 + int(unpack_at(_LENGTH, data, 4)[0]) <= len(data)


def _bmp(data: ImageBytes, image: Any) -> bool:
    _, _, pixels, args = image.tile[0]
    if image.info.get("compression", 0) not in _BMP_RAW:
        return bool(pixels + unpack_at(_LENGTH, data, 34)[0] <= len(data))  # biSizeImage
    return bool(pixels + args[1] * image.size[1] <= len(data))


def _pnm(data: ImageBytes, image: Any) -> bool:
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


def _jpeg2000(data: ImageBytes) -> bool:
    place = 0
    while data[place : place + 2] != b"\xff\x4f":
        length, kind = unpack_at(_BOX, data, place)
        header = 8
        if length == 1:
            (length,), header = unpack_at(_LONG_LENGTH, data, place + 8), 16
        if kind == b"jp2c":
            end = place + length if length else len(data)
            return end <= len(data) and data.rfind(_END_OF_CODESTREAM, place, end) > 0
        if length < header:
            return False
        place += length
    return data.rfind(_END_OF_CODESTREAM, place) > 0


_CONTAINERS: Final[dict[str, Callable[[ImageBytes], bool]]] = {
    "GIF": _gif,
    "JPEG2000": _jpeg2000,
    "TIFF": is_tiff_complete,
    "WEBP": _webp,
}
_PIXELS: Final[dict[str, Callable[[ImageBytes, Any], bool]]] = {"BMP": _bmp, "PPM": _pnm}
