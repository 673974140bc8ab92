"""Annotation files of plain text: one thing a line, columns between spaces. Nothing is trusted.

Every check raises InvalidInputError with a message that follows a name: "labels/1.txt" + "is no text".
"""

import codecs
from collections.abc import Iterator
from typing import Final

from dvcore.errors import InvalidInputError

_SHOWN: Final = 40
"""Characters of a line that a message repeats."""

_MARKS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def decode_text(data: bytes) -> str:
    """The text: UTF-8, with or without a mark, or UTF-16 with one, as editors on Windows write.

    Raises InvalidInputError.
    """
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"is no text in {encoding.removesuffix('-sig').upper()}: {error.reason}") from None
    if "\0" in text:
        raise InvalidInputError("is no text: it holds a zero byte")
    return text


def iter_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, with their numbers from 1, without the spaces around them. They end as on any system;
    signs that Unicode counts as line breaks are part of a line."""
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1):
        if stripped := line.strip():
            yield number, stripped


def parse_number(text: str) -> float:
    """A number as programs write it; NaN and infinities are for whoever places it.

    Raises InvalidInputError.
    """
    try:
        if "_" not in text:  # Python's own licence
            return float(text)
    except ValueError:
        pass
    raise InvalidInputError(f"has {shown(text)} where a number should be")


def parse_whole(text: str) -> int:
    """A whole number of at most 64 bits; `7.0` is one, as programs that know only floats write it.

    Raises InvalidInputError.
    """
    number = parse_number(text)
    if abs(number) < 2**53 and number == int(number):
        return int(number)
    raise InvalidInputError(f"has {shown(text)} where a whole number should be")


def shown(text: str) -> str:
    """A text for messages: short, in ASCII."""
    return ascii(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")
