"""What the index needs of a file's annotation set, straight from its bytes where they are plain.

Nearly all instances are boxes with ASCII labels. `_find_plain` takes those at a fifth of what decoding them into
instances costs; all else goes through the decoder. What one accepts the other does too, with the same result, which a
test holds them to.
"""

from collections.abc import Mapping
from itertools import pairwise
from math import inf
from operator import itemgetter
from typing import Any, Final, NamedTuple

from dvcore.errors import CorruptError, InvalidInputError
from dvcore.model.annotations import KIND, Instance, decode_annotations
from dvcore.model.geometry import KINDS, Box, Geometry, area, bounds
from dvcore.model.values import Value
from dvcore.query.plain import NO_VALUES, find_plain_fields, find_plain_values, is_plain_id

StatedInstance = tuple[bytes, str, str, float, float, float, float, float, Mapping[str, Value]]
"""Id, label, kind of geometry, box (left, top, width, height), area, attributes. The box is what the source gave beside
another geometry, if it gave one, else the least around the geometry."""


class Stated(NamedTuple):
    """Annotated variables, and instances in the order of their ids."""

    variables: Mapping[str, Value]
    instances: list[StatedInstance]


NOTHING: Final = Stated({}, [])

_FIELDS: Final = (["instances"], ["instances", "variables"], ["variables"])
_MORE: Final = (["attributes"], ["attributes", "source"], ["source"])
"""Fields as they may be written: in order, none without a value."""
_id_of: Final = itemgetter(0)


def read_stated(data: bytes) -> Stated:
    """What an encoded annotation set says.

    Raises CorruptError, NeedsNewerError.
    """
    return _find_plain(data) or _decode(data)


def _decode(data: bytes) -> Stated:
    annotations = decode_annotations(data)
    return Stated(annotations.variables, [_stated(instance) for instance in annotations.instances])


def _stated(instance: Instance) -> StatedInstance:
    geometry = instance.geometry
    try:
        box = _box(geometry if instance.box is None else instance.box)
        size = area(geometry)
    except InvalidInputError as error:  # a mask's code, which only its use can judge
        raise CorruptError(f"the geometry of an instance is none: {error.message}") from None
    kind = KINDS[type(geometry)]
    return instance.id, instance.label, kind, box.x, box.y, box.width, box.height, size, instance.attributes


def _box(geometry: Geometry) -> Box:
    if isinstance(geometry, Box):
        return geometry
    left, top, right, bottom = bounds(geometry)
    return Box(left, top, right - left, bottom - top)


def _find_plain(data: bytes) -> Stated | None:
    """None where it takes the decoder to tell."""
    fields = find_plain_fields(data, KIND)
    if fields is None or list(fields) not in _FIELDS:
        return None
    variables = find_plain_values(fields["variables"]) if "variables" in fields else NO_VALUES
    instances = _plain_instances(fields["instances"]) if "instances" in fields else []
    return None if variables is None or instances is None else Stated(variables, instances)


def _plain_instances(raw: Any) -> list[StatedInstance] | None:
    if type(raw) is not list or not raw:
        return None
    instances = [one for one in map(_plain_instance, raw) if one is not None]
    is_ordered = all(a < b for a, b in pairwise(map(_id_of, instances)))
    return instances if is_ordered and len(instances) == len(raw) else None


def _plain_instance(raw: Any) -> StatedInstance | None:
    """Written without `match`, which takes four times as long."""
    try:
        id_, label, (kind, x, y, width, height), more = raw
    except (TypeError, ValueError):
        return None
    if (
        is_plain_id(id_)
        and type(label) is str
        and label.isascii()
        and kind == "box"
        and (type(x) is type(y) is type(width) is type(height) is float)
        and (0.0 <= x < inf and 0.0 <= y < inf and 0.0 <= width < inf and 0.0 <= height < inf)
        and type(more) is dict
    ):
        attributes = _plain_attributes(more) if more else NO_VALUES
        if attributes is not None:
            return id_, label, kind, x, y, width, height, width * height, attributes
    return None


def _plain_attributes(more: dict[str, Any]) -> Mapping[str, Value] | None:
    """None where an instance has a second box, too, which makes it no plain one."""
    names = list(more)
    if names not in _MORE:
        return None
    source = more.get("source", "")
    if type(source) is not str or not source.isascii():
        return None
    return find_plain_values(more["attributes"]) if "attributes" in more else NO_VALUES
