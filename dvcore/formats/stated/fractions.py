"""From fractions of an image's width and height, as YOLO, Open Images and TensorFlow state coordinates, to its pixels.

Fractions are mostly written with six digits. An edge that is beyond the image's by less than these can say lies on it.
Pixels are rounded to nine places, so that what was whole before it was divided by the image's size is whole again.
"""

from typing import Final

from dvcore.model.annotations import Entered
from dvcore.model.conversions import find_rotated_box
from dvcore.model.extent import points_of
from dvcore.model.geometry import Box, Geometry, Keypoints, Mask, Point, Polygon, Polyline, Ring, RotatedBox
from dvcore.model.image_map import scaling
from dvcore.model.mapping import map_geometry

Size = tuple[int, int]
"""Width and height."""

_ROUNDING: Final = 1e-6
"""Half a unit of the sixth place in the centre, and half of that in half the width, make 0.75e-6."""
_PLACES: Final = 9
_NOT_SQUARE: Final = 1.0
"""Pixels by which corners may be off those of a rectangle: they were rounded, or drawn by hand."""


def in_pixels(entered: Entered, size: Size) -> Entered:
    """An instance whose coordinates are fractions, in pixels of an image of this size. Nothing is sound yet."""
    box = None if entered.box is None else _box(entered.box, size)
    return Entered(entered.label, _scaled(entered.geometry, size), box, entered.source, entered.attributes)


def as_rotated_box(geometry: Geometry) -> RotatedBox | None:
    """The rotated box whose corners, in either direction, a polygon of four points is, or None. Its width goes from the
    first point clockwise as displayed."""
    match geometry:
        case Polygon(((ring,),)):
            return find_rotated_box(ring, _NOT_SQUARE)
        case _:
            return None


def _scaled(geometry: Geometry, size: Size) -> Geometry:
    width, height = size
    match geometry:
        case Box():
            return _box(geometry, size)
        case Polygon(parts):
            return Polygon(tuple(tuple(_points(ring, size) for ring in part) for part in parts))
        case Keypoints(points):
            return Keypoints(tuple((_pixels(x, width), _pixels(y, height), seen) for x, y, seen in points))
        case Mask() if (geometry.width, geometry.height) != size:
            return map_geometry(geometry, scaling(width / geometry.width, height / geometry.height))
        case RotatedBox() | Polyline() | Point():
            return map_geometry(geometry, scaling(width, height))
        case Mask():
            return geometry


def _box(box: Box, size: Size) -> Box:
    (left, width), (top, height) = _side(box.x, box.width, size[0]), _side(box.y, box.height, size[1])
    return Box(left, top, width, height)


def _side(start: float, length: float, whole: int) -> tuple[float, float]:
    """Where a side begins, and its length, in pixels."""
    low, high = _on_image(start), _on_image(start + length)
    kept = length if (low, high) == (start, start + length) else high - low
    return round(low * whole, _PLACES), round(kept * whole, _PLACES)


def _points(coordinates: Ring, size: Size) -> Ring:
    return tuple(c for x, y in points_of(coordinates) for c in (_pixels(x, size[0]), _pixels(y, size[1])))


def _pixels(fraction: float, whole: int) -> float:
    return round(_on_image(fraction) * whole, _PLACES)


def _on_image(fraction: float) -> float:
    """The fraction, or the edge that it is beyond by rounding."""
    if -_ROUNDING < fraction < 0:
        return 0.0
    return 1.0 if 1 < fraction < 1 + _ROUNDING else fraction
