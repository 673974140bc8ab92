"""Facts of a JPEG from its marker segments (ISO/IEC 10918-1, annex B), at about 10 us a file.

The walk ends at the first scan; entropy-coded data is not read. Where the segments are not laid out as the standard
says, the answer is None and Pillow, which forgives more, is asked.
"""

import struct
from collections.abc import Iterator
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.image.exif import EXIF_PREFIX, orientation_tag
from dvcore.image.facts import TRUNCATED, Probe, check_pixels
from dvcore.image.window import ImageBytes, unpack_at

_TEM, _SOF0, _SOF2, _DHT, _JPG, _DAC = 0xFF01, 0xFFC0, 0xFFC2, 0xFFC4, 0xFFC8, 0xFFCC
_SOF15, _EOI, _SOS, _APP1 = 0xFFCF, 0xFFD9, 0xFFDA, 0xFFE1
_NO_FRAME: Final = frozenset({_DHT, _JPG, _DAC})  # lie among the frame markers and are none
_BARE: Final = frozenset({_TEM, *range(0xFFD0, 0xFFD9)})  # markers without a segment: restarts and SOI
_END_OF_IMAGE: Final = b"\xff\xd9"
_MODES: Final = {1: "L", 3: "RGB", 4: "CMYK"}

_SEGMENT: Final = struct.Struct(">HH")
_FRAME: Final = struct.Struct(">BHHB")  # precision, height, width, components


def read_jpeg(data: ImageBytes) -> Probe | None:
    """Facts of bytes that begin with a JPEG's SOI marker; None where Pillow has to be asked.

    Raises InvalidInputError where the image is truncated or of a kind that is not supported.
    """
    orientation: int | None = None
    frame: tuple[int, int, str] | None = None
    try:
        for marker, start, end in _segments(data):
            if marker == _APP1 and orientation is None and data[start:end].startswith(EXIF_PREFIX):
                orientation = orientation_tag(data[start:end])
            elif _SOF0 <= marker <= _SOF15 and marker not in _NO_FRAME:
                frame = _read_frame(data, marker, start)
            elif marker == _SOS:
                break
    except struct.error:
        raise InvalidInputError(TRUNCATED) from None
    except _OddLayoutError:
        return None
    if frame is None:
        return None
    check_jpeg_ends(data, end)
    width, height, mode = frame
    return Probe("JPEG", mode, 8, width, height, orientation)


def check_jpeg_ends(data: ImageBytes, start: int) -> None:
    """Raises InvalidInputError where no end-of-image marker follows `start`; bytes behind it are nobody's business."""
    if data.rfind(_END_OF_IMAGE, start) < 0:
        raise InvalidInputError(f"{TRUNCATED}: a JPEG without its end-of-image marker")


class _OddLayoutError(Exception):
    """Something other than a marker stands where a segment has to begin."""


def _segments(data: ImageBytes) -> Iterator[tuple[int, int, int]]:
    """(marker, first byte of its content, end) of each segment; struct.error behind one that leads over the end."""
    place = 2
    while True:
        marker, length = unpack_at(_SEGMENT, data, place)
        if marker == 0xFFFF:  # a fill byte
            place += 1
        elif marker in _BARE:
            place += 2
        elif marker < _TEM or marker == _EOI or length < 2:
            raise _OddLayoutError
        else:
            end = place + 2 + length
            yield marker, place + 4, end
            place = end


def _read_frame(data: ImageBytes, marker: int, start: int) -> tuple[int, int, str]:
    bits, height, width, components = unpack_at(_FRAME, data, start)
    if marker > _SOF2:
        raise InvalidInputError("is a lossless, hierarchical or arithmetic-coded JPEG, which is not supported")
    if bits != 8:
        raise InvalidInputError(f"is a {bits}-bit JPEG, which is not supported")
    if components not in _MODES:
        raise InvalidInputError(f"is a JPEG of {components} colour components, which is not supported")
    check_pixels(width, height)
    return width, height, _MODES[components]
