"""Reads the facts of an image from its bytes, without decoding a pixel.

JPEG and PNG, which is nearly every file of a dataset, are read by walks of their own; the other formats, and a JPEG
that is oddly laid out, by opening them in Pillow, which parses headers only.
"""

import struct
from typing import Any, Final

from dvcore.errors import InvalidInputError
from dvcore.image.complete import are_pixels_complete, is_container_complete
from dvcore.image.exif import orientation_tag
from dvcore.image.facts import TRUNCATED, Probe
from dvcore.image.jpeg import check_jpeg_ends, read_jpeg
from dvcore.image.orient import displayed_size
from dvcore.image.pillow import opened
from dvcore.image.png import PNG_MAGIC, read_png
from dvcore.image.window import ImageBytes, unpack_at

_JPEG_MAGIC: Final = b"\xff\xd8\xff"
_JP2_CODESTREAM: Final = b"\xff\x4f\xff\x51"
_MAGICS: Final = (
    ("JPEG", _JPEG_MAGIC),
    ("PNG", PNG_MAGIC),
    ("GIF", b"GIF87a"),
    ("GIF", b"GIF89a"),
    ("BMP", b"BM"),
    ("TIFF", b"II*\0"),
    ("TIFF", b"MM\0*"),
    ("TIFF", b"II+\0"),  # BigTIFF
    ("TIFF", b"MM\0+"),
    ("JPEG2000", b"\0\0\0\x0cjP  \r\n\x87\n"),
    ("JPEG2000", _JP2_CODESTREAM),
    *(("PPM", b"P%d%c" % (kind, space)) for kind in range(1, 7) for space in b" \t\r\n"),
)
_COMPONENTS: Final = struct.Struct(">H")
_TIFF_ORIENTATION: Final = 274
_TIFF_BITS: Final = 258
_MODE_BITS: Final = {"1": 1, "I": 32, "F": 32}  # other modes: 16 with a `;16` in their name, else 8


PROBE_VERSION: Final = 1
"""To be raised whenever `probe` answers differently for the same bytes: its answers are kept."""


def probe(data: ImageBytes) -> Probe:
    """Facts of the image that `data` holds.

    Raises InvalidInputError, worded to follow the file's name ("is truncated"), where the bytes are empty, no image,
    truncated, damaged, larger than MAX_PIXELS, or of a kind that is not supported. Damage inside the compressed pixels
    is found only when they are decoded (of a PNG, most of it here, by its checksums).
    OSError where a file cannot be read.
    """
    if not data:
        raise InvalidInputError("is empty")
    try:
        return _probe(data)
    except (struct.error, IndexError):  # of a file that was cut since its length was taken
        raise InvalidInputError(TRUNCATED) from None


def _probe(data: ImageBytes) -> Probe:
    match find_format(data):
        case None:
            raise InvalidInputError("is no image")
        case "PNG":
            return read_png(data)
        case "JPEG":
            return read_jpeg(data) or _ask_pillow(data, "JPEG")
        case other:
            return _ask_pillow(data, other)


def find_format(data: ImageBytes) -> str | None:
    """Pillow's name of the format whose signature the bytes begin with, whatever the file is called."""
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    return next((name for name, magic in _MAGICS if data.startswith(magic)), None)


def _ask_pillow(data: ImageBytes, format_name: str) -> Probe:
    if format_name == "JPEG":
        check_jpeg_ends(data, len(_JPEG_MAGIC))
    if not is_container_complete(data, format_name):
        raise InvalidInputError(TRUNCATED)
    with opened(data, format_name) as image:
        if not are_pixels_complete(data, image):
            raise InvalidInputError(TRUNCATED)
        orientation = _orientation(image)
        # Pillow gives the displayed size of a TIFF and the raw size of everything else.
        width, height = displayed_size(orientation, *image.size) if format_name == "TIFF" else image.size
        bits, transparent = _bits(data, image), image.has_transparency_data
        return Probe(format_name, image.mode, bits, width, height, orientation, transparent)


def _orientation(image: Any) -> int | None:
    if image.format == "TIFF":
        value = image.tag_v2.get(_TIFF_ORIENTATION)
        return value if isinstance(value, int) else None
    return orientation_tag(image.info.get("exif", b""))


def _bits(data: ImageBytes, image: Any) -> int:
    bits = _MODE_BITS.get(image.mode, 16 if ";16" in image.mode else 8)
    if image.format == "TIFF":
        return int(max(image.tag_v2.get(_TIFF_BITS, (1,))))
    if image.format == "PPM" and isinstance(image.tile[0].args, tuple):
        return int(image.tile[0].args[1]).bit_length()
    if image.format == "PPM" and image.mode == "I":
        return 16  # the maximum is 65535; Pillow's mode has 32 bits
    if image.format == "JPEG2000":
        return max(bits, _jpeg2000_bits(data))
    return bits


def _jpeg2000_bits(data: ImageBytes) -> int:
    """The deepest component, from the SIZ segment that opens the codestream (ISO/IEC 15444-1, A.5.1)."""
    start = data.find(_JP2_CODESTREAM)
    (components,) = unpack_at(_COMPONENTS, data, start + 40)
    return max((data[start + 42 + 3 * index] & 0x7F) + 1 for index in range(components))
