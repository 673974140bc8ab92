"""Geometries as JSON: one key for each kind, and its value."""

from collections.abc import Mapping
from typing import Any, Final

from dvcore.encoding import is_count
from dvcore.errors import CorruptError, InvalidInputError
from dvcore.model.extent import has_extent
from dvcore.model.geometry import (
    FARTHEST,
    KINDS,
    Box,
    Geometry,
    Keypoints,
    Mask,
    Point,
    Polyline,
    RotatedBox,
    bounds,
    normal_angle,
)
from dvcore.model.packing import pack_geometry, unpack_geometry
from dvcore.model.runlength import mask_of_counts, mask_of_runs

FORMS: Final[Mapping[str, str]] = {
    "box": "[left, top, width, height]",
    "rotated_box": "[cx, cy, width, height, angle]",
    "polygon": "[[[x, y, …], …], …]: parts, each with its outline and its holes",
    "mask": '{"size": [height, width], "counts": "…"}',
    "polyline": "[[x, y, …], …]",
    "point": "[x, y]",
    "keypoints": "[[x, y, visibility], …], and [0, 0, 0] for one that is not labelled",
}
"""The form of each kind's value; `docs/annotations.md` says what they mean."""

_SHOWN: Final = 20
"""Digits of a number that a message repeats."""

_DEPTHS: Final = {"box": 1, "rotated_box": 1, "point": 1, "polyline": 2, "polygon": 3}
"""How deep lists of numbers are nested."""


def format_geometry(geometry: Geometry) -> dict[str, Any]:
    """The key of its kind with the value."""
    kind, *values = pack_geometry(geometry)
    if isinstance(geometry, Mask):
        counts = geometry.counts.decode("ascii", "replace")
        return {kind: {"size": [geometry.height, geometry.width], "counts": counts}}
    return {kind: values[0] if isinstance(values[0], list) else values}


def describe_geometry(geometry: Geometry) -> str:
    """For people: the kind, and where it is."""
    kind = KINDS[type(geometry)].replace("_", " ")
    match geometry:
        case Mask(height, width):
            return f"{kind} {width}x{height}"
        case RotatedBox(cx, cy, width, height, angle):
            return f"{kind} around {cx:.6g},{cy:.6g} size {width:.6g}x{height:.6g} at {angle:.6g}°"
        case Point(x, y):
            return f"{kind} at {x:.6g},{y:.6g}"
        case _:
            left, top, right, bottom = bounds(geometry)
            return f"{kind} at {left:.6g},{top:.6g} size {right - left:.6g}x{bottom - top:.6g}"


def read_geometry(raw: Mapping[str, Any]) -> tuple[Geometry, Box | None]:
    """The geometry among the keys of an instance, and the box that is given beside another one.

    Raises InvalidInputError where there is none, more than that, or one that is nothing.
    """
    box = _read("box", raw["box"]) if "box" in raw else None
    others = [kind for kind in FORMS if kind in raw and kind != "box"]
    if len(others) > 1:
        raise InvalidInputError(f"it has several geometries: {' and '.join(others)}")
    if others:
        assert box is None or isinstance(box, Box)
        return _read(others[0], raw[others[0]]), box
    if box is None:
        raise InvalidInputError(f"it has no geometry, which is one of {', '.join(FORMS)}")
    return box, None


def _read(kind: str, raw: Any) -> Geometry:
    try:
        geometry = _read_mask(raw) if kind == "mask" else unpack_geometry(_packed(kind, raw))
    except (CorruptError, TypeError):
        raise InvalidInputError(f"its {kind} is not {FORMS[kind]}") from None
    if not has_extent(geometry):
        raise InvalidInputError(f"it has no {_extent(geometry)}")
    return geometry


def _extent(geometry: Geometry) -> str:
    match geometry:
        case Polyline():
            return "length"
        case Keypoints():
            return "labelled keypoint"
        case _:
            return "area"


def _packed(kind: str, raw: Any) -> list[Any]:
    """The array that `unpack_geometry` takes and checks. Raises TypeError for what is no list of numbers."""
    if kind == "keypoints":
        return [kind, [[*_numbers(point[:2], 1), *point[2:]] for point in map(_listed, _listed(raw))]]
    numbers = _numbers(raw, _DEPTHS[kind])
    if kind == "rotated_box":
        numbers[4:] = map(normal_angle, numbers[4:])
    return [kind, *numbers] if _DEPTHS[kind] == 1 else [kind, numbers]


def _numbers(raw: Any, depth: int) -> list[Any]:
    """The same lists with floats. Raises TypeError, InvalidInputError for a number that is no coordinate."""
    return [_number(item) if depth == 1 else _numbers(item, depth - 1) for item in _listed(raw)]


def _listed(raw: Any) -> list[Any]:
    if not isinstance(raw, list):
        raise TypeError
    return raw


def _number(raw: Any) -> float:
    if type(raw) not in {int, float}:
        raise TypeError
    if not abs(raw) <= FARTHEST:
        raise InvalidInputError(f"its coordinate {str(raw)[:_SHOWN]} is beyond {FARTHEST:g}")
    return float(raw)


def _read_mask(raw: Any) -> Mask:
    """COCO has two forms: compressed counts as a text, and the lengths of the runs as a list."""
    match raw:
        case {"size": [height, width], "counts": str(counts)} if _is_size(height, width) and counts.isascii():
            return mask_of_counts(height, width, counts.encode())
        case {"size": [height, width], "counts": [*runs]} if _is_size(height, width) and all(map(is_count, runs)):
            return mask_of_runs(height, width, runs)
        case _:
            raise TypeError


def _is_size(height: object, width: object) -> bool:
    return is_count(height) and is_count(width) and height > 0 and width > 0
