"""Instances as the shapes of LabelMe's json."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dvcore.formats.export.losses import Losses
from dvcore.formats.export.plain_shapes import find_mask_window, seen_points, single_lines
from dvcore.model.annotations import Instance
from dvcore.model.conversions import corners_of
from dvcore.model.extent import points_of
from dvcore.model.files import ImageFacts
from dvcore.model.geometry import Box, Geometry, Keypoints, Mask, Point, Polygon, Polyline, RotatedBox
from dvcore.model.values import Value

Drawn = tuple[str, list[list[float]], str | None]
"""The kind of a shape, its points, and the pixels of a mask."""


@dataclass(frozen=True, slots=True)
class ShapeRecords:
    """Makes the shapes of instances."""

    losses: Losses

    def iter_records(self, instance: Instance, facts: ImageFacts) -> Iterator[dict[str, Any]]:
        """The shape of an instance; a line of several parts has one for each."""
        self.losses.lose_box(instance)
        attributes = dict(instance.attributes)
        common: dict[str, Any] = {
            "group_id": attributes.pop("group") if type(attributes.get("group")) is int else None,
            "description": _take_text(attributes, "description", self.losses),
            "flags": {name: value for name, value in attributes.items() if isinstance(value, bool)},
        }
        more: dict[str, Value] = {name: value for name, value in attributes.items() if not isinstance(value, bool)}
        if more:
            common["attributes"] = more
        for kind, points, mask in self._iter_drawn(instance, facts):
            yield {"label": instance.label, "points": points, "shape_type": kind, **common, "mask": mask}

    def _iter_drawn(self, instance: Instance, facts: ImageFacts) -> Iterator[Drawn]:
        geometry = instance.geometry
        match geometry:
            case Box(x, y, width, height):
                yield "rectangle", [[x, y], [x + width, y + height]], None
            case RotatedBox():
                yield "oriented_rectangle", _pairs(corners_of(geometry)), None
            case Polygon(((ring,),)):
                yield "polygon", _pairs(ring), None
            case Polygon() | Mask():
                yield from self._iter_mask(instance, geometry, facts)
            case Polyline() | Point() | Keypoints():
                yield from self._iter_open(instance, geometry)

    def _iter_open(self, instance: Instance, geometry: Geometry) -> Iterator[Drawn]:
        match geometry:
            case Polyline():
                for line in single_lines(geometry, self.losses):
                    yield "line" if len(line) == 4 else "linestrip", _pairs(line), None
            case Point(x, y):
                yield "point", [[x, y]], None
            case Keypoints() if seen := seen_points(instance, geometry, self.losses):
                yield "points", [list(point) for point in seen], None

    def _iter_mask(self, instance: Instance, region: Polygon | Mask, facts: ImageFacts) -> Iterator[Drawn]:
        window = find_mask_window(instance, region, facts, self.losses)
        if window is not None:
            height, width = window.pixels.shape
            last = [float(window.left + width - 1), float(window.top + height - 1)]
            yield "mask", [[float(window.left), float(window.top)], last], window.png_text()


def _take_text(attributes: dict[str, Value], name: str, losses: Losses) -> str:
    """Take a text out; an empty one is none there."""
    text = attributes.get(name)
    if not isinstance(text, str):
        return ""
    del attributes[name]
    if not text:
        losses.lose(f"attribute {name}")
    return text


def _pairs(coordinates: tuple[float, ...]) -> list[list[float]]:
    return [[x, y] for x, y in points_of(coordinates)]
