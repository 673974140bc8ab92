"""The shapes of a LabelMe json."""

import binascii
from base64 import b64decode
from collections.abc import Callable, Mapping
from math import hypot
from typing import Any, Final

from dvcore.errors import InvalidInputError
from dvcore.formats.stated.ellipses import ellipse_polygon
from dvcore.formats.stated.fractions import as_rotated_box
from dvcore.formats.stated.mask_images import drawn_pixels, window_mask
from dvcore.formats.texts.json_files import format_value, take_list, take_numbers
from dvcore.model.geometry import Box, Geometry, Keypoints, Mask, Point, Polygon, Polyline

Size = tuple[int, int]
"""Width and height of an image."""

Points = tuple[tuple[float, float], ...]

_VISIBLE: Final = 2
_LARGEST_CORNER: Final = 2.0**31


def read_shape(shape: Mapping[str, Any], size: Size | None) -> Geometry:
    """The geometry of a shape in an image of this size, if that is known.

    Raises InvalidInputError where it is none, or of a kind that is not known.
    """
    kind = shape.get("shape_type") or "polygon"  # the first versions knew only these
    points = _points(take_list(shape, "points"))
    if kind == "mask":
        return _mask(shape.get("mask"), points, size)
    if not isinstance(kind, str) or kind not in _READERS:
        raise InvalidInputError(f"is a {format_value(kind)}, which there is no geometry for")
    return _READERS[kind](points)


def _points(raw: Any) -> Points:
    points = []
    for one in raw:
        numbers = take_numbers(one, "a point")
        if len(numbers) != 2:
            raise InvalidInputError(f"has a point of {len(numbers)} numbers")
        points.append((numbers[0], numbers[1]))
    return tuple(points)


def _flat(points: Points) -> tuple[float, ...]:
    return tuple(c for point in points for c in point)


def _rectangle(points: Points) -> Geometry:
    """Two corners that face each other; some programs write all four."""
    if len(points) not in {2, 4}:
        raise InvalidInputError(f"is a rectangle of {len(points)} points")
    xs, ys = zip(*points, strict=True)
    return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def _turned_rectangle(points: Points) -> Geometry:
    polygon = Polygon(((_flat(points),),))
    return as_rotated_box(polygon) or polygon


def _circle(points: Points) -> Geometry:
    """Its centre, and a point on it."""
    if len(points) != 2:
        raise InvalidInputError(f"is a circle of {len(points)} points")
    (cx, cy), (x, y) = points
    radius = hypot(x - cx, y - cy)
    return ellipse_polygon(cx, cy, radius, radius)


def _point(points: Points) -> Geometry:
    if len(points) != 1:
        raise InvalidInputError(f"is a point of {len(points)} points")
    return Point(*points[0])


_READERS: Final[Mapping[str, Callable[[Points], Geometry]]] = {
    "rectangle": _rectangle,
    "polygon": lambda points: Polygon(((_flat(points),),)),
    "oriented_rectangle": _turned_rectangle,
    "rotation": _turned_rectangle,
    "circle": _circle,
    "line": lambda points: Polyline((_flat(points),)),
    "linestrip": lambda points: Polyline((_flat(points),)),
    "point": _point,
    "points": lambda points: Keypoints(tuple((x, y, _VISIBLE) for x, y in points)),
}


def _mask(code: object, points: Points, size: Size | None) -> Mask:
    """A PNG of the part of the image that begins at the first of the points."""
    if size is None:
        raise InvalidInputError("has a mask, and the size of its image is not given")
    if not isinstance(code, str) or not points or not all(abs(c) < _LARGEST_CORNER for c in points[0]):
        raise InvalidInputError("is a mask without pixels or without a place")
    try:
        data = b64decode(code, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInputError("is a mask that is not written in base64") from None
    left, top = (round(c) for c in points[0])
    try:
        return window_mask(drawn_pixels(data), left, top, size)
    except InvalidInputError as error:
        raise InvalidInputError(f"is a mask that {error.message}") from None
