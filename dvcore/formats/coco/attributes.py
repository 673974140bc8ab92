"""What a COCO annotation says beside its geometry: `iscrowd`, `score` and whatever else a tool has put there."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from dvcore.formats.stated.attributes import keep_attribute
from dvcore.formats.texts.json_files import format_value
from dvcore.model.values import Value

_NOT_ATTRIBUTES: Final = frozenset(
    {"id", "image_id", "category_id", "bbox", "segmentation", "iscrowd", "attributes"}
    | {"keypoints", "num_keypoints"}
    | {"area"}  # follows from the geometry; kept, it would be wrong after the first edit
)

_YES: Final = frozenset({"1", "1.0", "true"})
_NO: Final = frozenset({"0", "0.0", "false"})
"""As `str` gives them, in lower case."""


def read_attributes(annotation: Mapping[str, Any], lost: Counter[str]) -> dict[str, Value]:
    """`crowd` where `iscrowd` says yes, then plain values under their own names, then those in an `attributes` object.
    What is no plain value, or has a name that is taken or cannot be one, is counted in `lost` under its name."""
    values: dict[str, Value] = {"crowd": True} if _is_crowd(annotation.get("iscrowd"), lost) else {}
    if not annotation.keys() <= _NOT_ATTRIBUTES:
        for key in annotation:
            if key not in _NOT_ATTRIBUTES:
                keep_attribute(values, key, annotation[key], lost)
    nested = annotation.get("attributes")
    if isinstance(nested, dict):
        for key, value in nested.items():
            keep_attribute(values, key, value, lost)
    elif nested is not None:
        lost[format_value("attributes")] += 1
    return values


def _is_crowd(raw: object, lost: Counter[str]) -> bool:
    """Tools write 0 and 1, false and true, and both as texts."""
    if raw is None or raw == 0:
        return False
    said = str(raw).lower() if isinstance(raw, int | float | str) else ""
    if said not in _YES | _NO:
        lost[format_value("iscrowd")] += 1
    return said in _YES
