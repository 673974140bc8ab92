"""Geometries that follow their image when it is scaled, flipped or turned."""

import math

from dvcore.model.extent import points_of
from dvcore.model.geometry import (
    Box,
    Geometry,
    Keypoints,
    Mask,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
    bounds,
    direction,
    normal_angle,
)
from dvcore.model.image_map import ImageMap


def map_geometry(geometry: Geometry, to: ImageMap, size: tuple[int, int] | None = None) -> Geometry:
    """The geometry in the new image. A mask has its `size`, width and height; where none is given, the edges of the
    image are those of the new one.

    A rotated box stays one. Where an image is stretched more in one direction than in the other, each of its sides is
    stretched as its own direction is, and the angle is that of its width, as Detectron2's `RotatedBoxes.scale` has it:
    exact for equal factors and for multiples of 90 degrees, else near. A mask takes for each new pixel the old one in
    which its centre lies. Keypoints keep their order, in a mirror too.
    """
    match geometry:
        case Box():
            return _map_box(geometry, to)
        case RotatedBox():
            return _map_rotated_box(geometry, to)
        case Mask():
            from dvcore.model.bitmaps import map_mask  # noqa: PLC0415 - numpy; only masks need it

            return map_mask(geometry, to, size)
        case Polygon(parts):
            return Polygon(tuple(tuple(_map_points(ring, to) for ring in part) for part in parts))
        case Polyline() | Point() | Keypoints():
            return _map_open(geometry, to)


def _map_box(box: Box, to: ImageMap) -> Box:
    left, top, right, bottom = bounds(box)
    (x0, y0), (x1, y1) = to.point(left, top), to.point(right, bottom)
    return Box(min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0))


def _map_open(geometry: Polyline | Point | Keypoints, to: ImageMap) -> Polyline | Point | Keypoints:
    match geometry:
        case Polyline(lines):
            return Polyline(tuple(_map_points(line, to) for line in lines))
        case Point(x, y):
            return Point(*to.point(x, y))
        case Keypoints(points):
            return Keypoints(tuple((*to.point(x, y), seen) if seen else (0.0, 0.0, 0) for x, y, seen in points))


def _map_points(coordinates: tuple[float, ...], to: ImageMap) -> tuple[float, ...]:
    return tuple(c for x, y in points_of(coordinates) for c in to.point(x, y))


def _map_rotated_box(box: RotatedBox, to: ImageMap) -> RotatedBox:
    cx, cy = to.point(box.cx, box.cy)
    angle = _mirrored(box.angle, to)
    across, down = abs(to.x_factor), abs(to.y_factor)
    if across == down:
        return RotatedBox(cx, cy, box.width * across, box.height * down, angle)
    cosine, sine = direction(normal_angle(angle))
    width = box.width * math.hypot(across * cosine, down * sine)
    height = box.height * math.hypot(across * sine, down * cosine)
    return RotatedBox(cx, cy, width, height, math.degrees(math.atan2(down * sine, across * cosine)))


def _mirrored(angle: float, to: ImageMap) -> float:
    """Where the direction of an angle points, stretching aside."""
    if to.swaps:
        angle = 90.0 - angle
    if to.x_factor < 0:
        angle = 180.0 - angle
    return -angle if to.y_factor < 0 else angle
