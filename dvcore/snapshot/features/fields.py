"""What stands under each key of an example, for those who read it: bytes or numbers, one value or a list."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from dvcore.model.definition import Definition, Feature
from dvcore.snapshot.features.kinds import MULTIHOT, SEMANTIC, VARIABLE, Classes, kind_of
from dvcore.snapshot.features.listing import features_of, keys_of


class Values(Enum):
    """What a list of an example holds, by the names of `tf.train.Feature`."""

    BYTES = "bytes"
    INTEGERS = "int64"
    FLOATS = "float"


@dataclass(frozen=True, slots=True)
class Field:
    """One key. `shape` is () for a single value, (n,) for a list of n, None for a list of any length; `is_image` where
    the values are encoded images."""

    key: str
    values: Values
    shape: tuple[int, ...] | None = ()
    is_image: bool = False


_BYTES: Final = frozenset(
    {"/encoded", "/format", "/key/sha256", "/filename", "/source_id", "/text", "/class/text", "/mask", "/keypoint/text"}
)
_FLOATS: Final = frozenset(
    {
        *("/onehot", "/multihot", "/area"),
        *(f"/bbox/{side}" for side in ("xmin", "xmax", "ymin", "ymax")),
        *("/polygon/x", "/polygon/y", "/keypoint/x", "/keypoint/y"),
    }
)
_VARIABLE_TYPES: Final = {"int": Values.INTEGERS, "float": Values.FLOATS, "bytes": Values.BYTES}


def fields_of(definition: Definition) -> tuple[Field, ...]:
    """Every key of an example, each once, in the order of the features."""
    found: dict[str, Field] = {}
    for feature in features_of(definition):
        for field in fields_of_feature(definition, feature):
            found.setdefault(field.key, field)  # features of instances under one name share the keys of the class
    return tuple(found.values())


def fields_of_feature(definition: Definition, feature: Feature) -> Iterator[Field]:
    """The keys of one feature."""
    for key in keys_of(definition, feature):
        suffix = key.removeprefix(feature.name)
        yield Field(key, _values(feature, suffix), _shape(feature, suffix), is_image=suffix in {"/encoded", "/mask"})


def _values(feature: Feature, suffix: str) -> Values:
    if feature.kind == VARIABLE:
        return _VARIABLE_TYPES[feature.options["type"]]
    if suffix in _BYTES:
        return Values.BYTES
    return Values.FLOATS if suffix in _FLOATS else Values.INTEGERS


def _shape(feature: Feature, suffix: str) -> tuple[int, ...] | None:
    if suffix in {"/onehot", "/multihot"}:
        return (len(feature.classes),)
    is_list = kind_of(feature.kind).classes is Classes.INSTANCES and feature.kind != SEMANTIC
    return None if is_list or feature.kind == MULTIHOT else ()
