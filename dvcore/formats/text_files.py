"""Annotation files of plain text: one thing a line, columns between spaces. Nothing is trusted.

Every check raises InvalidInputError with a message that follows a name: "labels/1.txt" + "is no text".
"""

import codecs
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path as FolderPath
from typing import Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.annotation_files import AnnotationFile, AnnotationFiles
from dvcore.formats.peeking import PEEK_BYTES, first_bytes
from dvcore.formats.source import StatedInstance
from dvcore.model.annotations import Entered

MAX_LABEL_BYTES: Final = 16 << 20
"""Of the text file of one image: some 300,000 boxes."""
_MAX_FAULTS: Final = 1_000
_OPENED: Final = 2_000
_SAMPLE: Final = 20
"""Files, of those that are opened, whose first lines tell what a source is."""
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


def read_label_file(
    files: AnnotationFiles, file: AnnotationFile, parse: Callable[[list[str]], Entered]
) -> tuple[tuple[StatedInstance, ...], list[Fault]]:
    """The instances of one image's text file, a line each, and what is wrong with the other lines. `parse` takes the
    columns of a line and raises InvalidInputError for those that are no instance.

    Raises InvalidInputError where the file cannot be read, or is something else.
    """
    if file.size > MAX_LABEL_BYTES:
        raise InvalidInputError(f"is too large for the labels of an image: {file.size >> 20} MiB")
    stated: list[StatedInstance] = []
    faults: list[Fault] = []
    for number, line in iter_lines(decode_text(files.read(file))):
        where = f"{file.where}: line {number}"
        try:
            stated.append(StatedInstance(where, parse(line.split())))
        except InvalidInputError as error:
            faults.append(Fault(where, error.message))
            if len(faults) > _MAX_FAULTS:
                raise InvalidInputError(f"has more than {_MAX_FAULTS:,} faulty lines: it holds no labels") from None
    return tuple(stated), faults


def find_first_columns(place: FolderPath) -> list[str] | None:
    """The columns of the first line of a file, an empty list where it has none; None where it is no text: for telling
    what a file is about."""
    data = first_bytes(place)
    whole = data if len(data) < PEEK_BYTES else data[: data.rfind(b"\n") + 1]
    try:
        return next((line.split() for _, line in iter_lines(decode_text(whole))), [])
    except InvalidInputError:
        return None


def iter_first_columns(places: Iterable[FolderPath]) -> Iterator[tuple[FolderPath, list[str]]]:
    """The first of these files that are texts and not empty, each with the columns of its first line: enough to tell
    what they are about. Label files of images that show nothing are empty, and there may be many of them."""
    found = ((place, find_first_columns(place)) for place in islice(places, _OPENED))
    yield from islice(((place, columns) for place, columns in found if columns), _SAMPLE)


def shown(text: str) -> str:
    """A text for messages: short, in ASCII."""
    return ascii(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")
