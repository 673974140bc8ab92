"""Cutting open lines off at the edges of an image: Liang and Barsky's method (1984), segment by segment.

Plain float64 arithmetic in a fixed order, as in `clipping`.
"""

from itertools import pairwise

from dvcore.model.extent import points_of
from dvcore.model.geometry import Line

_XY = tuple[float, float]


def clip_line(line: Line, width: int, height: int, rounding: float) -> list[Line]:
    """The pieces of a line that are in an image, in their order; a piece has a length. What lies along an edge, or up
    to `rounding` pixels outside of it, is in the image."""
    pieces: list[list[_XY]] = []
    for a, b in pairwise(points_of(line)):
        inside = _clip_segment(a, b, (width, height), rounding)
        if inside is None:
            continue
        start, end = inside
        if pieces and pieces[-1][-1] == start:
            pieces[-1].append(end)
        else:
            pieces.append([start, end])
    return [tuple(c for point in piece for c in point) for piece in pieces]


def _clip_segment(a: _XY, b: _XY, size: tuple[int, int], rounding: float) -> tuple[_XY, _XY] | None:
    """The part of a segment that is inside; None where that is nothing, or a point."""
    enter, leave = 0.0, 1.0
    for start, end, limit in zip(a, b, size, strict=True):
        change = end - start
        if change == 0:
            if not -rounding <= start <= limit + rounding:
                return None
            continue
        first, last = sorted((-start / change, (limit - start) / change))
        enter, leave = max(enter, first), min(leave, last)
    ends = _at(a, b, enter, size), _at(a, b, leave, size)
    return ends if enter < leave and ends[0] != ends[1] else None


def _at(a: _XY, b: _XY, share: float, size: tuple[int, int]) -> _XY:
    """The point at a share of the way; arithmetic does not take it over an edge."""
    x, y = (_between(start, end, share) for start, end in zip(a, b, strict=True))
    return min(max(x, 0.0), float(size[0])), min(max(y, 0.0), float(size[1]))


def _between(start: float, end: float, share: float) -> float:
    """Exact at the ends."""
    return end if share == 1 else start + share * (end - start)
