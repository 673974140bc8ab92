"""Formats that have one annotation file for all images of a source: finding it, and opening it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from itertools import islice
from pathlib import Path as FolderPath
from typing import Final

from dvcore.errors import InvalidInputError, NotFoundError
from dvcore.formats.disk.steady import opened_steady
from dvcore.formats.reader.request import Request
from dvcore.formats.wording import format_place, format_reason

_LOOKED_AT: Final = 256
"""Files that are looked into: where there are more of a kind, each is of one image."""


def find_single_document(request: Request, suffix: str, is_document: Callable[[FolderPath], bool]) -> FolderPath | None:
    """The annotation file: the one that was named, or the one of this suffix in the source that is one, or None.

    Raises InvalidInputError where there are several, naming them.
    """
    if request.annotations is not None:
        return request.annotations
    look = request.look()
    found = [place for path in islice(look.iter_files(suffix), _LOOKED_AT) if is_document(place := look.place(path))]
    if len(found) > 1:
        names = ", ".join(format_place(place.relative_to(look.root)) for place in found)
        raise InvalidInputError(
            f"{format_place(request.source)!r} has several annotation files: {names}",
            hint="name the one to import with --annotations, or give --format images",
        )
    return found[0] if found else None


def path_under(source: FolderPath, place: FolderPath) -> tuple[str, ...] | None:
    """The names that lead from the source to the annotation file, however the two are written; None where it lies
    elsewhere."""
    absolute, root = (FolderPath(os.path.normpath(one.absolute())) for one in (place, source))
    return absolute.relative_to(root).parts if absolute.is_relative_to(root) else None


@contextmanager
def opened_document(place: FolderPath) -> Iterator[tuple[FileIO, bytes]]:
    """The open file and its state, for the time of the `with`; what is raised inside as a fault of the file gets its
    name.

    Raises NotFoundError where there is none, InvalidInputError where it cannot be read.
    """
    try:
        with opened_steady(os.fspath(place)) as opened:
            yield opened
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(f"there is no annotation file {format_place(place)!r}") from None
    except OSError as error:
        raise InvalidInputError(f"{format_place(place)!r} cannot be read: {format_reason(error)}") from None
    except InvalidInputError as error:
        raise InvalidInputError(f"{format_place(place.name)} {error.message}", hint=error.hint) from None
