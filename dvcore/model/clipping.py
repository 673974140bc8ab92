"""Cutting boxes and polygons off at the edges of an image.

The results become part of ids that must be the same on every machine, so this is plain float64 arithmetic in a fixed
order and no geometry library, whose results change with its version.
"""

from collections.abc import Iterable
from typing import Final

from dvcore.model.geometry import Bounds, Box, Polygon, Ring, bounds

ROUNDING: Final = 1e-6
"""Pixels. A geometry that reaches less than this over an edge is as it should be: arithmetic did that, not a person."""

_LEAST_AREA: Final = 1e-9
"""Square pixels: what the rounding of coordinates makes of three points on a line is less."""

Point = tuple[float, float]


def is_inside(around: Bounds, width: int, height: int) -> bool:
    """Whether nothing reaches over the edges of an image."""
    left, top, right, bottom = around
    return left >= -ROUNDING and top >= -ROUNDING and right <= width + ROUNDING and bottom <= height + ROUNDING


def is_outside(around: Bounds, width: int, height: int) -> bool:
    """Whether nothing reaches into an image; touching its edge is outside."""
    left, top, right, bottom = around
    return right <= ROUNDING or bottom <= ROUNDING or left >= width - ROUNDING or top >= height - ROUNDING


def clip_box(box: Box, width: int, height: int) -> Box | None:
    """The part of a box that is in the image, the box itself where that is all of it, or None."""
    around = bounds(box)
    if is_inside(around, width, height):
        return box
    if is_outside(around, width, height):
        return None
    left, top, right, bottom = around
    left, top = max(left, 0.0), max(top, 0.0)
    return Box(left, top, min(right, float(width)) - left, min(bottom, float(height)) - top)


def clip_polygon(polygon: Polygon, width: int, height: int) -> Polygon | None:
    """The part of a polygon that is in the image, the polygon itself where that is all of it, or None.

    Sutherland and Hodgman's method (1974), ring by ring. A ring that an edge of the image cuts in two stays one ring,
    its pieces joined by lines without width along that edge: area and pixels are those of the pieces.
    """
    around = bounds(polygon)
    if is_inside(around, width, height):
        return polygon
    if is_outside(around, width, height):
        return None
    clipped = [[_clip_ring(ring, width, height) for ring in part] for part in polygon.parts]
    parts = tuple(tuple(filter(None, rings)) for rings in clipped if rings[0])
    return Polygon(parts) if parts else None


def has_area(ring: Ring) -> bool:
    """Whether the points are not all on one line. (A figure of eight has area, though its halves may cancel out.)"""
    x, y = ring[0], ring[1]
    far_x, far_y = max(_points(ring), key=lambda point: (point[0] - x) ** 2 + (point[1] - y) ** 2)
    return any(abs((far_x - x) * (b - y) - (far_y - y) * (a - x)) > 2 * _LEAST_AREA for a, b in _points(ring))


def _points(ring: Ring) -> Iterable[Point]:
    return zip(ring[0::2], ring[1::2], strict=True)


def _clip_ring(ring: Ring, width: int, height: int) -> Ring | None:
    points = list(_points(ring))
    for axis, limit, direction in ((0, 0.0, 1), (0, float(width), -1), (1, 0.0, 1), (1, float(height), -1)):
        points = _clip_at(points, axis, limit, direction)
    clipped = tuple(c for point in points for c in point)
    return clipped if len(points) >= 3 and has_area(clipped) else None


def _clip_at(points: list[Point], axis: int, limit: float, direction: int) -> list[Point]:
    """Keep what lies beyond a limit of x (axis 0) or y (axis 1), upwards (direction 1) or downwards (-1)."""
    kept: list[Point] = []
    for before, point in zip([*points[-1:], *points[:-1]], points, strict=True):
        inside = (point[axis] - limit) * direction >= 0
        if inside != ((before[axis] - limit) * direction >= 0):
            _append(kept, _crossing(before, point, axis, limit))
        if inside:
            _append(kept, point)
    if len(kept) > 1 and kept[0] == kept[-1]:
        kept.pop()
    return kept


def _append(points: list[Point], point: Point) -> None:
    if not points or points[-1] != point:
        points.append(point)


def _crossing(a: Point, b: Point, axis: int, limit: float) -> Point:
    other = 1 - axis
    across = a[other] + (b[other] - a[other]) * ((limit - a[axis]) / (b[axis] - a[axis]))
    return (limit, across) if axis == 0 else (across, limit)
