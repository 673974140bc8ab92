"""Takes encoded objects apart where they are plain: ASCII texts, finite numbers, fields in order, nothing unusual.

Nearly all are, and a million of them have to be read to make an index. Whoever finds one that is not plain, or is wrong
in any way, leaves it to the decoder of the model, which knows why. So nothing here may take what the decoder refuses.
"""

from collections.abc import Mapping
from math import inf
from typing import Any, Final

import msgpack

from dvcore.ids import ID_BYTES
from dvcore.model.values import Value

NO_VALUES: Final[Mapping[str, Value]] = {}

_MINUS_ZERO: Final = b"\xcb\x80\x00\x00\x00\x00\x00\x00\x00"
"""What the encoder never writes, and no comparison of numbers finds."""
_MOST: Final = 2**63

_pack: Final = msgpack.Packer(use_bin_type=True, autoreset=True).pack


def find_plain_fields(data: bytes, kind: str) -> dict[str, Any] | None:
    """The fields of an object of this kind in its first version, if it is written in the shortest form; what is in the
    fields is for the caller to check, their order included."""
    try:
        value = msgpack.unpackb(data, raw=False, strict_map_key=True)
    except (ValueError, OverflowError, msgpack.UnpackException):
        return None
    if type(value) is not list or len(value) != 3 or value[0] != kind or type(value[1]) is not int or value[1] != 1:
        return None
    is_canonical = type(value[2]) is dict and _pack(value) == data and _MINUS_ZERO not in data
    return value[2] if is_canonical else None


def is_plain_id(value: Any) -> bool:
    """Whether it is an id."""
    return type(value) is bytes and len(value) == ID_BYTES


def find_plain_values(values: Any) -> Mapping[str, Value] | None:
    """The map, if it is one of values as the encoder writes it: not empty, in order."""
    if type(values) is not dict or not values:
        return None
    names = list(values)
    is_plain = names == sorted(names) and all(name.isascii() and _is_plain(values[name]) for name in names)
    return values if is_plain else None


def _is_plain(value: Any) -> bool:
    kind = type(value)
    if kind is str:
        return bool(value.isascii())
    if kind is int:
        return bool(value < _MOST)
    return bool(-inf < value < inf) if kind is float else kind is bool
