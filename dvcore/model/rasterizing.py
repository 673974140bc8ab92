"""Pixels of polygons, by pycocotools: what COCO's own tools make of the same outline.

It draws the outline on a grid five times as fine and fills what is inside. An outline that crosses itself is filled by
columns, from every first to every second crossing, so where it lies over itself twice it counts as outside.
"""

from collections.abc import Iterable

import numpy as np
from pycocotools import mask as coco

from dvcore.errors import InvalidInputError
from dvcore.model.bitmaps import bitmap_of, mask_of_bitmap
from dvcore.model.clipping import clip_polygon
from dvcore.model.geometry import FARTHEST, Mask, Polygon, Ring
from dvcore.model.runlength import mask_of_counts, mask_of_runs


def mask_of_polygon(polygon: Polygon, height: int, width: int) -> Mask:
    """The pixels of a polygon in an image: those of its parts, without those of each part's holes.

    What lies outside the image is cut off first: the library trusts coordinates, and a far one makes it run out of
    memory, or end the process.

    Raises InvalidInputError for a coordinate that no geometry may have.
    """
    if not all(abs(c) <= FARTHEST for part in polygon.parts for ring in part for c in ring):
        raise InvalidInputError(f"the outline has a coordinate beyond {FARTHEST:g}")
    inside = clip_polygon(polygon, width, height)
    if inside is None:
        return mask_of_runs(height, width, [height * width])
    if any(len(part) > 1 for part in inside.parts):
        return _with_holes(inside, height, width)
    return _filled((part[0] for part in inside.parts), height, width)


def _with_holes(polygon: Polygon, height: int, width: int) -> Mask:
    bitmap = np.zeros((height, width), bool)
    for outline, *holes in polygon.parts:
        pixels = bitmap_of(_filled([outline], height, width))
        bitmap |= pixels & ~bitmap_of(_filled(holes, height, width)) if holes else pixels
    return mask_of_bitmap(bitmap)


def _filled(rings: Iterable[Ring], height: int, width: int) -> Mask:
    """The pixels of all the rings together."""
    codes = coco.frPyObjects([list(ring) for ring in rings], height, width)
    return mask_of_counts(height, width, coco.merge(codes)["counts"])
