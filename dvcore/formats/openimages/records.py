"""Rows of Open Images' tables: heads, and what an instance says in each."""

from collections.abc import Iterable, Mapping
from typing import Final

from dvcore.formats.export.losses import Losses
from dvcore.model.declarations import LabelDeclaration
from dvcore.model.files import ImageFacts
from dvcore.model.geometry import Box
from dvcore.model.values import Value

_FLAGS: Final = ("occluded", "truncated", "crowd", "depiction", "inside")
_OF_MASKS: Final = ("predicted_iou",)

IMAGE_HEAD: Final = ("ImageID", "Subset")
CLASS_HEAD: Final = ("LabelName", "DisplayName")
IMAGE_LABEL_HEAD: Final = ("ImageID", "Source", "LabelName", "Confidence")
BOX_HEAD: Final = (
    *("ImageID", "Source", "LabelName", "Confidence", "XMin", "XMax", "YMin", "YMax"),
    *("IsOccluded", "IsTruncated", "IsGroupOf", "IsDepiction", "IsInside"),
)
MASK_HEAD: Final = (
    *("MaskPath", "ImageID", "LabelName", "BoxID", "BoxXMin", "BoxXMax", "BoxYMin", "BoxYMax"),
    *("PredictedIoU", "Clicks"),
)


def class_ids(labels: Iterable[LabelDeclaration]) -> dict[str, str]:
    """The ids of labels: their own where these are texts that no other has, else their names."""
    ids: dict[str, str] = {}
    taken: set[str] = set()
    for label in labels:
        own = label.source if isinstance(label.source, str) and label.source.strip() else label.name
        candidates = (own, label.name, *(f"{label.name} {number}" for number in range(2, len(taken) + 3)))
        ids[label.name] = next(one for one in candidates if one not in taken)
        taken.add(ids[label.name])
    return ids


def box_cells(box: Box, facts: ImageFacts) -> list[str]:
    """Left, right, top and bottom in fractions of the image."""
    left, right = box.x / facts.width, (box.x + box.width) / facts.width
    top, bottom = box.y / facts.height, (box.y + box.height) / facts.height
    return [repr(float(value)) for value in (left, right, top, bottom)]


def box_row(
    image: str, class_id: str, box: list[str], attributes: Mapping[str, Value], losses: Losses, *, has_mask: bool
) -> list[str]:
    """The row of a box, of whatever kind the instance is. What `mask_row` says is not lost where there is one."""
    left = dict(attributes)
    source = left.pop("source") if left.get("source") and isinstance(left["source"], str) else ""
    score = left.pop("score") if isinstance(left.get("score"), float) and left["score"] != 1 else 1
    flags = [str(int(left.pop(name))) if isinstance(left.get(name), bool) else "-1" for name in _FLAGS]
    losses.lose_attributes(left, _OF_MASKS if has_mask else ())
    return [image, str(source), class_id, str(score), *box, *flags]


def mask_row(image: str, class_id: str, file: str, box: list[str], attributes: Mapping[str, Value]) -> list[str]:
    """The row of a mask image, which is of the box with the same corners."""
    iou = attributes.get("predicted_iou")
    return [file, image, class_id, file.rpartition(".")[0], *box, "" if iou is None else str(iou), ""]
