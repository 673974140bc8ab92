"""Instances as the results of a Label Studio annotation: coordinates are percents of the image's width and height."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from dvcore.formats.export.losses import Losses
from dvcore.formats.export.plain_shapes import single_lines
from dvcore.formats.labelstudio.brush_code import brush_code
from dvcore.model.annotations import Instance
from dvcore.model.conversions import corners_of, mask_of
from dvcore.model.extent import points_of
from dvcore.model.files import ImageFacts
from dvcore.model.geometry import Box, Keypoints, Line, Mask, Point, Polygon, Polyline, Ring, RotatedBox
from dvcore.model.values import Value, format_value

Drawn = tuple[str, dict[str, Any]]
"""The kind of a region, and where it is."""

_POINT_WIDTH: Final = 0.5
"""Percents of the image's width, at which the program draws a point."""
_IMAGE: Final = "image"


@dataclass(frozen=True, slots=True)
class ResultRecords:
    """Makes the results of instances."""

    losses: Losses

    def iter_records(self, instance: Instance, region: str, facts: ImageFacts) -> Iterator[dict[str, Any]]:
        """The result that draws an instance, and one for each attribute. `region` is an id that no other instance of
        the image has; a line of several parts has more regions."""
        if not isinstance(instance.geometry, Keypoints):  # of which the box is drawn
            self.losses.lose_box(instance)
        attributes = dict(instance.attributes)
        score = attributes.pop("score") if isinstance(attributes.get("score"), int | float) else None
        for number, (kind, place) in enumerate(self._iter_drawn(instance, facts)):
            common: dict[str, Any] = {
                "id": f"{region}_{number + 1}" if number else region,
                "to_name": _IMAGE,
                "original_width": facts.width,
                "original_height": facts.height,
                "image_rotation": 0,
            }
            drawn = {**common, "type": f"{kind}labels", "from_name": kind}
            more = {} if score is None else {"score": score}
            yield {**drawn, "value": {**place, f"{kind}labels": [instance.label]}, **more}
            yield from self._iter_said(common, attributes)

    def _iter_said(self, common: Mapping[str, Any], attributes: Mapping[str, Value]) -> Iterator[dict[str, Any]]:
        """Each attribute as what a control of its name says of the region."""
        for name, value in attributes.items():
            if isinstance(value, bool):
                self.losses.converted[f"attribute {name} as a choice"] += 1
                said: dict[str, Any] = {"type": "choices", "value": {"choices": [format_value(value)]}}
            elif isinstance(value, str):
                said = {"type": "textarea", "value": {"text": [value]}}
            else:
                said = {"type": "number", "value": {"number": value}}
            yield {**common, "from_name": name, **said}

    def _iter_drawn(self, instance: Instance, facts: ImageFacts) -> Iterator[Drawn]:
        geometry = instance.geometry
        match geometry:
            case Box() | RotatedBox():
                yield "rectangle", _rectangle(geometry, facts)
            case Polygon(((ring,),)):
                yield "polygon", {"points": _points(ring, facts), "closed": True}
            case Polygon() | Mask():
                yield from self._iter_brush(instance, geometry, facts)
            case Polyline():
                for line in single_lines(geometry, self.losses):
                    yield "polygon", {"points": _points(line, facts), "closed": False}
            case Point(x, y):
                yield "keypoint", {"x": 100 * x / facts.width, "y": 100 * y / facts.height, "width": _POINT_WIDTH}
            case Keypoints():
                box = self.losses.box(instance, facts)
                if box is not None:
                    yield "rectangle", _rectangle(box, facts)

    def _iter_brush(self, instance: Instance, region: Polygon | Mask, facts: ImageFacts) -> Iterator[Drawn]:
        from dvcore.formats.export.mask_windows import row_runs  # noqa: PLC0415 - numpy, which only masks need

        runs = row_runs(mask_of(region, facts.height, facts.width))
        if len(runs) < 2:
            self.losses.drop(instance, "no pixel")
            return
        if isinstance(region, Polygon):
            self.losses.converted["polygon of several rings as mask"] += 1
        yield "brush", {"format": "rle", "rle": brush_code(runs)}


def _rectangle(box: Box | RotatedBox, facts: ImageFacts) -> dict[str, float]:
    """A turned one is turned around its first corner."""
    x, y = (box.x, box.y) if isinstance(box, Box) else corners_of(box)[:2]
    return {
        "x": 100 * x / facts.width,
        "y": 100 * y / facts.height,
        "width": 100 * box.width / facts.width,
        "height": 100 * box.height / facts.height,
        "rotation": box.angle if isinstance(box, RotatedBox) else 0,
    }


def _points(coordinates: Ring | Line, facts: ImageFacts) -> list[list[float]]:
    return [[100 * x / facts.width, 100 * y / facts.height] for x, y in points_of(coordinates)]
