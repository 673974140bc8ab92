"""Instances as features see them: which kinds of features they can be made of, and what of them is in the result.

Whether an instance is in an example is decided by its kind and its box alone, since a plan asks that of all instances:
what is seen of a box is seen of the instance.
"""

from collections.abc import Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from dvcore.image.downsample import Downsampling
from dvcore.model.annotations import Instance
from dvcore.model.clipping import ROUNDING, clip
from dvcore.model.conversions import find_box, polygon_of
from dvcore.model.extent import has_extent
from dvcore.model.geometry import Bounds, Box, Geometry, Keypoints, Mask, Polygon, RotatedBox
from dvcore.snapshot.features.kinds import BOXES, KEYPOINTS, MASKS, POLYGONS, SEMANTIC
from dvcore.snapshot.instances.geometry_map import ResultView, find_followed, image_map

_REGIONS: Final = frozenset({"box", "rotated_box", "polygon", "mask"})
_HELD: Final = {BOXES: _REGIONS | {"keypoints"}, MASKS: _REGIONS, POLYGONS: _REGIONS, SEMANTIC: _REGIONS}
"""Which kinds of geometry a kind of feature can be made of. Keypoints beside these take what they take: an instance
without points has unlabelled ones."""

_KEPT_SIZES: Final = 4096


@dataclass(frozen=True, slots=True)
class View:
    """An image of `source_width` x `source_height` pixels as displayed, and how it is seen in the result."""

    source_width: int
    source_height: int
    result: ResultView

    def bounds(self, box: Box) -> Bounds | None:
        """What is to be seen of a box, in pixels of the result; None where that is nothing. Plans ask this of every
        instance, so it is written out."""
        to, width, height = self.result.to, self.result.width, self.result.height
        left, top = to.point(max(box.x, 0.0), max(box.y, 0.0))
        right, bottom = to.point(min(box.x + box.width, self.source_width), min(box.y + box.height, self.source_height))
        left, top, right, bottom = max(left, 0.0), max(top, 0.0), min(right, float(width)), min(bottom, float(height))
        return (left, top, right, bottom) if left < right and top < bottom else None

    def outline(self, geometry: Geometry) -> Polygon | None:
        """What is to be seen of the outline of a geometry, in pixels of the result; None where that is nothing, and for
        a geometry that has none."""
        if not isinstance(geometry, Box | RotatedBox | Polygon | Mask):
            return None
        inside = clip(polygon_of(geometry), self.source_width, self.source_height)
        seen = None if inside is None else find_followed(inside, self.result)
        return seen if isinstance(seen, Polygon) else None

    def mask(self, mask: Mask) -> Mask | None:
        """The pixels of the result that are in a mask; None where there are none."""
        seen = find_followed(mask, self.result)
        return seen if isinstance(seen, Mask) else None

    def keypoints(self, keypoints: Keypoints) -> Keypoints | None:
        """The points in pixels of the result, those outside unlabelled; None where none is left."""
        seen = find_followed(keypoints, self.result)
        return seen if isinstance(seen, Keypoints) else None


@lru_cache(_KEPT_SIZES)
def view_of(downsampling: Downsampling, width: int, height: int) -> View:
    """How an image of this size as displayed is seen after downsampling."""
    return View(width, height, image_map(downsampling, width, height))


def can_hold(kinds: Set[str], geometry: str, box: Box) -> bool:
    """Whether features of these kinds can all be made of an instance: `geometry` names its kind, `box` is around it."""
    others = kinds - {KEYPOINTS}
    if not others:
        return geometry == "keypoints"
    return all(geometry in _HELD[kind] for kind in others) and has_extent(box)


def is_seen(view: View, box: Box) -> bool:
    """Whether any of a box, which may be without extent, lies in the result."""
    if has_extent(box):
        return view.bounds(box) is not None
    x, y = view.result.to.point(box.x, box.y)
    far_x, far_y = view.result.to.point(box.x + box.width, box.y + box.height)
    # A point on the edge is in the image: without an area, touching is all that there is.
    return (
        far_x >= -ROUNDING
        and far_y >= -ROUNDING
        and x <= view.result.width + ROUNDING
        and y <= view.result.height + ROUNDING
    )


def box_of(instance: Instance) -> Box | None:
    """The box that the source gave, or else the least around the geometry; None where that has no area."""
    return instance.box or find_box(instance.geometry)
