"""Values of variables and attributes."""

import math
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final
from unicodedata import normalize

from dvcore.encoding import decode
from dvcore.errors import CorruptError, InvalidInputError

Value = bool | int | float | str

MAX_TEXT_BYTES: Final = 65_536


class ValueType(Enum):
    """Declared type of a variable."""

    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    TEXT = "text"
    ENUM = "enum"


_PYTHON_TYPES: Final[Mapping[ValueType, type[Value]]] = {
    ValueType.BOOL: bool,
    ValueType.INT: int,
    ValueType.FLOAT: float,
}
_BOOLS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def parse_value(kind: ValueType, text: str) -> Value:
    """The value that a text gives for a type; whether an enum has it as a choice is its declaration's concern.

    Raises InvalidInputError.
    """
    try:
        match kind:
            case ValueType.BOOL:
                return _BOOLS[text.strip().lower()]
            case ValueType.INT:
                return check_value(int(text, 10))
            case ValueType.FLOAT:
                return check_value(float(text))
            case ValueType.TEXT | ValueType.ENUM:
                return check_value(normalize("NFC", text))
    except (ValueError, KeyError):
        example = {ValueType.BOOL: "true or false", ValueType.INT: "a whole number"}.get(kind, "a number")
        raise InvalidInputError(f"{text!r} is no {kind.value}", hint=f"give {example}") from None


def check_value(value: Value) -> Value:
    """The value itself, -0.0 as 0.0.

    Raises InvalidInputError where it cannot be stored.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidInputError(f"{value} cannot be a value", hint="give a finite number")
        return value + 0.0
    if isinstance(value, str):
        return _checked_text(normalize("NFC", value))
    if not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        raise InvalidInputError(f"a number of {value.bit_length()} bits does not fit into 64")
    return value


def _checked_text(text: str) -> str:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:  # half surrogates, which is how Python spells bytes of an argument that are no UTF-8
        raise InvalidInputError(f"{text!r} cannot be a value: it is not UTF-8") from None
    if size > MAX_TEXT_BYTES:
        raise InvalidInputError(f"a text of {len(text)} characters is too long", hint=f"at most {MAX_TEXT_BYTES} bytes")
    return text


def python_type(kind: ValueType) -> type[Value]:
    """The type that values of a declared type have here."""
    return _PYTHON_TYPES.get(kind, str)


def has_type(value: Value, kind: ValueType) -> bool:
    """Whether a value is of a declared type; a bool is no int, an int is no float."""
    return type(value) is python_type(kind)


def format_value(value: Value | None) -> str:
    """For people: `true`, `200`, `Reute`; nothing for an unset one."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def decode_value(data: bytes) -> Value:
    """A value that was encoded alone.

    Raises CorruptError.
    """
    value = decode(data)
    return decode_values({"value": value}, "conflict")["value"]


def decode_values(raw: dict[str, Any], what: str) -> dict[str, Value]:
    """A decoded map, checked to hold values only.

    Raises CorruptError.
    """
    for name, value in raw.items():
        if type(value) not in {bool, int, float, str}:
            raise CorruptError(f"{name!r} of a {what} is no value")
    return raw
