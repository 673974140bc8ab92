"""Canonical bytes of a `tf.train.Example`: same features, same bytes, wherever they are written.

Any protobuf reader reads them. Protobuf's own writers order a map as they like, and even their deterministic mode
promises nothing across versions, so the bytes are written here: features in the order of their keys' UTF-8 bytes,
numbers packed, every length in its shortest form (`docs/format/snapshot.md`, `docs/decisions/0009-own-example.md`).
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from dvcore.errors import CorruptError, InvalidInputError
from dvcore.tfrecord.wire import delimited, iter_delimited, iter_varints, varint


@dataclass(frozen=True, slots=True)
class BytesList:
    """Encoded images and UTF-8 texts."""

    values: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class FloatList:
    """Numbers that are stored as float32."""

    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Int64List:
    """Whole numbers, signed 64 bit."""

    values: tuple[int, ...]


Feature = BytesList | FloatList | Int64List
Features = Mapping[str, Feature]


def text_feature(text: str) -> BytesList:
    """A feature of one text."""
    return BytesList((text.encode(),))


def encode_example(features: Features) -> bytes:
    """The canonical bytes.

    Raises InvalidInputError, worded to follow what the example is of, for a float that float32 cannot hold and an
    integer beyond 64 bit.
    """
    # Python orders texts by code point, which is the order of their UTF-8 bytes.
    return delimited(1, b"".join([_encode_entry(key, features[key]) for key in sorted(features)]))


def decode_example(data: bytes) -> dict[str, Feature]:
    """The features that canonical bytes hold.

    Raises CorruptError where the bytes are not what `encode_example` writes.
    """
    features: dict[str, Feature] = {}
    for body in _only(data, 1):
        for entry in _only(body, 1):
            key, feature = _decode_entry(entry)
            features[key] = feature
    if encode_example(features) != data:
        raise CorruptError("an example is not in canonical form")
    return features


def _encode_entry(key: str, feature: Feature) -> bytes:
    return delimited(1, delimited(1, key.encode()) + delimited(2, _encode_feature(feature)))


def _encode_feature(feature: Feature) -> bytes:
    match feature:
        case BytesList(values):
            return delimited(1, b"".join([delimited(1, value) for value in values]))
        case FloatList(values):
            return delimited(2, _packed(_encode_floats(values)))
        case Int64List(values):
            return delimited(3, _packed(b"".join(map(_encode_integer, values))))


def _packed(data: bytes) -> bytes:
    """A packed list; one without values takes no bytes, as protobuf has it."""
    return delimited(1, data) if data else b""


def _encode_floats(values: tuple[float, ...]) -> bytes:
    try:
        if all(map(math.isfinite, values)):
            return struct.pack(f"<{len(values)}f", *values)
    except OverflowError:
        pass
    raise InvalidInputError("has a number that float32 cannot hold")


def _encode_integer(value: int) -> bytes:
    if not -(2**63) <= value < 2**63:
        raise InvalidInputError(f"has the number {value}, which does not fit into 64 bit")
    return varint(value)


def _decode_entry(entry: bytes) -> tuple[str, Feature]:
    match list(iter_delimited(entry)):
        case [(1, key), (2, feature)]:
            return _decode_text(key), _decode_feature(feature)
        case _:
            raise CorruptError("an example holds an entry that is none")


def _decode_feature(data: bytes) -> Feature:
    match list(iter_delimited(data)):
        case [(1, body)]:
            return BytesList(tuple(_only(body, 1)))
        case [(2, body)]:
            return FloatList(_decode_floats(b"".join(_only(body, 1))))
        case [(3, body)]:
            return Int64List(tuple(iter_varints(b"".join(_only(body, 1)))))
        case _:
            raise CorruptError("an example holds a feature of no known kind")


def _decode_floats(data: bytes) -> tuple[float, ...]:
    if len(data) % 4:
        raise CorruptError("an example holds floats that are cut off")
    values = struct.unpack(f"<{len(data) // 4}f", data)
    if not all(map(math.isfinite, values)):
        raise CorruptError("an example holds a float that is no number")
    return values


def _decode_text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise CorruptError("an example has a key that is no text") from None


def _only(data: bytes, field: int) -> list[bytes]:
    parts = list(iter_delimited(data))
    if any(number != field for number, _ in parts):
        raise CorruptError("an example holds a field that it should not")
    return [value for _, value in parts]
