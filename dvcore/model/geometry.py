"""Where an instance is: box, polygon or mask.

Coordinates are pixels of the image as displayed (EXIF orientation applied), origin at its top left corner, x to the
right, y down; an image of width w spans 0 to w.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from dvcore.encoding import is_count
from dvcore.errors import CorruptError, NeedsNewerError

Ring = tuple[float, ...]
"""x and y in turn, at least three points, not closed by repeating the first."""

Bounds = tuple[float, float, float, float]
"""Least x, least y, greatest x, greatest y."""


@dataclass(frozen=True, slots=True)
class Box:
    """Axis-parallel rectangle: left, top, width, height."""

    x: float
    y: float
    width: float
    height: float


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


Geometry = Box | Polygon | Mask


def bounds(geometry: Box | Polygon) -> Bounds:
    """The least rectangle around a box or a polygon."""
    if isinstance(geometry, Box):
        return geometry.x, geometry.y, geometry.x + geometry.width, geometry.y + geometry.height
    xs = [x for part in geometry.parts for x in part[0][0::2]]
    ys = [y for part in geometry.parts for y in part[0][1::2]]
    return min(xs), min(ys), max(xs), max(ys)


def area(geometry: Box | Polygon) -> float:
    """Square pixels: of a polygon by the shoelace formula, holes taken off."""
    if isinstance(geometry, Box):
        return geometry.width * geometry.height
    return sum(_ring_area(part[0]) - sum(map(_ring_area, part[1:])) for part in geometry.parts)


def _ring_area(ring: Ring) -> float:
    points = list(zip(ring[0::2], ring[1::2], strict=True))
    doubled = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise([*points, points[0]]))
    return abs(doubled) / 2


def pack_geometry(geometry: Geometry) -> list[Any]:
    """The array that is encoded: a kind and its values (`docs/format/objects.md`)."""
    match geometry:
        case Box():
            return ["box", *pack_box(geometry)]
        case Polygon(parts):
            return ["polygon", [[[float(c) for c in ring] for ring in part] for part in parts]]
        case Mask(height, width, counts):
            return ["mask", height, width, counts]


def unpack_geometry(raw: object) -> Geometry:
    """The geometry of a decoded array.

    Raises CorruptError, or NeedsNewerError for a kind that this version does not know.
    """
    match raw:
        case ["box", *corners]:
            return unpack_box(corners)
        case ["polygon", [_, *_] as parts]:
            return Polygon(tuple(_unpack_part(part) for part in parts))
        case ["mask", height, width, bytes(counts)] if is_count(height) and is_count(width) and height and width:
            return Mask(height, width, counts)
        case [str(kind), *_] if kind not in {"box", "polygon", "mask"}:
            raise NeedsNewerError(f"an instance has the geometry {kind!r}", hint="it needs a newer dset")
        case _:
            raise CorruptError("an instance has a geometry that is none")


def pack_box(box: Box) -> list[float]:
    """Left, top, width, height."""
    return [float(box.x), float(box.y), float(box.width), float(box.height)]


def unpack_box(raw: list[Any]) -> Box:
    """The box of a decoded array.

    Raises CorruptError.
    """
    match raw:
        case [float(x), float(y), float(width), float(height)]:
            return Box(x, y, width, height)
        case _:
            raise CorruptError("a box is none")


def _unpack_part(raw: object) -> tuple[Ring, ...]:
    if not isinstance(raw, list) or not raw:
        raise CorruptError("a polygon has a part without an outline")
    return tuple(_unpack_ring(ring) for ring in raw)


def _unpack_ring(raw: object) -> Ring:
    if not isinstance(raw, list) or len(raw) < 6 or len(raw) % 2 or any(type(c) is not float for c in raw):
        raise CorruptError("a polygon has a ring that is none")
    return tuple(raw)
