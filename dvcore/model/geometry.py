"""Where an instance is: box, rotated box, polygon, mask, polyline, point or keypoints.

Coordinates are pixels of the image as displayed (EXIF orientation applied), origin at its top left corner, x to the
right, y down; an image of width w spans 0 to w. `docs/annotations.md` tells users of each kind.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import add
from typing import Final

from dvcore.model.runcode import iter_run_bounds, parse_runs

Ring = tuple[float, ...]
"""x and y in turn, at least three points, not closed by repeating the first."""

Line = tuple[float, ...]
"""x and y in turn, at least two points."""

Keypoint = tuple[float, float, int]
"""x, y and visibility: 0 not labelled (x and y are then 0), 1 labelled but hidden, 2 visible, as COCO has it."""

Bounds = tuple[float, float, float, float]
"""Least x, least y, greatest x, greatest y."""

FARTHEST: Final = 1e12
"""Pixels from the origin that a coordinate may be: further out, float64 has no thousandths of a pixel left and
arithmetic could overflow."""

DIGITS: Final = 9
"""Decimals of pixels and degrees that are kept where there was trigonometry, which differs between machines in its last
bits; and what was whole before it was turned is whole again."""

_NOWHERE: Final = (0.0, 0.0, 0.0, 0.0)
_QUARTERS: Final = {0.0: (1.0, 0.0), 90.0: (0.0, 1.0), 180.0: (-1.0, 0.0), 270.0: (0.0, -1.0)}
"""Where math.cos and math.sin are off by the rounding of pi."""


@dataclass(frozen=True, slots=True)
class Box:
    """Axis-parallel rectangle: left, top, width, height."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class RotatedBox:
    """A rectangle by its centre, turned by `angle` degrees, clockwise as displayed: the direction of its width is
    (cos, sin) of the angle. Any angle may be given; it is brought into [0, 360)."""

    cx: float
    cy: float
    width: float
    height: float
    angle: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "angle", normal_angle(self.angle))


@dataclass(frozen=True, slots=True)
class Polygon:
    """One or more parts; of each part the first ring is the outline, the others are holes."""

    parts: tuple[tuple[Ring, ...], ...]


@dataclass(frozen=True, slots=True)
class Mask:
    """Pixels as COCO's compressed run-length code (column by column), for an image of `height` x `width`."""

    height: int
    width: int
    counts: bytes


@dataclass(frozen=True, slots=True)
class Polyline:
    """One or more open lines."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One point."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Keypoints:
    """Points in the order of the names that the label declares."""

    points: tuple[Keypoint, ...]


Geometry = Box | RotatedBox | Polygon | Mask | Polyline | Point | Keypoints

KINDS: Final[dict[type[Geometry], str]] = {
    Box: "box",
    RotatedBox: "rotated_box",
    Polygon: "polygon",
    Mask: "mask",
    Polyline: "polyline",
    Point: "point",
    Keypoints: "keypoints",
}
"""Each kind's name in stored bytes, in JSON and in expressions."""


def bounds(geometry: Geometry) -> Bounds:
    """The least rectangle around a geometry: around a mask's pixels that are set, around keypoints that are labelled;
    all 0 where there are none.

    Raises InvalidInputError for a mask whose code is none.
    """
    match geometry:
        case Box():
            return geometry.x, geometry.y, geometry.x + geometry.width, geometry.y + geometry.height
        case RotatedBox():
            return _rotated_bounds(geometry)
        case Mask():
            return _mask_bounds(geometry)
        case Polygon() | Polyline() | Point() | Keypoints():
            return _bounds_of_points(geometry)


def area(geometry: Geometry) -> float:
    """Square pixels: of a polygon by the shoelace formula, holes taken off; of a mask the pixels that are set; 0 of
    lines and points.

    Raises InvalidInputError for a mask whose code is none.
    """
    match geometry:
        case Box() | RotatedBox():
            return geometry.width * geometry.height
        case Polygon(parts):
            return _total(_ring_area(part[0]) - _total(map(_ring_area, part[1:])) for part in parts)
        case Mask():
            return float(sum(parse_runs(geometry.counts)[1::2]))
        case Polyline() | Point() | Keypoints():
            return 0.0


def normal_angle(angle: float) -> float:
    """The same direction in [0, 360) degrees; what is not finite stays as it is."""
    if not math.isfinite(angle):
        return angle
    turned = angle % 360.0
    return turned if turned < 360.0 else 0.0  # the remainder of a tiny negative number is rounded to 360


def direction(angle: float) -> tuple[float, float]:
    """Cosine and sine of degrees, exact at the quarters."""
    radians = math.radians(angle)
    return _QUARTERS.get(angle) or (math.cos(radians), math.sin(radians))


def _bounds_of_points(geometry: Polygon | Polyline | Point | Keypoints) -> Bounds:
    coordinates = _coordinates(geometry)
    xs, ys = coordinates[0::2], coordinates[1::2]
    return (min(xs), min(ys), max(xs), max(ys)) if coordinates else _NOWHERE


def _coordinates(geometry: Polygon | Polyline | Point | Keypoints) -> list[float]:
    """x and y in turn of all points on the outside."""
    match geometry:
        case Polygon(parts):
            return [c for part in parts for c in part[0]]
        case Polyline(lines):
            return [c for line in lines for c in line]
        case Point(x, y):
            return [x, y]
        case Keypoints(points):
            return [c for x, y, visibility in points if visibility for c in (x, y)]


def _rotated_bounds(box: RotatedBox) -> Bounds:
    cosine, sine = map(abs, direction(box.angle))
    across = (box.width * cosine + box.height * sine) / 2
    down = (box.width * sine + box.height * cosine) / 2
    around = box.cx - across, box.cy - down, box.cx + across, box.cy + down
    left, top, right, bottom = (round(value, DIGITS) for value in around)
    return left, top, right, bottom


def _mask_bounds(mask: Mask) -> Bounds:
    found = list(iter_run_bounds(parse_runs(mask.counts), mask.height))
    if not found:
        return _NOWHERE
    lefts, tops, rights, bottoms = zip(*found, strict=True)
    return float(min(lefts)), float(min(tops)), float(max(rights)), float(max(bottoms))


def _ring_area(ring: Ring) -> float:
    points = list(zip(ring[0::2], ring[1::2], strict=True))
    doubled = _total(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise([*points, points[0]]))
    return abs(doubled) / 2


def _total(values: Iterable[float]) -> float:
    """One after the other: `sum` rounds floats in another way from Python 3.12 on, and expressions decide by areas."""
    return reduce(add, values, 0.0)
