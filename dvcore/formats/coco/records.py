"""Annotations and categories as COCO's json has them."""

from dataclasses import dataclass
from typing import Any, Final

from dvcore.formats.export.labels import NumberedLabels
from dvcore.formats.export.losses import Losses, find_own_box
from dvcore.model.annotations import Instance
from dvcore.model.conversions import corners_of, mask_of
from dvcore.model.declarations import LabelDeclaration
from dvcore.model.files import ImageFacts
from dvcore.model.geometry import Box, Keypoints, Mask, Polygon, RotatedBox, area, bounds

_CROWD: Final = "crowd"
_SCORE: Final = "score"
_OTHER_POINTS: Final = "keypoints of another number than their label's"


def category_record(number: int, label: LabelDeclaration) -> dict[str, Any]:
    """An entry of `categories`. COCO counts the points of a skeleton from 1."""
    record: dict[str, Any] = {"id": number, "name": label.name}
    if label.supercategory is not None:
        record["supercategory"] = label.supercategory
    if label.color is not None:
        record["color"] = label.color
    if label.keypoints:
        record["keypoints"] = list(label.keypoints)
        record["skeleton"] = [[a + 1, b + 1] for a, b in label.skeleton]
    return record


@dataclass(frozen=True, slots=True)
class AnnotationRecords:
    """Makes entries of `annotations`; what COCO cannot hold is counted."""

    labels: NumberedLabels
    losses: Losses

    def find_record(self, instance: Instance, facts: ImageFacts) -> dict[str, Any] | None:
        """The entry, without its ids; None for an instance that is left out."""
        shape = self._find_shape(instance, facts)
        if shape is None:
            return None
        attributes = dict(instance.attributes)
        is_crowd = attributes.get(_CROWD) is True
        if is_crowd:
            del attributes[_CROWD]
        record = {"category_id": self.labels.number(instance.label), **shape, "iscrowd": int(is_crowd)}
        if isinstance(attributes.get(_SCORE), float):
            record[_SCORE] = attributes.pop(_SCORE)
        if attributes:
            record["attributes"] = attributes
        return record

    def _find_shape(self, instance: Instance, facts: ImageFacts) -> dict[str, Any] | None:
        geometry = instance.geometry
        match geometry:
            case Box():
                return {"bbox": _numbers(geometry), "segmentation": [], "area": area(geometry)}
            case Polygon() | Mask() | RotatedBox():
                segmentation = self._segmentation(instance, geometry, facts)
                return {"bbox": _bbox(instance, facts), "segmentation": segmentation, "area": area(geometry)}
            case Keypoints(points):
                return self._keypoints(instance, points, facts)
            case _:
                self.losses.drop(instance)
                return None

    def _segmentation(self, instance: Instance, region: Polygon | Mask | RotatedBox, facts: ImageFacts) -> Any:
        match region:
            case Mask():
                return _mask(region)
            case RotatedBox():
                self.losses.convert(instance, "polygon")
                return [list(corners_of(region))]
            case Polygon(parts) if all(len(part) == 1 for part in parts):
                return [list(part[0]) for part in parts]
            case Polygon():
                self.losses.converted["polygon with holes as mask"] += 1
                return _mask(mask_of(region, facts.height, facts.width))

    def _keypoints(
        self, instance: Instance, points: tuple[tuple[float, float, int], ...], facts: ImageFacts
    ) -> dict[str, Any] | None:
        names = self.labels.labels[instance.label].keypoints
        if names and len(names) != len(points):
            self.losses.drop(instance, _OTHER_POINTS)
            return None
        bbox = _bbox(instance, facts)
        return {
            "keypoints": [value for point in points for value in point],
            "num_keypoints": sum(visibility > 0 for _, _, visibility in points),
            "bbox": bbox,
            "segmentation": [],
            "area": bbox[2] * bbox[3],
        }


def _bbox(instance: Instance, facts: ImageFacts) -> list[float]:
    """Its own box, or the one around it, also where that has no area: every annotation has one."""
    box = find_own_box(instance, facts)
    if box is not None:
        return _numbers(box)
    left, top, right, bottom = bounds(instance.geometry)
    return [left, top, right - left, bottom - top]


def _numbers(box: Box) -> list[float]:
    return [box.x, box.y, box.width, box.height]


def _mask(mask: Mask) -> dict[str, Any]:
    return {"size": [mask.height, mask.width], "counts": mask.counts.decode("ascii", "replace")}
