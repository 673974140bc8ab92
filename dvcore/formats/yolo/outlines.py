"""Outlines as YOLO has them: one ring for each instance."""

from itertools import chain

from dvcore.formats.export.losses import Losses
from dvcore.model.annotations import Instance
from dvcore.model.conversions import corners_of, find_rotated_box, polygon_of
from dvcore.model.extent import points_of
from dvcore.model.files import ImageFacts
from dvcore.model.geometry import Box, Mask, Polygon, Ring, RotatedBox

_TOLERANCE = 0.5
"""Pixels by which the corners of a polygon may be off those of a rectangle that it is taken for."""


def find_outline(instance: Instance, facts: ImageFacts, losses: Losses) -> Ring | None:
    """One ring around a region. Several rings are joined by lines without width: area and pixels stay what they are.
    Keypoints have that of their box; a point or a line has none and is left out."""
    match instance.geometry:
        case Polygon() | Mask():
            losses.lose_box(instance)
            polygon = polygon_of(instance.geometry)
            rings = [ring for part in polygon.parts for ring in part]
            if isinstance(instance.geometry, Mask):
                losses.convert(instance, "polygon")
            elif len(rings) > 1:
                losses.convert(instance, "one ring")
            return join_rings(polygon)
        case Box() | RotatedBox():
            losses.convert(instance, "polygon")
            return _outer(instance.geometry)
        case _:
            box = losses.box(instance, facts)
            return None if box is None else _outer(box)


def find_corners(instance: Instance, facts: ImageFacts, losses: Losses) -> Ring | None:
    """The four corners of a rotated box, or of what is one but for its kind; of other kinds those of their box."""
    match instance.geometry:
        case RotatedBox():
            losses.lose_box(instance)
            return corners_of(instance.geometry)
        case Polygon((((_, _, _, _, _, _, _, _) as ring,),)) if find_rotated_box(ring, _TOLERANCE):
            losses.convert(instance, "rotated box")
            return ring
        case Box():
            losses.convert(instance, "rotated box")
            return _outer(instance.geometry)
        case _:
            box = losses.box(instance, facts)
            return None if box is None else _outer(box)


def join_rings(polygon: Polygon) -> Ring:
    """One ring around all parts of a polygon, holes cut out."""
    joined: list[tuple[float, float]] = []
    for part in polygon.parts:
        for number, ring in enumerate(part):
            points = list(points_of(ring))
            joined = _joined(joined, points if _is_clockwise(points) == (number == 0) else points[::-1])
    return tuple(chain.from_iterable(joined))


def _joined(ring: list[tuple[float, float]], other: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Both, by a line to and fro between the first point of the other ring and the nearest one of the first."""
    if not ring:
        return other
    x, y = other[0]
    at = min(range(len(ring)), key=lambda index: (ring[index][0] - x) ** 2 + (ring[index][1] - y) ** 2)
    return [*ring[: at + 1], *other, other[0], *ring[at:]]


def _is_clockwise(points: list[tuple[float, float]]) -> bool:
    """As displayed, y running down."""
    after = [*points[1:], points[0]]
    doubled = 0.0  # not `sum`, which rounds differently from Python 3.12 on
    for (x0, y0), (x1, y1) in zip(points, after, strict=True):
        doubled += x0 * y1 - x1 * y0
    return doubled > 0


def _outer(box: Box | RotatedBox) -> Ring:
    return polygon_of(box).parts[0][0]
