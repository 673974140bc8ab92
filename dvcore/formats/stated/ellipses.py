"""Circles and ellipses, which no kind of geometry is: as polygons."""

import math
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.model.geometry import Polygon, direction

CORNERS: Final = 72
"""One every 5 degrees, on the ellipse: the polygon has 0.13 % less area."""
_DIGITS: Final = 9
"""Decimals of a pixel that are kept: the last bits of a sine differ between machines."""


def ellipse_polygon(cx: float, cy: float, rx: float, ry: float, angle: float = 0.0) -> Polygon:
    """The ellipse around (cx, cy) whose radii are `rx` along the angle (degrees, clockwise as displayed) and `ry`
    across it.

    Raises InvalidInputError for numbers that are not finite, and radii that are not above 0.
    """
    if not all(map(math.isfinite, (cx, cy, rx, ry, angle))):
        raise InvalidInputError("has an ellipse with a value that is no finite number")
    if min(rx, ry) <= 0:
        raise InvalidInputError(f"has no area: its radii are {rx:g} and {ry:g}")
    cosine, sine = direction(angle % 360.0)
    ring: list[float] = []
    for step in range(CORNERS):
        x, y = (radius * part for radius, part in zip((rx, ry), direction(step * 360 / CORNERS), strict=True))
        ring += round(cx + x * cosine - y * sine, _DIGITS), round(cy + x * sine + y * cosine, _DIGITS)
    return Polygon(((tuple(ring),),))
