"""Geometry of CVAT's shapes. Coordinates are as dset has them: pixels, from the outer edge of the first."""

from collections.abc import Callable, Mapping
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.formats.stated.ellipses import ellipse_polygon
from dvcore.formats.stated.mask_images import pixels_of_rows, window_mask
from dvcore.formats.texts.plain_text import parse_number, parse_whole, shown
from dvcore.formats.texts.xml_files import Element
from dvcore.model.geometry import Box, Geometry, Keypoint, Keypoints, Mask, Point, Polygon, Polyline, RotatedBox

Size = tuple[int, int]
"""Width and height of an image."""

_VISIBLE: Final = 2
_HIDDEN: Final = 1
_UNLABELLED: Final[Keypoint] = (0.0, 0.0, 0)


def read_shape(element: Element, size: Size | None, keypoints: tuple[str, ...]) -> Geometry:
    """The geometry of a shape in an image of this size, if that is known; `keypoints` are those of its label.

    Raises InvalidInputError where it is none, or of a kind that is not known.
    """
    match element.name:
        case "skeleton":
            return _skeleton(element, keypoints)
        case "mask":
            return _mask(element, size)
        case name if name in _READERS:
            return _READERS[name](element)
        case name:
            raise InvalidInputError(f"is a {shown(name)[1:-1]}, which there is no geometry for")


def _box(element: Element) -> Geometry:
    left, top, right, bottom = _numbers(element, "xtl", "ytl", "xbr", "ybr")
    width, height, angle = right - left, bottom - top, _number(element, "rotation", "0")
    if angle == 0:
        return Box(left, top, width, height)
    return RotatedBox(left + width / 2, top + height / 2, width, height, angle)


def _ellipse(element: Element) -> Geometry:
    cx, cy, rx, ry = _numbers(element, "cx", "cy", "rx", "ry")
    return ellipse_polygon(cx, cy, rx, ry, _number(element, "rotation", "0"))


def _polygon(element: Element) -> Geometry:
    return Polygon(((_points(element),),))


def _polyline(element: Element) -> Geometry:
    return Polyline((_points(element),))


def _point_or_points(element: Element) -> Geometry:
    """One point is one; several are keypoints, of which CVAT says that they are seen."""
    flat = _points(element)
    pairs = list(zip(flat[0::2], flat[1::2], strict=True))
    return Point(*pairs[0]) if len(pairs) == 1 else Keypoints(tuple((x, y, _VISIBLE) for x, y in pairs))


_READERS: Final[Mapping[str, Callable[[Element], Geometry]]] = {
    "box": _box,
    "ellipse": _ellipse,
    "polygon": _polygon,
    "polyline": _polyline,
    "points": _point_or_points,
}


def _mask(element: Element, size: Size | None) -> Mask:
    if size is None:
        raise InvalidInputError("has a mask, and the size of its image is not given")
    left, top, width, height = (parse_whole(_text(element, name)) for name in ("left", "top", "width", "height"))
    runs = [parse_whole(part) for part in _text(element, "rle").split(",")]
    return window_mask(pixels_of_rows(runs, width, height), left, top, size)


def _skeleton(element: Element, names: tuple[str, ...]) -> Keypoints:
    """The points in the order of their label's; without such, in their own."""
    points = {one.attributes.get("label", ""): _keypoint(one) for one in element.named("points")}
    unknown = [name for name in points if names and name not in names]
    if unknown:
        raise InvalidInputError(f"has the keypoint {shown(unknown[0])}, which its label has not")
    return Keypoints(tuple(points.get(name, _UNLABELLED) for name in names or points))


def _keypoint(element: Element) -> Keypoint:
    if element.attributes.get("outside") == "1":
        return _UNLABELLED
    flat = _points(element)
    if len(flat) != 2:
        raise InvalidInputError("has a keypoint that is not one point")
    return flat[0], flat[1], _HIDDEN if element.attributes.get("occluded") == "1" else _VISIBLE


def _points(element: Element) -> tuple[float, ...]:
    """`x,y;x,y` as x and y in turn."""
    numbers: list[float] = []
    for pair in _text(element, "points").split(";"):
        point = [parse_number(part) for part in pair.split(",")]
        if len(point) != 2:
            raise InvalidInputError(f"has {shown(pair)} where a point should be")
        numbers += point
    return tuple(numbers)


def _numbers(element: Element, *names: str) -> tuple[float, ...]:
    return tuple(_number(element, name) for name in names)


def _number(element: Element, name: str, otherwise: str | None = None) -> float:
    return parse_number(_text(element, name, otherwise))


def _text(element: Element, name: str, otherwise: str | None = None) -> str:
    text = element.attributes.get(name, otherwise)
    if text is None:
        raise InvalidInputError(f"has no {name}")
    return text
