"""The kind `boxes`: where instances are, how large, and what people said of them."""

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Final

from dvcore.errors import CorruptError
from dvcore.model.annotations import Instance
from dvcore.model.definition import Feature
from dvcore.model.geometry import Bounds, Box, Geometry, Keypoints, Mask, area
from dvcore.model.values import Value
from dvcore.snapshot.examples.kept import Kept
from dvcore.snapshot.instances.views import View, box_of
from dvcore.tfrecord.example import Features, FloatList, Int64List

_FLAGS: Final = {"is_crowd": "crowd", "difficult": "difficult", "truncated": "truncated"}
"""The attribute that each flag is read from."""


def make_boxes(feature: Feature, kept: Sequence[Kept], view: View) -> Features:
    """Sides as parts of the result's width and height, what lies outside cut off; areas in its pixels."""
    boxes = [_seen_box(one.instance, view) for one in kept]
    width, height, name = view.result.width, view.result.height, feature.name
    flags = {
        f"{name}/{flag}": Int64List(tuple(int(_is_set(one.instance.attributes, attribute)) for one in kept))
        for flag, attribute in _FLAGS.items()
    }
    return {
        f"{name}/bbox/xmin": FloatList(tuple(share(left, width) for left, _, _, _ in boxes)),
        f"{name}/bbox/xmax": FloatList(tuple(share(right, width) for _, _, right, _ in boxes)),
        f"{name}/bbox/ymin": FloatList(tuple(share(top, height) for _, top, _, _ in boxes)),
        f"{name}/bbox/ymax": FloatList(tuple(share(bottom, height) for _, _, _, bottom in boxes)),
        f"{name}/area": FloatList(tuple(map(_seen_area, (one.instance.geometry for one in kept), boxes, repeat(view)))),
        **flags,
    }


def share(place: float, length: int) -> float:
    """A place along a side as a part of it; rounding leads nothing out of 0 to 1."""
    return min(max(place / length, 0.0), 1.0)


def _seen_box(instance: Instance, view: View) -> Bounds:
    box = box_of(instance)
    seen = None if box is None else view.bounds(box)
    if seen is None:  # it was seen when the example was planned
        raise CorruptError(f"the instance {instance.id.hex()} has no box in its image")
    return seen


def _seen_area(geometry: Geometry, box: Bounds, view: View) -> float:
    """Of the pixels of a mask, of what an outline encloses; keypoints have that of their box. It may be 0
    where the box is seen and the rest is not."""
    if isinstance(geometry, Box | Keypoints):
        left, top, right, bottom = box
        return (right - left) * (bottom - top)
    if isinstance(geometry, Mask):
        mask = view.mask(geometry)
        return 0.0 if mask is None else area(mask)
    outline = view.outline(geometry)
    return 0.0 if outline is None else area(outline)


def _is_set(attributes: Mapping[str, Value], name: str) -> bool:
    """A share, such as KITTI's of what is truncated, is set where it is above 0."""
    value = attributes.get(name)
    return isinstance(value, bool | int | float) and value > 0
