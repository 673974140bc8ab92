"""Examples as any program writes them: features in any order, lists of numbers packed or not, fields that are unknown.

`dvcore.tfrecord.example` reads and writes the one form that this project gives them.
"""

import struct
from collections.abc import Callable
from typing import Final

from dvcore.errors import CorruptError
from dvcore.tfrecord.example import BytesList, Feature, FloatList, Int64List
from dvcore.tfrecord.wire import LENGTH_DELIMITED, iter_fields, iter_varints

_FLOAT_BYTES: Final = 4


def parse_example(data: bytes) -> dict[str, Feature]:
    """The features of an example. Of two of one name the later one counts, as in any protobuf map. Floats may be NaN.

    Raises CorruptError where the bytes are no example.
    """
    features: dict[str, Feature] = {}
    for message in _messages(memoryview(data), 1):
        for entry in _messages(message, 1):
            keys, values = list(_messages(entry, 1)), list(_messages(entry, 2))
            features[_text(keys[-1]) if keys else ""] = _feature(values[-1] if values else memoryview(b""))
    return features


def _feature(data: memoryview) -> Feature:
    """A feature without a kind is an empty one."""
    feature: Feature = BytesList(())
    for number, wire_type, value in iter_fields(data):
        if number in _KINDS and wire_type == LENGTH_DELIMITED:
            feature = _KINDS[number](value)
    return feature


def _bytes_list(data: memoryview) -> BytesList:
    return BytesList(tuple(map(bytes, _messages(data, 1))))


def _float_list(data: memoryview) -> FloatList:
    packed = b"".join(value for number, _, value in iter_fields(data) if number == 1)
    if len(packed) % _FLOAT_BYTES:
        raise CorruptError("an example holds floats that are cut off")
    return FloatList(struct.unpack(f"<{len(packed) // _FLOAT_BYTES}f", packed))


def _int64_list(data: memoryview) -> Int64List:
    return Int64List(tuple(n for number, _, value in iter_fields(data) if number == 1 for n in iter_varints(value)))


_KINDS: Final[dict[int, Callable[[memoryview], Feature]]] = {1: _bytes_list, 2: _float_list, 3: _int64_list}


def _messages(data: memoryview, field: int) -> list[memoryview]:
    return [value for number, wire_type, value in iter_fields(data) if (number, wire_type) == (field, LENGTH_DELIMITED)]


def _text(data: memoryview) -> str:
    try:
        return bytes(data).decode()
    except UnicodeDecodeError:
        raise CorruptError("an example has a key that is no text") from None
