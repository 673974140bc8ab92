"""Json that strangers wrote: parsed, and taken apart without trusting any of its shapes.

Every check raises InvalidInputError with a message that follows a name: "annotation 7" + "has no category_id".
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from dvcore.errors import InvalidInputError

_NUMBERS: Final = frozenset({int, float})
"""Types of a number of json; a bool is none."""


def parse_json(data: bytes) -> Any:
    """The value of a json file that is small enough to be held, in UTF-8 (with or without a mark), UTF-16 or UTF-32.

    Raises InvalidInputError with the place in the file.
    """
    try:
        return json.loads(data, object_pairs_hook=take_pairs)
    except RecursionError:
        raise InvalidInputError("is nested too deeply for an annotation file") from None
    except ValueError as error:  # also undecodable text and numbers of thousands of digits
        raise InvalidInputError(f"is no json: {error}") from None


def take_pairs(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object from its members, for a scanner of json, which would keep the last of two of one name and say nothing.

    Raises ValueError where a name stands there twice.
    """
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"an object has {format_value(twice)} twice")
    return members


def take_object(value: object) -> Mapping[str, Any]:
    """The value, if it is a json object."""
    if not isinstance(value, dict):
        raise InvalidInputError("is no object")
    return value


def take_list(item: Mapping[str, Any], key: str) -> Sequence[Any]:
    """A list, empty or not."""
    value = item.get(key)
    if not isinstance(value, list):
        raise InvalidInputError(f"has no list {key!r}")
    return value


def take_text(item: Mapping[str, Any], key: str) -> str:
    """A text that is not empty."""
    value = item.get(key)
    if value is None:
        raise InvalidInputError(f"has no {key}")
    if not isinstance(value, str) or not value:
        raise InvalidInputError(f"has {format_value(value)} as its {key}")
    if not is_unicode(value):
        raise InvalidInputError(f"has a {key} that is no valid Unicode")
    return value


def take_key(item: Mapping[str, Any], key: str) -> str:
    """An id as a text. Tools write ids as numbers and as texts, and mix them: 7, 7.0 and "7" are one id."""
    found = find_key(item, key)
    if found is None:
        raise InvalidInputError(f"has no {key}")
    return found


def find_key(item: Mapping[str, Any], key: str) -> str | None:
    """As `take_key`, or None where there is no id."""
    value = item.get(key)
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is int and -(2**63) <= value < 2**63:
        return str(value)
    if type(value) is str and value and len(value) <= 255 and is_unicode(value):
        return value
    if value is None:
        return None
    raise InvalidInputError(f"has {format_value(value)} as its {key}")


def take_numbers(value: object, what: str) -> tuple[float, ...]:
    """A list of finite numbers; `what` is as in "a bbox"."""
    if not isinstance(value, list):
        raise InvalidInputError(f"has {what} that is no list")
    try:
        numbers = tuple(map(float, value)) if _NUMBERS.issuperset(map(type, value)) else (math.nan,)
    except OverflowError:
        numbers = (math.inf,)
    if not all(map(math.isfinite, numbers)):
        raise InvalidInputError(f"has {what} with a value that is no finite number")
    return numbers


def take_lengths(value: object, what: str) -> tuple[int, ...]:
    """A list of whole numbers."""
    if not isinstance(value, list) or not all(type(item) is int for item in value):
        raise InvalidInputError(f"has {what} that is no list of whole numbers")
    return tuple(value)


def find_size(item: Mapping[str, Any], width: str = "width", height: str = "height") -> tuple[int, int] | None:
    """Width and height of an image, under these keys; None where one of them is missing."""
    sides = item.get(width), item.get(height)
    if None in sides:
        return None
    if not all(map(_is_side, sides)):
        raise InvalidInputError(f"has {format_value(sides[0])} x {format_value(sides[1])} as its width and height")
    return int(sides[0]), int(sides[1])  # type: ignore[arg-type]  # both are numbers, as was checked


def _is_side(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 2**31 and value == int(value)


def is_unicode(text: str) -> bool:
    """Whether a text can be written as UTF-8: json can spell half a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def format_value(value: object) -> str:
    """A value for messages: short, in ASCII."""
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."
