"""Whether there is anything of a geometry: an area, a length, a point."""

from collections.abc import Iterator
from typing import Final

from dvcore.model.geometry import Box, Geometry, Keypoints, Line, Mask, Point, Polygon, Polyline, Ring, RotatedBox, area

_LEAST_AREA: Final = 1e-9
"""Square pixels: what the rounding of coordinates makes of three points on a line is less."""


def has_extent(geometry: Geometry) -> bool:
    """Whether a box, a polygon or a mask has an area, a polyline a length, keypoints a point that is labelled.

    Raises InvalidInputError for a mask whose code is none.
    """
    match geometry:
        case Box() | RotatedBox():
            return geometry.width > 0 and geometry.height > 0
        case Polygon(parts):
            return any(has_area(part[0]) for part in parts)
        case Mask():
            return area(geometry) > 0
        case Polyline() | Point() | Keypoints():
            return _has_points(geometry)


def has_area(ring: Ring) -> bool:
    """Whether the points are not all on one line. (A figure of eight has area, though its halves may cancel out.)"""
    x, y = ring[0], ring[1]
    far_x, far_y = max(points_of(ring), key=lambda point: _squared(point[0] - x) + _squared(point[1] - y))
    return any(abs((far_x - x) * (b - y) - (far_y - y) * (a - x)) > 2 * _LEAST_AREA for a, b in points_of(ring))


def _squared(value: float) -> float:
    return value * value  # `**` raises where this is infinite


def has_length(line: Line) -> bool:
    """Whether the points are not all one."""
    return len(set(points_of(line))) > 1


def points_of(coordinates: Ring | Line) -> Iterator[tuple[float, float]]:
    """The points of x and y in turn."""
    return zip(coordinates[0::2], coordinates[1::2], strict=True)


def _has_points(geometry: Polyline | Point | Keypoints) -> bool:
    match geometry:
        case Polyline(lines):
            return any(map(has_length, lines))
        case Keypoints(points):
            return any(visibility for _, _, visibility in points)
        case Point():
            return True
