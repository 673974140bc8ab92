"""Geometries as the arrays that are encoded: a kind and its values (`docs/format/objects.md`)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from dvcore.encoding import is_count
from dvcore.errors import CorruptError, NeedsNewerError
from dvcore.model.geometry import (
    KINDS,
    Box,
    Geometry,
    Keypoint,
    Keypoints,
    Mask,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
)

_LEAST_RING: Final = 6
_LEAST_LINE: Final = 4
"""Numbers that say three points, and two."""

_FLOATS: Final = frozenset({float})

_VISIBLE: Final = 2
"""The greatest visibility of a keypoint."""


def pack_geometry(geometry: Geometry) -> list[Any]:
    """The array that is encoded."""
    return [KINDS[type(geometry)], *_pack_values(geometry)]


def unpack_geometry(raw: object) -> Geometry:
    """The geometry of a decoded array.

    Raises CorruptError, or NeedsNewerError for a kind that this version does not know.
    """
    if type(raw) is not list or not raw or type(raw[0]) is not str:
        raise CorruptError("an instance has a geometry that is none")
    unpack = _UNPACK.get(raw[0])
    if unpack is None:
        raise NeedsNewerError(f"an instance has the geometry {raw[0]!r}", hint="it needs a newer dset")
    return unpack(raw[1:])


def pack_box(box: Box) -> list[float]:
    """Left, top, width, height."""
    return [float(box.x), float(box.y), float(box.width), float(box.height)]


def unpack_box(raw: list[Any]) -> Box:
    """The box of a decoded array.

    Raises CorruptError.
    """
    if len(raw) != 4 or not _FLOATS.issuperset(map(type, raw)):  # a match of four types takes four times as long
        raise CorruptError("a box is none")
    return Box(*raw)


def _pack_values(geometry: Geometry) -> list[Any]:
    match geometry:
        case Box():
            return pack_box(geometry)
        case RotatedBox(cx, cy, width, height, angle):
            return _floats(cx, cy, width, height, angle)
        case Mask(height, width, counts):
            return [height, width, counts]
        case Point(x, y):
            return _floats(x, y)
        case Polygon() | Polyline() | Keypoints():
            return [_pack_lists(geometry)]


def _pack_lists(geometry: Polygon | Polyline | Keypoints) -> list[Any]:
    match geometry:
        case Polygon(parts):
            return [[_floats(*ring) for ring in part] for part in parts]
        case Polyline(lines):
            return [_floats(*line) for line in lines]
        case Keypoints(points):
            return [[float(x), float(y), visibility] for x, y, visibility in points]


def _floats(*values: float) -> list[float]:
    return [float(value) for value in values]


def _unpack_rotated_box(raw: list[Any]) -> RotatedBox:
    match raw:
        case [float(cx), float(cy), float(width), float(height), float(angle)] if 0 <= angle < 360:
            return RotatedBox(cx, cy, width, height, angle)
        case _:
            raise CorruptError("a rotated box is none")


def _unpack_polygon(raw: list[Any]) -> Polygon:
    match raw:
        case [[_, *_] as parts]:
            return Polygon(tuple(_unpack_part(part) for part in parts))
        case _:
            raise CorruptError("a polygon is none")


def _unpack_part(raw: object) -> tuple[tuple[float, ...], ...]:
    if not isinstance(raw, list) or not raw:
        raise CorruptError("a polygon has a part without an outline")
    return tuple(_unpack_points(ring, _LEAST_RING) for ring in raw)


def _unpack_points(raw: object, least: int) -> tuple[float, ...]:
    """x and y in turn, of a ring or a line, which has at least so many numbers."""
    if not isinstance(raw, list) or len(raw) < least or len(raw) % 2 or not _FLOATS.issuperset(map(type, raw)):
        raise CorruptError("a ring of a polygon, or a line, is none")
    return tuple(raw)


def _unpack_mask(raw: list[Any]) -> Mask:
    match raw:
        case [height, width, bytes(counts)] if is_count(height) and is_count(width) and height and width:
            return Mask(height, width, counts)
        case _:
            raise CorruptError("a mask is none")


def _unpack_polyline(raw: list[Any]) -> Polyline:
    match raw:
        case [[_, *_] as lines]:
            return Polyline(tuple(_unpack_points(line, _LEAST_LINE) for line in lines))
        case _:
            raise CorruptError("a polyline is none")


def _unpack_point(raw: list[Any]) -> Point:
    match raw:
        case [float(x), float(y)]:
            return Point(x, y)
        case _:
            raise CorruptError("a point is none")


def _unpack_keypoints(raw: list[Any]) -> Keypoints:
    match raw:
        case [[_, *_] as points]:
            return Keypoints(tuple(map(_unpack_keypoint, points)))
        case _:
            raise CorruptError("an instance has keypoints that are none")


def _unpack_keypoint(raw: object) -> Keypoint:
    if type(raw) is list and [float, float, int] == [*map(type, raw)]:
        x, y, visibility = raw
        if 0 < visibility <= _VISIBLE or (visibility == 0 and x == 0 and y == 0):
            return x, y, visibility
    raise CorruptError("a keypoint is none")


_UNPACK: Final[Mapping[str, Callable[[list[Any]], Geometry]]] = {
    "box": unpack_box,
    "rotated_box": _unpack_rotated_box,
    "polygon": _unpack_polygon,
    "mask": _unpack_mask,
    "polyline": _unpack_polyline,
    "point": _unpack_point,
    "keypoints": _unpack_keypoints,
}
