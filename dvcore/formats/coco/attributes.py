"""What a COCO annotation says beside its geometry: `iscrowd`, `score` and whatever else a tool has put there."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from dvcore.errors import InvalidInputError
from dvcore.formats.coco.document import format_value, is_unicode
from dvcore.model.annotation_names import check_attribute_name
from dvcore.model.values import Value, check_value

_NOT_ATTRIBUTES: Final = frozenset(
    {"id", "image_id", "category_id", "bbox", "segmentation", "iscrowd", "attributes"}
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
                _keep(values, key, annotation[key], lost)
    nested = annotation.get("attributes")
    if isinstance(nested, dict):
        for key, value in nested.items():
            _keep(values, key, value, lost)
    elif nested is not None:
        lost["attributes"] += 1
    return values


def _is_crowd(raw: object, lost: Counter[str]) -> bool:
    """Tools write 0 and 1, false and true, and both as texts."""
    if raw is None:
        return False
    said = str(raw).lower() if isinstance(raw, int | float | str) else ""
    if said not in _YES | _NO:
        lost[format_value("iscrowd")] += 1
    return said in _YES


def _keep(values: dict[str, Value], key: str, raw: object, lost: Counter[str]) -> None:
    if raw is None:
        return
    value, name = _value(raw), _name(key)
    if value is None or name is None or name in values:
        lost[format_value(key)] += 1
    else:
        values[name] = value


def _name(key: str) -> str | None:
    """The attribute's name, or None where it cannot be one."""
    try:
        return check_attribute_name(key)
    except InvalidInputError:
        return None


def _value(raw: object) -> Value | None:
    """The value as it is stored, or None where it cannot be."""
    if not isinstance(raw, bool | int | float | str) or (isinstance(raw, str) and not is_unicode(raw)):
        return None
    try:
        return check_value(raw)
    except InvalidInputError:
        return None
