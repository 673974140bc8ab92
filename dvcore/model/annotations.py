"""Annotation sets: what people said about one file."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final

from dvcore.encoding import Fields, check_id, decode, decode_object, encode, encode_object
from dvcore.errors import CorruptError, InvalidInputError
from dvcore.ids import FileId, InstanceId, digest
from dvcore.model.geometry import Box, Geometry, Mask, Polygon
from dvcore.model.packing import pack_box, pack_geometry, unpack_box, unpack_geometry
from dvcore.model.values import Value, decode_values

KIND: Final = "annotations"
NEWEST_VERSION: Final = 2

_FIRST: Final = encode(0)
"""The counter of nearly all instances."""

_FIRST_KINDS: Final = (Box, Polygon, Mask)
"""Kinds of geometry that version 1 holds."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One annotated thing in an image. `box` is the box that its source gave beside another geometry, where the two
    differ; `source` is the id that it had there."""

    id: InstanceId
    label: str
    geometry: Geometry
    box: Box | None = None
    source: str | None = None
    attributes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnnotationSet:
    """Annotated variables, and instances in the order of their ids."""

    variables: Mapping[str, Value] = field(default_factory=dict)
    instances: tuple[Instance, ...] = ()

    def with_instances(self, instances: Iterable[Instance]) -> "AnnotationSet":
        """The same variables with other instances."""
        return replace(self, instances=tuple(sorted(instances, key=lambda instance: instance.id)))

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing."""
        return not self.variables and not self.instances


@dataclass(frozen=True, slots=True)
class Entered:
    """An instance as it comes in, before it has an id."""

    label: str
    geometry: Geometry
    box: Box | None = None
    source: str | None = None
    attributes: Mapping[str, Value] = field(default_factory=dict)


def derive_instances(file: FileId, entered: Iterable[Entered], taken: Collection[InstanceId] = ()) -> list[Instance]:
    """Give each its id: from the file, the source's id or nothing, label and geometry at entry, and a counter among
    equals. So the same annotations entered twice have the same ids. Ids that are `taken` are passed over."""
    counters: dict[bytes, int] = {}
    result = []
    for item in entered:
        basis = encode(["instance", file, item.source, item.label, pack_geometry(item.geometry)])
        id_ = _next_id(basis, counters)
        while id_ in taken:
            id_ = _next_id(basis, counters)
        result.append(Instance(id_, item.label, item.geometry, item.box, item.source, item.attributes))
    return result


def _next_id(basis: bytes, counters: dict[bytes, int]) -> InstanceId:
    count = counters[basis] = counters.get(basis, -1) + 1
    return InstanceId(digest(basis + (_FIRST if count == 0 else encode(count))))


def rederive_instances(copy: FileId, instances: Iterable[Instance]) -> tuple[Instance, ...]:
    """The instances of a copied file: the same content, each with an id derived from the copy and its original."""
    renamed = [replace(one, id=InstanceId(digest(encode(["copied instance", copy, one.id])))) for one in instances]
    return tuple(sorted(renamed, key=lambda instance: instance.id))


def encode_annotations(annotations: AnnotationSet) -> bytes:
    """The bytes of the object."""
    return encode_object(
        KIND,
        _least_version(annotations.instances),
        {
            "instances": [_pack_instance(instance) for instance in annotations.instances] or None,
            "variables": dict(annotations.variables) or None,
        },
    )


def decode_annotations(data: bytes) -> AnnotationSet:
    """The object that the bytes hold.

    Raises CorruptError, NeedsNewerError.
    """
    fields = decode_object(data, KIND, newest=NEWEST_VERSION)
    variables = decode_values(fields.map_or_empty("variables"), KIND)
    instances = tuple(_unpack_instance(raw) for raw in fields.array_or_empty("instances"))
    fields.end()
    fields.check_version(_least_version(instances))
    if any(a.id >= b.id for a, b in pairwise(instances)):
        raise CorruptError("the instances of an annotation set are not in order")
    return AnnotationSet(variables, instances)


def encode_instance(instance: Instance) -> bytes:
    """One instance alone, as a set holds it."""
    return encode(_pack_instance(instance))


def decode_instance(data: bytes) -> Instance:
    """The instance that the bytes hold.

    Raises CorruptError, NeedsNewerError.
    """
    return _unpack_instance(decode(data))


def _least_version(instances: Iterable[Instance]) -> int:
    """The lowest version that holds them."""
    return 1 if all(isinstance(one.geometry, _FIRST_KINDS) for one in instances) else 2


def _pack_instance(instance: Instance) -> list[Any]:
    more: dict[str, Any] = {}  # in the order in which keys are encoded
    if instance.attributes:
        more["attributes"] = dict(instance.attributes)
    if instance.box is not None:
        more["box"] = pack_box(instance.box)
    if instance.source is not None:
        if not isinstance(instance.source, str):
            raise InvalidInputError(f"the source's id {instance.source!r} of an instance is no text")
        more["source"] = instance.source
    return [instance.id, instance.label, pack_geometry(instance.geometry), more]


def _unpack_instance(raw: object) -> Instance:
    if not isinstance(raw, list) or len(raw) != 4 or type(raw[1]) is not str:
        raise CorruptError("an annotation set holds an instance that is none")
    id_, label, geometry, more = raw
    fields = Fields("instance", more)
    attributes = decode_values(fields.map_or_empty("attributes"), "instance")
    corners = fields.array_or_none("box")
    source = fields.text_or_none("source")
    fields.end()
    key = InstanceId(check_id(id_, "instance", "id"))
    box = None if corners is None else unpack_box(corners)
    return Instance(key, label, unpack_geometry(geometry), box, source, attributes)
