"""EXIF orientation: from the pixels as stored ("raw") to the image as displayed.

Coordinates are continuous pixels, origin at the top-left corner: a pixel covers [x, x+1), an image [0, width]. The
values 1-8 are those of TIFF 6.0, tag 274, and EXIF 2.32; anything else, and no tag at all, means the image is stored
upright.
"""

from collections.abc import Callable
from typing import Final

_UPRIGHT: Final = 1
_SIDES_SWAPPED: Final = frozenset({5, 6, 7, 8})

# (x, y) of a raw image w wide and h high -> (x, y) as displayed.
_POINTS: Final[dict[int, Callable[[float, float, int, int], tuple[float, float]]]] = {
    1: lambda x, y, w, h: (x, y),
    2: lambda x, y, w, h: (w - x, y),
    3: lambda x, y, w, h: (w - x, h - y),
    4: lambda x, y, w, h: (x, h - y),
    5: lambda x, y, w, h: (y, x),
    6: lambda x, y, w, h: (h - y, x),
    7: lambda x, y, w, h: (h - y, w - x),
    8: lambda x, y, w, h: (y, w - x),
}


def effective_orientation(orientation: int | None) -> int:
    """The value 1-8 to apply: 1 where the tag is absent or none of the eight."""
    return orientation if orientation in _POINTS else _UPRIGHT


def displayed_size(orientation: int | None, width: int, height: int) -> tuple[int, int]:
    """Width and height as displayed of an image that is stored `width` x `height`."""
    return (height, width) if orientation in _SIDES_SWAPPED else (width, height)


def displayed_point(orientation: int | None, x: float, y: float, *, width: int, height: int) -> tuple[float, float]:
    """Where a point of the raw image (`width` x `height`, raw) lies in the displayed one."""
    return _POINTS[effective_orientation(orientation)](x, y, width, height)


def displayed_box(
    orientation: int | None, box: tuple[float, float, float, float], *, width: int, height: int
) -> tuple[float, float, float, float]:
    """Where a box (left, top, right, bottom) of the raw image (`width` x `height`, raw) lies in the displayed one."""
    left, top = displayed_point(orientation, box[0], box[1], width=width, height=height)
    right, bottom = displayed_point(orientation, box[2], box[3], width=width, height=height)
    return min(left, right), min(top, bottom), max(left, right), max(top, bottom)
