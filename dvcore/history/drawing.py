"""Geometries as SVG, in the pixels of the image as displayed: outlines, filled faintly by the page's style.

Numbers are cut to hundredths of a pixel, and no text of anybody's is in what comes out but what the caller gives,
escaped.
"""

from collections.abc import Iterable, Iterator

from dvcore.markup import printable
from dvcore.model.conversions import corners_of
from dvcore.model.extent import points_of
from dvcore.model.geometry import (
    Box,
    Geometry,
    Keypoints,
    Line,
    Mask,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
    bounds,
)


def draw(geometry: Geometry, *, kind: str, title: str) -> str:
    """The geometry as a group of the class `kind`, whose title shows under the pointer. Of a mask the box around it.

    Raises InvalidInputError for a mask whose code is none.
    """
    return f'<g class="{kind}"><title>{printable(title)}</title>{"".join(_shapes(geometry))}</g>'


def _shapes(geometry: Geometry) -> Iterator[str]:
    match geometry:
        case Box() | Mask():
            left, top, right, bottom = bounds(geometry)
            yield _path([(left, top, right, top, right, bottom, left, bottom)])
        case RotatedBox():
            yield _path([corners_of(geometry)])
        case Polygon(parts):
            yield _path(ring for part in parts for ring in part)
        case Polyline(lines):
            yield _path(lines, closed=False)
        case Point(x, y):
            yield _dot(x, y)
        case Keypoints(points):
            yield from (_dot(x, y) for x, y, visibility in points if visibility)


def _path(lines: Iterable[Line], *, closed: bool = True) -> str:
    """Rings or lines in one path: holes stay free by the even-odd rule."""
    end = "Z" if closed else ""
    commands = ("M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points_of(line)) + end for line in lines)
    return f'<path class="{"area" if closed else "line"}" d="{"".join(commands)}"/>'


def _dot(x: float, y: float) -> str:
    """A line of no length with round ends: its width, and so the dot, does not grow with the picture."""
    return f'<path class="dot" d="M{x:.2f} {y:.2f}h0"/>'
