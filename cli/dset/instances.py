"""Instances as JSON, the form that `dset show FILE --json` prints and `dset annotate --instances` reads.

Each is `{"id", "label", "box": [x, y, width, height]}`, or with `"polygon": [[[x, y, …], …], …]` (parts, each with
an outline and its holes) or `"mask": {"size": [height, width], "counts": "…"}` in the place of the box, and optionally
`"source"` and `"attributes"`.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unicodedata import normalize

from dset.textfiles import name_of, read_text
from dvcore.errors import CorruptError, DsetError, InvalidInputError
from dvcore.ids import InstanceId, parse_id
from dvcore.model.annotation_names import check_attribute_name, check_label_name
from dvcore.model.annotations import Entered, Instance
from dvcore.model.geometry import Box, Geometry, Mask, Polygon, area, bounds, unpack_geometry
from dvcore.model.runlength import mask_area, mask_of_counts
from dvcore.model.values import Value, check_value
from dvcore.repo.annotating import GivenInstance


def format_instance(instance: Instance) -> dict[str, Any]:
    """The JSON form of an instance."""
    result: dict[str, Any] = {"id": instance.id.hex(), "label": instance.label, **_format_geometry(instance.geometry)}
    if instance.box is not None:
        result["box"] = _format_box(instance.box)
    if instance.source is not None:
        result["source"] = instance.source
    if instance.attributes:
        result["attributes"] = dict(instance.attributes)
    return result


def read_instances(path: Path) -> list[GivenInstance]:
    """The instances of a JSON file, `-` being standard input: a list of them, or an object with one as `"instances"`.

    Raises StorageError, InvalidInputError.
    """
    try:
        raw = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{name_of(path)} is no JSON: {error}") from None
    listed = raw.get("instances") if isinstance(raw, dict) else raw
    if not isinstance(listed, list):
        raise InvalidInputError(
            f"{name_of(path)} holds no list of instances", hint="'dset show FILE --json' shows the form"
        )
    return [_read_instance(item, f"instance {number} of {name_of(path)}") for number, item in enumerate(listed, 1)]


def _read_instance(raw: object, where: str) -> GivenInstance:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("label"), str):
        raise InvalidInputError(f"{where} has no label")
    unknown = raw.keys() - {"id", "label", "box", "polygon", "mask", "source", "attributes"}
    if unknown:
        raise InvalidInputError(f"{where} has the unknown key {min(unknown)!r}")
    try:
        geometry, box = _read_geometry(raw)
        entered = Entered(check_label_name(raw["label"]), geometry, box, _read_source(raw), _read_attributes(raw))
        return GivenInstance(entered, InstanceId(parse_id(raw["id"])) if "id" in raw else None)
    except (DsetError, TypeError, ValueError, KeyError) as error:
        message = error.message if isinstance(error, DsetError) else str(error)
        raise InvalidInputError(f"{where}: {message}", hint="'dset show FILE --json' shows the form") from None


def _read_geometry(raw: Mapping[str, Any]) -> tuple[Geometry, Box | None]:
    box = _read_box(raw["box"]) if "box" in raw else None
    if "polygon" in raw:
        return _with_area(_read_polygon(raw["polygon"])), box
    if "mask" in raw:
        height, width = raw["mask"]["size"]
        return _with_area(mask_of_counts(int(height), int(width), raw["mask"]["counts"].encode("ascii"))), box
    if box is None:
        raise InvalidInputError("it has neither box nor polygon nor mask")
    return _with_area(box), None


def _read_box(raw: Any) -> Box:
    x, y, width, height = (float(check_value(float(number))) for number in raw)
    return Box(x, y, width, height)


def _read_polygon(raw: Any) -> Geometry:
    return _unpack(["polygon", [[[float(check_value(float(c))) for c in ring] for ring in part] for part in raw]])


def _unpack(raw: list[Any]) -> Geometry:
    try:
        return unpack_geometry(raw)
    except CorruptError as error:
        raise InvalidInputError(error.message) from None


def _with_area(geometry: Geometry) -> Geometry:
    if not (mask_area(geometry) if isinstance(geometry, Mask) else _area(geometry)) > 0:
        raise InvalidInputError("it has no area")
    return geometry


def _area(geometry: Box | Polygon) -> float:
    """Nought also for a box whose width and height are both negative."""
    left, top, right, bottom = bounds(geometry)
    return area(geometry) if left < right and top < bottom else 0.0


def _read_source(raw: Mapping[str, Any]) -> str | None:
    """The id that the source gave: a text, or a number, which is kept as its digits."""
    source = raw.get("source")
    if source is None or isinstance(source, str):
        return None if source is None else normalize("NFC", source)
    if type(source) is int:
        return str(source)
    raise InvalidInputError("its source is neither a text nor a whole number")


def _read_attributes(raw: Mapping[str, Any]) -> dict[str, Value]:
    result: dict[str, Value] = {}
    for given, value in raw.get("attributes", {}).items():
        name = check_attribute_name(given)
        if name in result:
            raise InvalidInputError(f"it has the attribute {name!r} twice")
        result[name] = check_value(value)
    return result


def _format_geometry(geometry: Geometry) -> dict[str, Any]:
    match geometry:
        case Box():
            return {"box": _format_box(geometry)}
        case Polygon(parts):
            return {"polygon": [[list(ring) for ring in part] for part in parts]}
        case Mask(height, width, counts):
            return {"mask": {"size": [height, width], "counts": counts.decode("ascii", "replace")}}


def _format_box(box: Box) -> list[float]:
    return [box.x, box.y, box.width, box.height]
