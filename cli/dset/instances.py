"""Instances as JSON, the form that `dset show FILE --json` prints and `dset annotate` reads.

Each is `{"id", "label", GEOMETRY}`, where GEOMETRY is one key such as `"box": [left, top, width, height]` (`geometries`
has them all); optionally `"box"` beside another geometry, `"source"` and `"attributes"`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from dset.geometries import FORMS, format_geometry, read_geometry
from dset.json_text import parse_json
from dset.textfiles import name_of, read_text
from dvcore.errors import DsetError, InvalidInputError
from dvcore.ids import InstanceId, parse_id
from dvcore.model.annotation_names import check_attribute_name, check_label_name
from dvcore.model.annotations import Entered, Instance
from dvcore.model.values import Value, check_value
from dvcore.repo.annotating import GivenInstance

_KEYS: Final = frozenset({"id", "label", "source", "attributes", *FORMS})
_HINT: Final = "'dset show FILE --json' shows the form"


def format_instance(instance: Instance) -> dict[str, Any]:
    """The JSON form of an instance."""
    result: dict[str, Any] = {"id": instance.id.hex(), "label": instance.label, **format_geometry(instance.geometry)}
    if instance.box is not None:
        result |= format_geometry(instance.box)
    if instance.source is not None:
        result["source"] = instance.source
    if instance.attributes:
        result["attributes"] = dict(instance.attributes)
    return result


def read_instances(path: Path) -> list[GivenInstance]:
    """The instances of a JSON file, `-` being standard input: a list of them, or an object with one as `"instances"`.

    Raises StorageError, InvalidInputError.
    """
    raw = parse_json(read_text(path), name_of(path))
    listed = raw.get("instances") if isinstance(raw, dict) else raw
    return list_instances(listed, name_of(path))


def list_instances(raw: object, where: str) -> list[GivenInstance]:
    """The instances of a list in JSON; `where` says in messages what holds it.

    Raises InvalidInputError.
    """
    if not isinstance(raw, list):
        raise InvalidInputError(f"{where} holds no list of instances", hint=_HINT)
    return [_read_instance(item, f"instance {number} of {where}") for number, item in enumerate(raw, 1)]


def _read_instance(raw: object, where: str) -> GivenInstance:
    if not isinstance(raw, dict) or not isinstance(raw.get("label"), str):
        raise InvalidInputError(f"{where} has no label", hint=_HINT)
    unknown = raw.keys() - _KEYS
    if unknown:
        raise InvalidInputError(f"{where} has the unknown key {min(unknown)!r}", hint=_HINT)
    try:
        geometry, box = read_geometry(raw)
        entered = Entered(check_label_name(raw["label"]), geometry, box, _read_source(raw), _read_attributes(raw))
        return GivenInstance(entered, _read_id(raw))
    except DsetError as error:
        raise InvalidInputError(f"{where}: {error.message}", hint=_HINT) from None


def _read_id(raw: Mapping[str, Any]) -> InstanceId | None:
    id_ = raw.get("id")
    return None if id_ is None else InstanceId(parse_id(str(id_)))


def _read_source(raw: Mapping[str, Any]) -> str | None:
    """The id that the source gave: a text, or a number, which is kept as its digits."""
    source = raw.get("source")
    if source is None:
        return None
    if isinstance(source, str) or type(source) is int:
        return str(check_value(str(source)))
    raise InvalidInputError("its source is neither a text nor a whole number")


def _read_attributes(raw: Mapping[str, Any]) -> dict[str, Value]:
    result: dict[str, Value] = {}
    attributes = raw.get("attributes", {})
    if not isinstance(attributes, dict):
        raise InvalidInputError('its attributes are not {"name": value, …}')
    for given, value in attributes.items():
        name = check_attribute_name(given)
        if name in result:
            raise InvalidInputError(f"it has the attribute {name!r} twice")
        if not isinstance(value, bool | int | float | str):
            raise InvalidInputError(f"its attribute {name!r} is neither text nor number nor true nor false")
        result[name] = check_value(value)
    return result
