"""Names of labels and of attributes: one rule for all ways in, so that what one command takes no other refuses.

A name is a text of one line, in normal form C, of at most 255 bytes, neither blank nor with spaces at its ends (nobody
sees those, and two labels would look like one). Unlike the name of a file it may hold `/`, as `tv/monitor` does.
"""

from typing import Final
from unicodedata import category, normalize

from dvcore.errors import InvalidInputError

_MAX_BYTES: Final = 255
_SHOWN: Final = 60
"""Characters of a name that a message repeats."""

_FAULTY_CATEGORIES: Final = {
    "Cc": "contains a control character",
    "Cs": "is no valid Unicode",
    "Zl": "contains a line break",
    "Zp": "contains a line break",
}


def check_label_name(text: str) -> str:
    """The label's name in normal form C.

    Raises InvalidInputError where it cannot be one.
    """
    return _checked(text, "a label")


def check_attribute_name(text: str) -> str:
    """The attribute's name in normal form C.

    Raises InvalidInputError where it cannot be one.
    """
    return _checked(text, "an attribute")


def _checked(text: str, what: str) -> str:
    name = normalize("NFC", text)
    reason = _find_fault(name)
    if reason:
        shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
        raise InvalidInputError(f"{shown!r} cannot be {what}: it {reason}")
    return name


def _find_fault(name: str) -> str | None:
    if not name.isprintable():
        found = (_FAULTY_CATEGORIES[kind] for kind in map(category, name) if kind in _FAULTY_CATEGORIES)
        if reason := next(found, None):
            return reason
    if not name.strip():
        return "is blank"
    if name != name.strip():
        return "begins or ends with a space"
    return f"is longer than {_MAX_BYTES} bytes" if len(name.encode()) > _MAX_BYTES else None
