"""Instances as elements of CVAT's xml."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final

from dvcore.formats.export.losses import Losses
from dvcore.formats.export.plain_shapes import find_mask_window, seen_points, single_lines
from dvcore.formats.texts.decimals import format_decimal
from dvcore.formats.texts.xml_text import escape_xml, is_xml
from dvcore.model.annotations import Instance
from dvcore.model.declarations import LabelDeclaration
from dvcore.model.extent import points_of
from dvcore.model.files import ImageFacts
from dvcore.model.geometry import Box, Geometry, Keypoints, Mask, Point, Polygon, Polyline, RotatedBox
from dvcore.model.values import Value, format_value

_DIGITS: Final = 9
_NUMBERS: Final = {"z_order": "z_order", "group": "group_id", "track_id": "track_id"}
"""Attributes that CVAT gives every shape, whole numbers, and what it calls them."""

Shape = tuple[str, str, str]
"""Name of the element, attributes that say where it is, and elements in it."""


@dataclass(frozen=True, slots=True)
class Elements:
    """Makes elements; `labels` are by name."""

    labels: Mapping[str, LabelDeclaration]
    losses: Losses

    def format(self, instance: Instance, facts: ImageFacts) -> str:
        """The element of an instance; a line of several parts has one for each."""
        self.losses.lose_box(instance)
        attributes = dict(instance.attributes)
        common = f'label="{escape_xml(instance.label)}" {_take_common(attributes)}'
        own = "".join(self._iter_attributes(attributes))
        return "".join(
            f"    <{name} {common} {place}>{inner}{own}</{name}>\n"
            for name, place, inner in self._shapes(instance, facts)
        )

    def _shapes(self, instance: Instance, facts: ImageFacts) -> list[Shape]:
        geometry = instance.geometry
        match geometry:
            case Box(x, y, width, height):
                return [("box", _corners(x, y, width, height), "")]
            case RotatedBox(cx, cy, width, height, angle):
                place = _corners(cx - width / 2, cy - height / 2, width, height)
                return [("box", f'{place} rotation="{_number(angle)}"', "")]
            case Polygon(((ring,),)):
                return [("polygon", _points(ring), "")]
            case Polygon() | Mask():
                return self._mask(instance, geometry, facts)
            case _:
                return self._open_shapes(instance, geometry)

    def _open_shapes(self, instance: Instance, geometry: Geometry) -> list[Shape]:
        match geometry:
            case Polyline():
                return [("polyline", _points(line), "") for line in single_lines(geometry, self.losses)]
            case Point(x, y):
                return [("points", _points((x, y)), "")]
            case Keypoints():
                return self._keypoints(instance, geometry)
            case _:
                self.losses.drop(instance)
                return []

    def _mask(self, instance: Instance, region: Polygon | Mask, facts: ImageFacts) -> list[Shape]:
        window = find_mask_window(instance, region, facts, self.losses)
        if window is None:
            return []
        height, width = window.pixels.shape
        size = f'left="{window.left}" top="{window.top}" width="{width}" height="{height}"'
        return [("mask", f'rle="{", ".join(map(str, window.runs))}" {size}', "")]

    def _keypoints(self, instance: Instance, keypoints: Keypoints) -> list[Shape]:
        """A skeleton where the label has names for its points; several points, all seen, where it has none."""
        points, declared = keypoints.points, self.labels.get(instance.label)
        names = declared.keypoints if declared else ()
        if len(names) == len(points):
            inner = "".join(_keypoint(name, *point) for name, point in zip(names, points, strict=True))
            return [("skeleton", "", inner)]
        seen = seen_points(instance, keypoints, self.losses)
        return [("points", _points(tuple(chain.from_iterable(seen))), "")] if seen else []

    def _iter_attributes(self, attributes: Mapping[str, Value]) -> Iterator[str]:
        for name, value in attributes.items():
            text = format_value(value)
            if text.strip() and is_xml(name) and is_xml(text):
                yield f'<attribute name="{escape_xml(name)}">{escape_xml(text)}</attribute>'
            else:
                self.losses.lose(f"attribute {name}")


def _take_common(attributes: dict[str, Value]) -> str:
    """What CVAT says of every shape, taken out of the attributes."""
    is_occluded = attributes.get("occluded") is True
    source = attributes.get("source")
    texts = [f'occluded="{is_occluded:d}"']
    if is_occluded:
        del attributes["occluded"]
    if isinstance(source, str) and source.strip() and is_xml(source):
        texts.append(f'source="{escape_xml(source)}"')
        del attributes["source"]
    for name, key in _NUMBERS.items():
        if type(attributes.get(name)) is int:
            texts.append(f'{key}="{attributes.pop(name)}"')
    return " ".join(texts)


def _keypoint(name: str, x: float, y: float, visibility: int) -> str:
    seen = f'outside="{not visibility:d}" occluded="{visibility == 1:d}"'
    return f'<points label="{escape_xml(name)}" {seen} {_points((x, y))}/>'


def _corners(x: float, y: float, width: float, height: float) -> str:
    sides = {"xtl": x, "ytl": y, "xbr": x + width, "ybr": y + height}
    return " ".join(f'{name}="{_number(value)}"' for name, value in sides.items())


def _points(coordinates: tuple[float, ...]) -> str:
    return f'points="{";".join(f"{_number(x)},{_number(y)}" for x, y in points_of(coordinates))}"'


def _number(value: float) -> str:
    return format_decimal(value, _DIGITS)
