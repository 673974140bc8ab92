"""Cutting geometries off at the edges of an image.

The results become part of ids that must be the same on every machine, so this is plain float64 arithmetic in a fixed
order and no geometry library, whose results change with its version.
"""

from typing import Final, assert_never

from dvcore.model.extent import has_area, points_of
from dvcore.model.geometry import (
    Bounds,
    Box,
    Geometry,
    Keypoints,
    Mask,
    Point,
    Polygon,
    Polyline,
    Ring,
    RotatedBox,
    bounds,
)
from dvcore.model.line_clipping import clip_line

ROUNDING: Final = 1e-6
"""Pixels. A geometry that reaches less than this over an edge is as it should be: arithmetic did that, not a person."""

_XY = tuple[float, float]


def is_in_image(geometry: Geometry, width: int, height: int) -> bool:
    """Whether a geometry lies in an image of this size as stored geometries do: a mask is exactly that large, a rotated
    box has its centre there, anything else reaches over no edge."""
    match geometry:
        case Mask():
            return (geometry.width, geometry.height) == (width, height)
        case RotatedBox(cx, cy):
            return is_inside((cx, cy, cx, cy), width, height)
        case Polygon():
            return is_inside(_reach(geometry), width, height)
        case _:
            return is_inside(bounds(geometry), width, height)


def clip(geometry: Geometry, width: int, height: int) -> Geometry | None:
    """The part of a geometry that is in the image, the geometry itself where that is all of it, or None.

    A rotated box whose centre is in the image stays whole, since what is left of it would be no rotated box; a mask
    stays as it is. Keypoints outside become unlabelled ones.
    """
    match geometry:
        case Box():
            return clip_box(geometry, width, height)
        case Polygon():
            return clip_polygon(geometry, width, height)
        case Polyline():
            return clip_polyline(geometry, width, height)
        case Keypoints():
            return clip_keypoints(geometry, width, height)
        case Mask():
            return geometry
        case RotatedBox() | Point():
            return geometry if is_in_image(geometry, width, height) else None
        case _:
            assert_never(geometry)


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
    around = _reach(polygon)
    if is_inside(around, width, height):
        return polygon
    if is_outside(around, width, height):
        return None
    clipped = [[_clip_ring(ring, width, height) for ring in part] for part in polygon.parts]
    parts = tuple(tuple(filter(None, rings)) for rings in clipped if rings[0])
    return Polygon(parts) if parts else None


def clip_polyline(polyline: Polyline, width: int, height: int) -> Polyline | None:
    """The parts of the lines that are in the image, the polyline itself where that is all of it, or None. A line that
    leaves the image and comes back becomes several."""
    if is_in_image(polyline, width, height):
        return polyline
    lines = tuple(piece for line in polyline.lines for piece in clip_line(line, width, height, ROUNDING))
    return Polyline(lines) if lines else None


def clip_keypoints(keypoints: Keypoints, width: int, height: int) -> Keypoints | None:
    """The keypoints, those outside the image unlabelled; None where no labelled one is left."""
    if is_in_image(keypoints, width, height):
        return keypoints
    points = tuple(
        (x, y, visibility) if is_inside((x, y, x, y), width, height) else (0.0, 0.0, 0)
        for x, y, visibility in keypoints.points
    )
    return Keypoints(points) if any(visibility for _, _, visibility in points) else None


def _reach(polygon: Polygon) -> Bounds:
    """The bounds of all rings: that a hole lies in its outline is not known."""
    return bounds(Polygon(tuple((ring,) for part in polygon.parts for ring in part)))


def _clip_ring(ring: Ring, width: int, height: int) -> Ring | None:
    points = list(points_of(ring))
    for axis, limit, direction in ((0, 0.0, 1), (0, float(width), -1), (1, 0.0, 1), (1, float(height), -1)):
        points = _clip_at(points, axis, limit, direction)
    clipped = tuple(c for point in points for c in point)
    return clipped if len(points) >= 3 and has_area(clipped) else None


def _clip_at(points: list[_XY], axis: int, limit: float, direction: int) -> list[_XY]:
    """Keep what lies beyond a limit of x (axis 0) or y (axis 1), upwards (direction 1) or downwards (-1)."""
    kept: list[_XY] = []
    for before, point in zip([*points[-1:], *points[:-1]], points, strict=True):
        inside = (point[axis] - limit) * direction >= 0
        if inside != ((before[axis] - limit) * direction >= 0):
            _append(kept, _crossing(before, point, axis, limit))
        if inside:
            _append(kept, point)
    if len(kept) > 1 and kept[0] == kept[-1]:
        kept.pop()
    return kept


def _append(points: list[_XY], point: _XY) -> None:
    if not points or points[-1] != point:
        points.append(point)


def _crossing(a: _XY, b: _XY, axis: int, limit: float) -> _XY:
    other = 1 - axis
    across = a[other] + (b[other] - a[other]) * ((limit - a[axis]) / (b[axis] - a[axis]))
    return (limit, across) if axis == 0 else (across, limit)
