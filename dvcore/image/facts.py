"""What the bytes of an image say about it, and the limits that hold before any pixel is decoded."""

from dataclasses import dataclass
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.image.orient import displayed_size

MAX_PIXELS: Final = 178_956_970
"""Larger images are refused as decompression bombs: Pillow's own limit, 512 MiB of RGB."""

TRUNCATED: Final = "is truncated"


@dataclass(frozen=True, slots=True)
class Probe:
    """Facts of one image. `format` and `mode` are Pillow's names, except that a multi-picture JPEG is a JPEG."""

    format: str
    mode: str
    bits: int
    """Of one stored sample: 1-16 for PNG and PNM, up to 64 for TIFF, 8 for JPEG."""
    raw_width: int
    raw_height: int
    orientation: int | None = None
    """The EXIF tag as it stands, 0 and 9+ too; None where there is no such tag."""
    transparent: bool = False
    """Whether a pixel can be transparent: an alpha channel, or a transparent colour or palette entry."""

    @property
    def width(self) -> int:
        """As displayed."""
        return displayed_size(self.orientation, self.raw_width, self.raw_height)[0]

    @property
    def height(self) -> int:
        """As displayed."""
        return displayed_size(self.orientation, self.raw_width, self.raw_height)[1]


def check_pixels(width: int, height: int) -> None:
    """Raises InvalidInputError where there is no pixel, or more than MAX_PIXELS."""
    if width < 1 or height < 1:
        raise InvalidInputError(f"has no pixels: {width}x{height}")
    if width * height > MAX_PIXELS:
        raise InvalidInputError(f"is larger than {MAX_PIXELS:,} pixels: {width}x{height}")
