"""Reads a COCO json section by section: what it says of images and categories before what it says of annotations,
however they lie in the file. The categories mostly lie at its end, and are looked for there; where they do not, or the
images come late, the file is read a second time.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from typing import Any, Final, Protocol

from dvcore.errors import InvalidInputError, NotFoundError
from dvcore.formats.coco.documents import DocumentFile
from dvcore.formats.disk.steady import opened_steady
from dvcore.formats.texts.json_files import format_value, parse_json
from dvcore.formats.texts.json_stream import iter_members
from dvcore.formats.wording import format_place, format_reason

IMAGES: Final = "images"
CATEGORIES: Final = "categories"
ANNOTATIONS: Final = "annotations"
_SECTIONS: Final = (IMAGES, CATEGORIES, ANNOTATIONS)
_TAIL_BYTES: Final = 4 << 20
"""Five times what the categories of LVIS take, which has 1,203."""


class Taker(Protocol):
    """Takes the items of the sections, each with its place in its section."""

    def take_image(self, index: int, item: Any) -> None:
        """An image, of any shape."""

    def take_category(self, index: int, item: Any) -> None:
        """A category, of any shape."""

    def take_annotation(self, index: int, item: Any) -> None:
        """An annotation, of any shape: all images and categories were taken."""


@dataclass(frozen=True, slots=True)
class Sections:
    """How many items each section that is there has, the names of other members, and the state that the file was in."""

    counts: Mapping[str, int]
    others: tuple[str, ...]
    state: bytes


def read_sections(document: DocumentFile, taker: Taker) -> Sections:
    """Hand everything to the taker.

    Raises NotFoundError where there is no file, InvalidInputError, naming it, where it is no COCO json.
    """
    with _named(document), opened_steady(os.fspath(document.place)) as (file, state):
        counts: dict[str, int] = {}
        others: list[str] = []
        taken: set[str] = set()
        for name, value in iter_members(file):
            if name not in _SECTIONS:
                others.append(format_value(name))
                continue
            _check_section(name, value, counts)
            if name == ANNOTATIONS and taken == {IMAGES} and _take_categories_ahead(file, taker):
                taken.add(CATEGORIES)
            if name in taken or (name == ANNOTATIONS and not taken >= {IMAGES, CATEGORIES}):
                counts[name] = sum(1 for _ in value)
            else:
                counts[name] = _take(name, value, taker)
                taken.add(name)
        if IMAGES not in counts:
            raise InvalidInputError("is no COCO json: it has no list 'images'", hint="see docs/formats/coco.md")
        if ANNOTATIONS in counts.keys() - taken:
            _take_annotations(file, taker)
    return Sections(counts, tuple(sorted(others)), state)


def _check_section(name: str, value: object, counts: Mapping[str, int]) -> None:
    if not isinstance(value, Iterator):
        raise InvalidInputError(f"is no COCO json: its {name!r} is no list", hint="see docs/formats/coco.md")
    if name in counts:
        raise InvalidInputError(f"has the list {name!r} twice")


def _take_categories_ahead(file: FileIO, taker: Taker) -> bool:
    """Take the categories that lie at the end of the file, and not move in it; whether they were found.

    A name from which on the rest of the file is the rest of one object, and no more, is a name of the file's own
    object. That what comes before is json, too, shows as the file is read on.
    """
    end = os.fstat(file.fileno()).st_size
    tail = os.pread(file.fileno(), _TAIL_BYTES, max(0, end - _TAIL_BYTES))
    _, name, rest = tail.rpartition(b'"categories"')
    try:
        found = parse_json(b"{" + name + rest).get(CATEGORIES)
    except InvalidInputError:
        return False
    if isinstance(found, list):
        _take(CATEGORIES, found, taker)
    return isinstance(found, list)


def _take(name: str, items: Iterable[Any], taker: Taker) -> int:
    take = {IMAGES: taker.take_image, CATEGORIES: taker.take_category, ANNOTATIONS: taker.take_annotation}[name]
    count = 0
    for count, item in enumerate(items, start=1):
        take(count - 1, item)
    return count


def _take_annotations(file: FileIO, taker: Taker) -> None:
    file.seek(0)
    for name, value in iter_members(file):
        if name == ANNOTATIONS:
            _take(name, value, taker)


@contextmanager
def _named(document: DocumentFile) -> Iterator[None]:
    """Errors name the file."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(f"there is no annotation file {format_place(document.place)!r}") from None
    except OSError as error:
        raise InvalidInputError(f"{format_place(document.place)!r} cannot be read: {format_reason(error)}") from None
    except InvalidInputError as error:
        raise InvalidInputError(f"{document.where}: {error.message}", hint=error.hint) from None
