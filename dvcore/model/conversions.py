"""One kind of geometry for another, where a format or a model wants that: boxes, polygons, masks.

Conversions are asked for; nothing here happens on the way in. `docs/annotations.md` says what each one loses.
"""

import math

from dvcore.errors import InvalidInputError
from dvcore.model.extent import has_extent, points_of
from dvcore.model.geometry import (
    DIGITS,
    Bounds,
    Box,
    Geometry,
    Mask,
    Point,
    Polygon,
    Polyline,
    Ring,
    RotatedBox,
    bounds,
    direction,
)

Region = Box | RotatedBox | Polygon | Mask
"""Kinds that have an area."""


def find_box(geometry: Geometry) -> Box | None:
    """The least box around a geometry, also around the labelled ones of keypoints. None where that has no area, and for
    lines and points, which are no boxes even if they slant."""
    if isinstance(geometry, Box):
        return geometry
    if isinstance(geometry, Polyline | Point):
        return None
    left, top, right, bottom = bounds(geometry)
    return Box(left, top, right - left, bottom - top) if left < right and top < bottom else None


def polygon_of(region: Region) -> Polygon:
    """The outline of a region: of a mask along the borders of its pixels, with holes.

    Raises InvalidInputError for a mask that has no pixels, or whose code is none.
    """
    match region:
        case Polygon():
            return region
        case Box():
            return _polygon(_corners(bounds(region)))
        case RotatedBox():
            return _polygon(corners_of(region))
        case Mask():
            from dvcore.model.tracing import polygon_of_mask  # noqa: PLC0415 - numpy; only masks need it

            return polygon_of_mask(region)


def mask_of(region: Region, height: int, width: int) -> Mask:
    """The pixels of a region in an image, as pycocotools takes them from its outline. There may be none.

    Raises InvalidInputError for a mask of another size, and for coordinates that no geometry may have.
    """
    if isinstance(region, Mask):
        if (region.height, region.width) != (height, width):
            raise InvalidInputError(
                f"a mask of {region.width}x{region.height} pixels is none of an image of {width}x{height}"
            )
        return region
    from dvcore.model.rasterizing import mask_of_polygon  # noqa: PLC0415 - pycocotools; masks are made on demand

    return mask_of_polygon(polygon_of(region), height, width)


def corners_of(box: RotatedBox) -> Ring:
    """The four corners, clockwise as displayed, from the one that is top left where the angle is 0."""
    cosine, sine = direction(box.angle)
    across, down = box.width / 2, box.height / 2
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    offsets = ((x * across, y * down) for x, y in signs)
    return tuple(c for x, y in offsets for c in (box.cx + x * cosine - y * sine, box.cy + x * sine + y * cosine))


def find_rotated_box(corners: Ring, tolerance: float) -> RotatedBox | None:
    """The rotated box with these four corners, each at most `tolerance` pixels away; None where there is none. Its
    width goes from the first corner to the next one clockwise, whichever way around they are given."""
    if len(corners) != 8:
        return None
    a, b, c, d = given = [complex(x, y) for x, y in points_of(corners)]
    if ((b - a).conjugate() * (d - a)).imag < 0:
        given[1], given[3] = b, d = d, b
    centre, across, down = (a + b + c + d) / 4, (b - a + c - d) / 2, (d - a + c - b) / 2
    angle = math.degrees(math.atan2(across.imag, across.real))
    values = centre.real, centre.imag, math.hypot(across.real, across.imag), math.hypot(down.real, down.imag), angle
    box = RotatedBox(*(round(value, DIGITS) for value in values))
    made = zip(points_of(corners_of(box)), given, strict=True)
    fits = all(math.dist(corner, (near.real, near.imag)) <= tolerance for corner, near in made)
    return box if fits and has_extent(box) else None


def _polygon(ring: Ring) -> Polygon:
    return Polygon(((ring,),))


def _corners(around: Bounds) -> Ring:
    left, top, right, bottom = around
    return left, top, right, top, right, bottom, left, bottom
