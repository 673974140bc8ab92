"""Texts in XML, as far as it can hold them: <https://www.w3.org/TR/xml/#charsets> leaves out some signs altogether."""

import re
from typing import Final

from dvcore.errors import InvalidInputError

_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SIGNIFICANT: Final = re.compile('[&<>"\t\n\r]')
_REFERENCES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
"""Readers make a space, or a line feed, of the last three where they stand as they are."""

UNHELD: Final = "has a sign that XML cannot hold"
"""Said of a text, behind it."""


def is_xml(text: str) -> bool:
    """Whether XML can hold a text."""
    return (text.isprintable() and text.isascii()) or not _FORBIDDEN.search(text)


def escape_xml(text: str) -> str:
    """The text as content of an element, or as the value of an attribute between double quotes.

    Raises InvalidInputError where XML cannot hold it.
    """
    if not is_xml(text):
        raise InvalidInputError(f"{text!r} {UNHELD}", hint="change it, or choose another format")
    return _SIGNIFICANT.sub(_reference, text)


def _reference(found: re.Match[str]) -> str:
    return _REFERENCES[found[0]]
