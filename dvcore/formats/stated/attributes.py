"""Attributes of instances as strangers state them: values of json, and texts that mean one."""

from collections import Counter
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.formats.texts.json_files import format_value, is_unicode
from dvcore.model.annotation_names import check_attribute_name
from dvcore.model.values import Value, check_value

_BOOLS: Final = {"true": True, "false": False}
_YES: Final = frozenset({"1", "true", "yes"})
_NO: Final = frozenset({"0", "false", "no"})


def keep_attribute(values: dict[str, Value], name: str, raw: object, lost: Counter[str]) -> None:
    """Put an attribute to the others. What is no plain value, or has a name that is taken or cannot be one, is counted
    in `lost` under its name; None is nothing."""
    if raw is None:
        return
    value, checked = _value(raw), _name(name)
    if value is None or checked is None or checked in values:
        lost[format_value(name)] += 1
    else:
        values[checked] = value


def plain_value(text: str) -> Value:
    """The value that a text means: true or false, or the number that is written just so; otherwise it is a text. `007`
    and `1e3` stay what they are."""
    if text.lower() in _BOOLS:
        return _BOOLS[text.lower()]
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:  # also of thousands of digits
            continue
        if repr(number) == text:
            return number
    return text


def flag_value(text: str) -> Value:
    """As `plain_value`, of what is a yes or no: 0 and 1 are bools, too."""
    said = text.strip().lower()
    if said in _YES | _NO:
        return said in _YES
    return plain_value(text)


def _name(name: str) -> str | None:
    """The attribute's name, or None where it cannot be one."""
    try:
        return check_attribute_name(name)
    except InvalidInputError:
        return None


def _value(raw: object) -> Value | None:
    """The value as it is stored, or None where it cannot be."""
    if not isinstance(raw, bool | int | float | str) or (isinstance(raw, str) and not is_unicode(raw)):
        return None
    try:
        return check_value(raw)
    except InvalidInputError:
        return None
