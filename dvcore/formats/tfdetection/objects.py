"""The objects of one example: lists side by side, one value for each object."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.stated.annotations import StatedInstance
from dvcore.formats.stated.findings import label_name
from dvcore.formats.stated.mask_images import drawn_pixels
from dvcore.formats.tfdetection.labels import Labels
from dvcore.model.annotations import Entered
from dvcore.model.geometry import Box, Geometry
from dvcore.model.values import Value, check_value
from dvcore.tfrecord.example import BytesList, Feature, FloatList, Int64List

Features = Mapping[str, Feature]

_OBJECT: Final = "image/object/"
_SIDES: Final = ("xmin", "ymin", "xmax", "ymax")
_ATTRIBUTES: Final[Mapping[str, tuple[str, Callable[[Any], Value]]]] = {
    "difficult": ("difficult", bool),
    "truncated": ("truncated", bool),
    "occluded": ("occluded", bool),
    "depiction": ("depiction", bool),
    "is_crowd": ("crowd", bool),
    "group_of": ("crowd", bool),
    "view": ("pose", bytes.decode),
    "weight": ("weight", float),
    "score": ("score", float),
}
_ID: Final = "class/label"
_NAME: Final = "class/text"
_MASK: Final = "mask"
_USED: Final = frozenset(
    {f"{_OBJECT}{name}" for name in (*_ATTRIBUTES, _ID, _NAME, _MASK, *(f"bbox/{side}" for side in _SIDES))}
    | {f"{_OBJECT}area"}  # follows from the geometry
    | {f"image/{name}" for name in ("encoded", "format", "filename", "source_id", "height", "width", "key/sha256")}
)


@dataclass(frozen=True, slots=True)
class Objects:
    """What an example says of its image: instances, those that cannot be used, and whether it speaks of objects."""

    instances: tuple[StatedInstance, ...] = ()
    left_out: tuple[Fault, ...] = ()
    is_annotated: bool = False


def read_objects(features: Features, where: str, labels: Labels, lost: Counter[str]) -> Objects:
    """The objects of an example, in fractions of the image's sides. What is not kept is counted in `lost`, by key.

    Raises InvalidInputError, worded as a fault of the record, where the lists do not go together.
    """
    lost.update(key for key in features if key not in _USED)
    sides = [_list(features, f"bbox/{side}") for side in _SIDES]
    count = _common_length(sides)
    columns = _columns(features, count, lost)
    stated: list[StatedInstance] = []
    left_out: list[Fault] = []
    for index, corners in enumerate(zip(*sides, strict=True)):
        named = f"{where}: object {index}"
        try:
            stated.append(StatedInstance(named, _entered(corners, dict(_row(columns, index)), labels)))
        except InvalidInputError as error:
            left_out.append(Fault(named, error.message))
    is_annotated = any(f"{_OBJECT}bbox/{side}" in features for side in _SIDES)
    return Objects(tuple(stated), tuple(left_out), is_annotated)


def _entered(corners: Sequence[Any], row: Mapping[str, Any], labels: Labels) -> Entered:
    left, top, right, bottom = map(_number, corners)
    box = Box(left, top, right - left, bottom - top)
    label = labels.label_of(row.get(_ID), _class_name(row.get(_NAME, b"")))
    attributes = {name: _value(kind, row[key]) for key, (name, kind) in _ATTRIBUTES.items() if key in row}
    if _MASK not in row:
        return Entered(label, box, attributes=attributes)
    return Entered(label, _mask(row[_MASK]), box, attributes=attributes)


def _mask(data: Any) -> Geometry:
    from dvcore.model.bitmaps import mask_of_bitmap  # noqa: PLC0415 - numpy; only masks need it

    if not isinstance(data, bytes):
        raise InvalidInputError("has a mask that is no PNG image")
    try:
        return mask_of_bitmap(drawn_pixels(data))
    except InvalidInputError as error:
        raise InvalidInputError(f"has a mask that {error.message}") from None


def _class_name(raw: Any) -> str | None:
    """The name of a class, None where it is empty."""
    try:
        text = raw.decode() if isinstance(raw, bytes) else ""
    except UnicodeDecodeError:
        raise InvalidInputError("has a class whose name is no UTF-8") from None
    return label_name(text) if text else None


def _value(kind: Callable[[Any], Value], raw: Any) -> Value:
    try:
        return check_value(kind(raw))
    except (TypeError, ValueError):  # also text that is no UTF-8
        raise InvalidInputError("has an attribute of another type") from None


def _number(raw: Any) -> float:
    if not isinstance(raw, int | float):
        raise InvalidInputError("has a box that is not made of numbers")
    return float(raw)


def _common_length(sides: Sequence[Sequence[Any]]) -> int:
    lengths = [len(side) for side in sides]
    if len(set(lengths)) > 1:
        said = ", ".join(f"{length} {name}" for length, name in zip(lengths, _SIDES, strict=True))
        raise InvalidInputError(f"has {said}: its boxes are not whole")
    return lengths[0]


def _columns(features: Features, count: int, lost: Counter[str]) -> dict[str, Sequence[Any]]:
    """The lists that say something of each object. Raises InvalidInputError where classes are not one for each."""
    columns: dict[str, Sequence[Any]] = {}
    for key in (_ID, _NAME, _MASK, *_ATTRIBUTES):
        values = _list(features, key)
        if len(values) == count:
            columns[key] = values
        elif values and key in (_ID, _NAME):
            raise InvalidInputError(f"has {len(values)} {_OBJECT}{key} for {count} boxes")
        elif values:
            lost[f"{_OBJECT}{key}"] += 1
    return columns


def _row(columns: Mapping[str, Sequence[Any]], index: int) -> Iterator[tuple[str, Any]]:
    return ((key, values[index]) for key, values in columns.items())


def _list(features: Features, key: str) -> Sequence[Any]:
    match features.get(_OBJECT + key):
        case BytesList(values) | FloatList(values) | Int64List(values):
            return values
        case _:
            return ()
