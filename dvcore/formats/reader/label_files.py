"""Text files that say of one image what is in it, an instance a line, columns between spaces."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path as FolderPath
from typing import Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.disk.annotation_files import AnnotationFile, AnnotationFiles
from dvcore.formats.disk.peeking import PEEK_BYTES, first_bytes
from dvcore.formats.stated.annotations import StatedInstance
from dvcore.formats.texts.plain_text import decode_text, iter_lines
from dvcore.model.annotations import Entered

MAX_LABEL_BYTES: Final = 16 << 20
"""Of the text file of one image: some 300,000 boxes."""
_MAX_FAULTS: Final = 1_000
_OPENED: Final = 2_000
_SAMPLE: Final = 20
"""Files, of those that are opened, whose first lines tell what a source is."""


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
