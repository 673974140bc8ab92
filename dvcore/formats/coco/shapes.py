"""Geometry of a COCO annotation: labelled `keypoints` where there are some, else `segmentation`, else `bbox`."""

from collections.abc import Mapping
from typing import Any, Final

from dvcore.errors import InvalidInputError
from dvcore.formats.texts.json_files import take_lengths, take_numbers
from dvcore.model.geometry import Box, Geometry, Keypoints, Mask, Polygon, Ring
from dvcore.model.runlength import mask_of_counts, mask_of_runs

SHAPES: Final = ("bbox", "segmentation", "keypoints")


def read_shape(annotation: Mapping[str, Any], points: int) -> tuple[Geometry, Box | None, bool]:
    """The geometry, the box beside it if that is another than the geometry itself, and whether there is an outline that
    neither of them has. `points` is the number of keypoints of its category, 0 where it names none.

    Raises InvalidInputError where there is none, or none of a shape that COCO has.
    """
    box = _box(annotation.get("bbox"))
    segmentation = annotation.get("segmentation")
    keypoints = _keypoints(annotation.get("keypoints"), points)
    if keypoints is not None:
        return keypoints, box, not _is_empty(segmentation)
    if _is_empty(segmentation):
        if box is None:
            raise InvalidInputError("has neither bbox nor segmentation")
        return box, None, False
    if isinstance(segmentation, dict):
        return _mask(segmentation), box, False
    if isinstance(segmentation, list):
        return _polygon(segmentation), box, False
    raise InvalidInputError("has a segmentation that is neither polygons nor a run-length code")


def _is_empty(segmentation: object) -> bool:
    """Tools that know only boxes write an empty outline, or a list of empty ones."""
    if isinstance(segmentation, list):
        return segmentation.count([]) == len(segmentation)
    return segmentation in (None, {})


def _box(value: object) -> Box | None:
    if value in (None, []):
        return None
    numbers = take_numbers(value, "a bbox")
    if len(numbers) != 4:
        raise InvalidInputError(f"has a bbox of {len(numbers)} numbers instead of 4")
    return Box(*numbers)


def _keypoints(value: object, points: int) -> Keypoints | None:
    """The points, or None where none of them is labelled."""
    if value in (None, []):
        return None
    numbers = take_numbers(value, "keypoints")
    if len(numbers) % 3:
        raise InvalidInputError("has keypoints that are not three numbers each")
    if points and len(numbers) != 3 * points:
        raise InvalidInputError(f"has {len(numbers) // 3} keypoints, its category has {points}")
    seen = numbers[2::3]
    if not all(map(float.is_integer, seen)):
        raise InvalidInputError("has a keypoint with a visibility that is none of 0, 1 and 2")
    return Keypoints(tuple(zip(numbers[0::3], numbers[1::3], map(int, seen), strict=True))) if any(seen) else None


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
