"""The regions of a Label Studio annotation: their results, put together by region, and their geometry.

Coordinates are percents of the image's width and height. A turned rectangle is turned around its first corner.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from dvcore.errors import InvalidInputError
from dvcore.formats.labelstudio.brush import brush_pixels
from dvcore.formats.stated.ellipses import ellipse_polygon
from dvcore.formats.texts.json_files import find_size, format_value, take_list, take_numbers
from dvcore.model.geometry import Box, Geometry, Point, Polygon, Polyline, RotatedBox, direction

Size = tuple[int, int]
"""Width and height of an image."""

_LABELS: Final = "labels"
_PLACES: Final = 9
"""Decimals of a pixel: what was whole before it was made a percentage is whole again."""
_GEOMETRIES: Final = frozenset({"rectangle", "polygon", "keypoint", "brush", "ellipse"})


@dataclass(slots=True)
class Region:
    """What all results of one region say together: `kind` is that of its geometry, None where it has none."""

    id: str | None
    kind: str | None = None
    value: dict[str, Any] = field(default_factory=dict)
    labels: list[Any] = field(default_factory=list)
    size: Size | None = None
    turn: Any = 0
    results: list[Mapping[str, Any]] = field(default_factory=list)


def add_result(region: Region, result: Mapping[str, Any]) -> None:
    """Add a result to its region.

    Raises InvalidInputError where it has no value, or a size that is none.
    """
    value, kind = result.get("value"), result.get("type")
    if not isinstance(value, dict) or not isinstance(kind, str):
        raise InvalidInputError("has no value, or no type")
    labels = take_list(value, kind) if kind.endswith(_LABELS) and kind in value else ()
    region.size = find_size(result, "original_width", "original_height") or region.size
    region.results.append(result)
    region.labels.extend(labels)
    region.turn = result.get("image_rotation") or region.turn
    base = kind.removesuffix(_LABELS)
    if base in _GEOMETRIES:
        region.kind = base
        region.value.update(value)
    elif kind.endswith(_LABELS) and base:
        region.kind = region.kind or kind


def is_outline(kind: str) -> bool:
    """Whether a result of this type draws a region, or labels one."""
    return kind.endswith(_LABELS) or kind in _GEOMETRIES


def region_geometry(region: Region) -> Geometry:
    """The geometry in pixels; in fractions of the image's width and height where its size is not given.

    Raises InvalidInputError where it is none, or of a kind that is not known.
    """
    if region.turn:
        raise InvalidInputError(f"is drawn on the image turned by {format_value(region.turn)} degrees")
    match region.kind:
        case "rectangle":
            return _rectangle(region)
        case "polygon":
            return _polygon(region)
        case "keypoint":
            return Point(*_scaled(region, "x", "y"))
        case "ellipse":
            return _ellipse(region)
        case "brush":
            return _brush(region)
        case kind:
            raise InvalidInputError(f"is a {format_value(kind)}, which there is no geometry for")


def _rectangle(region: Region) -> Geometry:
    (x, y), (width, height) = _scaled(region, "x", "y"), _scaled(region, "width", "height")
    angle = _rotation(region)
    if angle == 0:
        return Box(x, y, width, height)
    cosine, sine = direction(angle)
    across, down = width / 2, height / 2
    cx, cy = x + across * cosine - down * sine, y + across * sine + down * cosine
    return RotatedBox(round(cx, _PLACES), round(cy, _PLACES), width, height, angle)


def _ellipse(region: Region) -> Geometry:
    (cx, cy), (rx, ry) = _scaled(region, "x", "y"), _scaled(region, "radiusX", "radiusY")
    return ellipse_polygon(cx, cy, rx, ry, _rotation(region))


def _polygon(region: Region) -> Geometry:
    flat: list[float] = []
    for point in take_list(region.value, "points"):
        numbers = take_numbers(point, "a point")
        if len(numbers) != 2:
            raise InvalidInputError(f"has a point of {len(numbers)} numbers")
        flat += _pixels(region, numbers)
    is_open = region.value.get("closed") is False
    return Polyline((tuple(flat),)) if is_open else Polygon(((tuple(flat),),))


def _brush(region: Region) -> Geometry:
    from dvcore.model.bitmaps import mask_of_bitmap  # noqa: PLC0415 - numpy; brush strokes are rare

    if region.size is None:
        raise InvalidInputError("is a brush stroke, and the size of its image is not given")
    return mask_of_bitmap(brush_pixels(region.value.get("rle"), region.size))


def _rotation(region: Region) -> float:
    (angle,) = take_numbers([region.value.get("rotation") or 0], "a rotation")
    if angle % 360 and region.size is None:
        raise InvalidInputError("is turned, and the size of its image is not given")
    return angle % 360


def _scaled(region: Region, *names: str) -> tuple[float, float]:
    return _pixels(region, take_numbers([region.value.get(name) for name in names], f"a {region.kind}"))


def _pixels(region: Region, percents: Sequence[float]) -> tuple[float, float]:
    if region.size is None:
        return percents[0] / 100, percents[1] / 100
    width, height = region.size
    return round(percents[0] * width / 100, _PLACES), round(percents[1] * height / 100, _PLACES)
