"""Geometry of a COCO annotation: `segmentation` where there is one, else `bbox`."""

from collections.abc import Mapping
from typing import Any

from dvcore.errors import InvalidInputError
from dvcore.formats.coco.document import take_lengths, take_numbers
from dvcore.model.geometry import Box, Geometry, Mask, Polygon, Ring
from dvcore.model.runlength import mask_of_counts, mask_of_runs


def read_shape(annotation: Mapping[str, Any]) -> tuple[Geometry, Box | None]:
    """The geometry, and the box beside it if that is another than the geometry itself.

    Raises InvalidInputError where there is none, or none of a shape that COCO has.
    """
    box = _box(annotation.get("bbox"))
    segmentation = annotation.get("segmentation")
    if _is_empty(segmentation):
        if box is None:
            raise InvalidInputError("has neither bbox nor segmentation")
        return box, None
    if isinstance(segmentation, dict):
        return _mask(segmentation), box
    if isinstance(segmentation, list):
        return _polygon(segmentation), box
    raise InvalidInputError("has a segmentation that is neither polygons nor a run-length code")


def _is_empty(segmentation: object) -> bool:
    """Tools that know only boxes write an empty outline, or a list of empty ones."""
    if isinstance(segmentation, list):
        return all(part == [] for part in segmentation)
    return segmentation in (None, {})


def _box(value: object) -> Box | None:
    if value in (None, []):
        return None
    numbers = take_numbers(value, "a bbox")
    if len(numbers) != 4:
        raise InvalidInputError(f"has a bbox of {len(numbers)} numbers instead of 4")
    return Box(*numbers)


def _polygon(parts: list[Any]) -> Polygon:
    if not isinstance(parts[0], list):  # one part without the list around it, as some tools write it
        parts = [parts]
    return Polygon(tuple((_ring(part),) for part in parts))


def _ring(part: object) -> Ring:
    ring = take_numbers(part, "a polygon")
    if len(ring) % 2:
        raise InvalidInputError("has a polygon with an odd number of coordinates")
    return ring[:-2] if len(ring) > 2 and ring[:2] == ring[-2:] else ring


def _mask(segmentation: Mapping[str, Any]) -> Mask:
    size = take_lengths(segmentation.get("size"), "a mask's size")
    if len(size) != 2 or not all(0 < side < 2**31 for side in size):
        raise InvalidInputError("has a mask's size that is not height and width")
    height, width = size
    counts = segmentation.get("counts")
    if isinstance(counts, str):
        if not counts.isascii():
            raise InvalidInputError("has a mask whose run-length code is none")
        return mask_of_counts(height, width, counts.encode())
    return mask_of_runs(height, width, take_lengths(counts, "a mask's run-length code"))
