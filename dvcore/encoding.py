"""Canonical msgpack: the one encoder of everything that is hashed, and its checking reader.

Same value, same bytes, on every machine and Python version:

- integers take the shortest form, within signed 64 bit; floats are always float64, -0.0 becomes 0.0, NaN and infinities
  are refused;
- texts are NFC-normalised UTF-8; map keys are texts, sorted by their UTF-8 bytes;
- an object is the array `[kind, version, {field: value}]`; a field without a value is left out, never null.

`docs/format/encoding.md` is the specification.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeGuard, TypeVar
from unicodedata import is_normalized

import msgpack

from dvcore.errors import CorruptError, InvalidInputError, NeedsNewerError
from dvcore.ids import ID_BYTES

T = TypeVar("T")

MAX_DEPTH: Final = 32
"""Values nested deeper are refused when encoding and when decoding."""

_PLAIN_TYPES: Final = frozenset([bytes, bool, type(None)])

_pack = msgpack.Packer(use_bin_type=True, autoreset=True).pack


def encode(value: Any) -> bytes:
    """The canonical bytes of a value made of None, bool, int, float, str, bytes, sequences and str-keyed maps.

    Raises InvalidInputError for any other type, NaN, infinities, integers beyond 64 bit and texts that are not NFC.
    """
    data: bytes = _pack(value if _is_plain((value,), 0) else _canonical(value, 0))
    return data


def decode(data: bytes) -> Any:
    """The value that canonical bytes hold; arrays come as lists.

    Raises CorruptError where the encoder would not have written exactly these bytes.
    """
    value = _unpack(data)
    if not (_is_plain((value,), 0) or _is_canonical(value)) or _pack(value) != data:
        raise CorruptError("stored bytes are not canonically encoded")
    return value


def encode_object(kind: str, version: int, fields: Mapping[str, Any]) -> bytes:
    """The canonical bytes of an object; fields that are None are left out."""
    return encode([kind, version, {name: value for name, value in fields.items() if value is not None}])


def decode_object(data: bytes, kind: str, *, newest: int, is_checked: bool = True) -> Fields:
    """The fields of an object of this kind.

    `is_checked=False` leaves it to the caller to see that the bytes are canonical. Raises NeedsNewerError for a version
    above `newest`, CorruptError where the bytes are no such object.
    """
    value = decode(data) if is_checked else _unpack(data)
    if type(value) is not list or len(value) < 2 or type(value[0]) is not str or not _is_version(value[1]):
        raise CorruptError(f"stored bytes are no {kind}")
    found, version = value[:2]
    if found != kind:
        raise CorruptError(f"expected a {kind}, found a {found!r}")
    if version > newest:
        raise NeedsNewerError(f"this {kind} has format version {version}", hint="it needs a newer dset")
    if len(value) != 3:
        raise CorruptError(f"stored bytes are no {kind}")
    return Fields(kind, value[2], version)


def peek_kind(data: bytes) -> str:
    """The kind of an encoded object.

    Raises CorruptError where the bytes are no object.
    """
    match _unpack(data):
        case [str(kind), int(), *_]:
            return kind
        case _:
            raise CorruptError("stored bytes are no object")


class Fields:
    """Checked access to the fields of a decoded map: each is taken once, and `end` refuses what was not taken.
    `version` is the object's.

    Every method raises CorruptError where the field is missing (unless a default is given) or of another type.
    """

    __slots__ = ("_fields", "_what", "version")

    def __init__(self, what: str, fields: object, version: int = 1) -> None:
        if not isinstance(fields, dict):
            raise CorruptError(f"a {what} is no map")
        self.version: Final = version
        self._what = what
        self._fields: dict[str, Any] = dict(fields)

    def take(self, name: str, kind: type[Any], default: Any = ...) -> Any:
        """The value of a field, exactly of type `kind` (a bool is no int here)."""
        if name not in self._fields:
            if default is ...:
                raise CorruptError(f"a {self._what} lacks {name!r}")
            return default
        value = self._fields.pop(name)
        if type(value) is not kind:
            raise CorruptError(f"{name!r} of a {self._what} is no {kind.__name__}")
        return value

    def text(self, name: str) -> str:
        """A text."""
        value: str = self.take(name, str)
        return value

    def text_or_none(self, name: str) -> str | None:
        """A text, or None where the field is absent."""
        value: str | None = self.take(name, str, None)
        return value

    def integer(self, name: str, *, least: int = 0, most: int = 2**63 - 1) -> int:
        """An integer from `least` to `most`."""
        value: int = self.take(name, int)
        if not least <= value <= most:
            bound = f"under {least}" if value < least else f"over {most}"
            raise CorruptError(f"{name!r} of a {self._what} is {value}, {bound}")
        return value

    def integer_or_none(self, name: str) -> int | None:
        """An integer of 0 or more, or None where the field is absent."""
        return self.integer(name) if name in self._fields else None

    def flag(self, name: str) -> bool:
        """A bool; False where the field is absent, which is the only way to write it."""
        value: bool | None = self.take(name, bool, None)
        if value is False:
            raise CorruptError(f"{name!r} of a {self._what} is present and false")
        return value is True

    def id(self, name: str) -> bytes:
        """An id, 32 bytes."""
        return check_id(self.take(name, bytes), self._what, name)

    def id_or_none(self, name: str) -> bytes | None:
        """An id, or None where the field is absent."""
        value = self.take(name, bytes, None)
        return None if value is None else check_id(value, self._what, name)

    def array(self, name: str) -> list[Any]:
        """An array."""
        value: list[Any] = self.take(name, list)
        return value

    def array_or_empty(self, name: str) -> list[Any]:
        """An array; empty where the field is absent, which is the only way to write that."""
        value: list[Any] | None = self.take(name, list, None)
        return self._filled(name, value, [])

    def array_or_none(self, name: str) -> list[Any] | None:
        """An array, or None where the field is absent."""
        value: list[Any] | None = self.take(name, list, None)
        return value

    def map(self, name: str) -> dict[str, Any]:
        """A map."""
        value: dict[str, Any] = self.take(name, dict)
        return value

    def map_or_empty(self, name: str) -> dict[str, Any]:
        """A map; empty where the field is absent, which is the only way to write that."""
        value: dict[str, Any] | None = self.take(name, dict, None)
        return self._filled(name, value, {})

    def end(self) -> None:
        """Raises NeedsNewerError where a field was not taken: it means something, and dropping it would lose it."""
        if self._fields:
            names = ", ".join(sorted(map(repr, self._fields)))
            raise NeedsNewerError(f"a {self._what} has unknown fields: {names}", hint="it needs a newer dset")

    def check_version(self, least: int) -> None:
        """Raises CorruptError where the object's version is not the lowest that holds what it says: writers take that,
        so that the same value is the same bytes."""
        if self.version != least:
            raise CorruptError(f"a {self._what} of format version {self.version} should have version {least}")

    def _filled(self, name: str, value: T | None, empty: T) -> T:
        if value == empty:
            raise CorruptError(f"{name!r} of a {self._what} is present and empty")
        return empty if value is None else value


def check_id(value: object, what: str, name: str) -> bytes:
    """`value`, if it is 32 bytes; CorruptError otherwise."""
    if type(value) is not bytes or len(value) != ID_BYTES:
        raise CorruptError(f"{name!r} of a {what} is no id")
    return value


def is_count(value: object) -> TypeGuard[int]:
    """Whether a decoded value is an integer of 0 or more (a bool is none)."""
    return type(value) is int and value >= 0


def _is_version(value: object) -> bool:
    return type(value) is int and value > 0


def _is_plain(values: Iterable[Any], depth: int) -> bool:
    """Whether these are canonical as they are, by checks that are quick and not complete: texts must be ASCII, floats
    positive or zero. Nearly all values pass; what does not goes the slow way, which knows why."""
    for value in values:
        kind = type(value)
        if kind is float:  # first what there is most of
            is_plain = 0.0 < value < math.inf or (value == 0.0 and math.copysign(1, value) > 0)
        elif kind is str:
            is_plain = value.isascii()
        elif kind is bytes:
            continue
        elif kind is int:
            is_plain = -(2**63) <= value < 2**63
        elif kind is list or kind is tuple:
            is_plain = depth < MAX_DEPTH and _is_plain(value, depth + 1)
        elif kind is dict:
            is_plain = depth < MAX_DEPTH and _are_plain_keys(value) and _is_plain(value.values(), depth + 1)
        else:
            is_plain = kind in _PLAIN_TYPES
        if not is_plain:
            return False
    return True


def _are_plain_keys(keys: Iterable[Any]) -> bool:
    previous = None
    for key in keys:
        if type(key) is not str or not key.isascii() or (previous is not None and key <= previous):
            return False
        previous = key
    return True


def _canonical(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind is bytes or kind is bool or value is None:
        return value
    if kind is str:
        return _check_text(value)
    if kind is int:
        if not -(2**63) <= value < 2**63:
            raise InvalidInputError(f"a number of {value.bit_length()} bits does not fit into 64")
        return value
    if kind is float:
        if not math.isfinite(value):
            raise InvalidInputError(f"{value} cannot be stored", hint="give a finite number")
        return value + 0.0  # -0.0 + 0.0 is 0.0
    if depth >= MAX_DEPTH:
        raise InvalidInputError(f"values are nested deeper than {MAX_DEPTH}")
    if kind is list or kind is tuple:
        return [_canonical(item, depth + 1) for item in value]
    if isinstance(value, Mapping):
        # Python orders texts by code point, which is the order of their UTF-8 bytes.
        return {key: _canonical(value[key], depth + 1) for key in sorted(map(_check_text, value))}
    raise InvalidInputError(f"a {kind.__name__} cannot be stored")


def _unpack(data: bytes) -> Any:
    try:
        # Numbers of array items and of bytes are checked by msgpack against the length of the data.
        return msgpack.unpackb(data, raw=False, strict_map_key=True, use_list=True, ext_hook=_refuse_extension)
    except (ValueError, OverflowError, msgpack.UnpackException) as error:
        raise CorruptError(f"stored bytes are no msgpack: {error}") from None


def _refuse_extension(code: int, _: bytes) -> None:
    raise ValueError(f"extension type {code}")


def _is_canonical(value: Any) -> bool:
    """Whether the encoder would take a decoded value as it is; that its bytes are the shortest is checked elsewhere.

    Level by level: every object that is read comes through here, and a generator for each nested value is slow.
    """
    level = [value]
    for depth in range(MAX_DEPTH + 1):
        below: list[Any] = []
        for item in level:
            kind = type(item)
            if kind is list or kind is dict:
                if depth == MAX_DEPTH or (kind is dict and not _are_keys(list(item))):
                    return False
                below += item if kind is list else item.values()
            elif not _is_canonical_scalar(kind, item):
                return False
        level = below
    return True


def _are_keys(keys: list[Any]) -> bool:
    return {str}.issuperset(map(type, keys)) and keys == sorted(keys) and is_normalized("NFC", "\n".join(keys))


def _is_canonical_scalar(kind: type[Any], value: Any) -> bool:
    if kind is float:
        return math.isfinite(value) and (value != 0 or math.copysign(1, value) > 0)
    if kind is int:
        return value < 2**63  # type: ignore[no-any-return]
    return is_normalized("NFC", value) if kind is str else kind in _PLAIN_TYPES


def _check_text(text: Any) -> str:
    if type(text) is not str:
        raise InvalidInputError(f"{text!r} is no text")
    if text.isascii():
        return text
    if not is_normalized("NFC", text):
        raise InvalidInputError(f"{text!r} is not in Unicode normal form C")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidInputError(f"{text!r} is no valid Unicode") from None
    return text
