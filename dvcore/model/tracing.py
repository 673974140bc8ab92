"""Outlines of masks, exactly along the borders of their pixels.

Borders are directed so that the pixels that are set lie to their right: outlines run clockwise as displayed, holes the
other way. Where two such pixels touch only at a corner, the way turns right, which keeps them apart; a ring that comes
through a point twice is parted there. So no ring crosses or touches itself, each part is one set of pixels that touch
along their sides, and area and pixels are those of the mask. `docs/decisions/0015-geometry.md` says why no library
does this.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dvcore.errors import InvalidInputError
from dvcore.model.bitmaps import Bitmap, bitmap_of
from dvcore.model.geometry import Mask, Polygon

_XY = tuple[int, int]
_Corners = list[_XY]

_EAST, _SOUTH, _WEST, _NORTH = range(4)
"""Directions; the next one is to the right."""

_Borders = dict[tuple[_XY, int], _XY]
"""Straight pieces of border, each as long as it goes: from where and in which direction -> to where."""


def polygon_of_mask(mask: Mask) -> Polygon:
    """The polygon with the pixels of a mask. Coordinates are whole numbers; only corners are named.

    Raises InvalidInputError where the mask has no pixels, or its code is none.
    """
    bitmap = bitmap_of(mask)
    rings = [simple for ring in _iter_rings(_borders(bitmap)) for simple in _iter_simple(ring)]
    if not rings:
        raise InvalidInputError("the mask has no pixels, and so no outline")
    parts: dict[int, list[_Corners]] = defaultdict(list)
    for ring, part in zip(rings, _parts(bitmap, rings), strict=True):
        parts[part].insert(0 if _is_outline(ring) else len(parts[part]), ring)
    return Polygon(
        tuple(tuple(tuple(float(c) for corner in ring for c in corner) for ring in part) for part in parts.values())
    )


def _borders(bitmap: Bitmap) -> _Borders:
    padded = np.pad(bitmap, 1).astype(np.int8)
    across, down = padded[1:, 1:-1] - padded[:-1, 1:-1], padded[1:-1, 1:] - padded[1:-1, :-1]
    borders: _Borders = {}
    borders |= {((start, y), _EAST): (end, y) for y, start, end in _iter_runs(across == 1)}
    borders |= {((end, y), _WEST): (start, y) for y, start, end in _iter_runs(across == -1)}
    borders |= {((x, end), _NORTH): (x, start) for x, start, end in _iter_runs(down.T == 1)}
    borders |= {((x, start), _SOUTH): (x, end) for x, start, end in _iter_runs(down.T == -1)}
    return borders


def _iter_runs(lines: Bitmap) -> Iterator[tuple[int, int, int]]:
    """Of each run along a line: which line, where it starts and where it ends."""
    edges = np.diff(np.pad(lines, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    numbers, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    return zip(numbers.tolist(), starts.tolist(), ends.tolist(), strict=True)


def _iter_rings(borders: _Borders) -> Iterator[_Corners]:
    """Follow the borders, which are used up."""
    for first in list(borders):
        ring, at = _Corners(), first
        while at in borders:
            ring.append(at[0])
            end, direction = borders.pop(at), at[1]
            right, left = (end, (direction + 1) % 4), (end, (direction - 1) % 4)
            at = right if right in borders or right == first else left
        if ring:
            yield ring


def _iter_simple(ring: _Corners) -> Iterator[_Corners]:
    """The rings of which each comes through a point only once."""
    way = _Corners()
    places: dict[_XY, int] = {}
    for corner in ring:
        if corner in places:
            loop = way[places[corner] :]
            del way[places[corner] :]
            for passed in loop:
                del places[passed]
            yield loop
        places[corner] = len(way)
        way.append(corner)
    yield way


def _parts(bitmap: Bitmap, rings: Sequence[_Corners]) -> list[int]:
    """Of each ring the number of the outline that it belongs to.

    Left of the pixel above a hole's top left corner, at the end of the row of set pixels, is a border of the same part:
    its outline, or a hole whose top is higher, for which the outline is known by then.
    """
    parts = list(range(len(rings)))
    holes = sorted((min((y, x) for x, y in ring), number) for number, ring in enumerate(rings) if not _is_outline(ring))
    if holes:
        owners, starts = _left_borders(bitmap, rings)
        for (y, x), hole in holes:
            parts[hole] = parts[owners[y - 1, starts[y - 1, x]]]
    return parts


def _left_borders(bitmap: Bitmap, rings: Sequence[_Corners]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """At each pixel left of which a border is, the ring of that; and at each pixel that is set, the column of the
    nearest such pixel to its left."""
    owners = np.full(bitmap.shape, -1, np.int32)
    for number, ring in enumerate(rings):
        for (x, y), (_, top) in pairwise([*ring, ring[0]]):
            if top < y:
                owners[top:y, x] = number
    columns = np.where(owners >= 0, np.arange(bitmap.shape[1], dtype=np.int32), -1)
    return owners, np.maximum.accumulate(columns, axis=1)


def _is_outline(ring: _Corners) -> bool:
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise([*ring, ring[0]])) > 0
