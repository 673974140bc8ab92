"""Finds the tables of a source: at its top, or one of the same name in each of several folders, as Hugging Face's image
folders have a `metadata.csv` in `train/` and `test/`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path as FolderPath
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.formats.disk.annotation_files import AnnotationFiles
from dvcore.formats.reader.request import Request
from dvcore.formats.table.rows import has_file_names
from dvcore.formats.wording import format_place
from dvcore.model.names import ROOT, Path

_DEPTH: Final = 2
_MOST: Final = 100
"""Files that are looked into: where there are more, each is of one image."""
_LOOK_BYTES: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class Table:
    """A table: what messages call it, where it is on the disk, and the folder under the source that it lies in."""

    where: str
    place: FolderPath
    folder: Path


def find_tables(request: Request, suffixes: Sequence[str]) -> list[Table]:
    """Those that a look at the source shows, or the one that is named.

    Raises InvalidInputError where there are several of which nothing says that they belong together.
    """
    if request.annotations is not None:
        return [_table((request.annotations.name,), request.annotations)]
    look = request.look()
    return _chosen({path: look.place(path) for path in look.iter_files(*suffixes)})


def read_tables(request: Request, files: AnnotationFiles) -> list[Table]:
    """The same tables, of those that the walk has found, if none is named. Raises as `find_tables` does."""
    if request.annotations is not None:
        return [_named(request.source, request.annotations)]
    return _chosen({file.path: FolderPath(file.place) for file in files})


def _named(source: FolderPath, place: FolderPath) -> Table:
    absolute, root = place.absolute(), source.absolute()
    return _table(absolute.relative_to(root).parts if absolute.is_relative_to(root) else (place.name,), place)


def _chosen(places: dict[Path, FolderPath]) -> list[Table]:
    near = [path for path in places if len(path) <= _DEPTH]
    found = [_table(path, places[path]) for path in near[:_MOST] if begins_a_table(places[path])]
    if len(found) > 1 and not _belong_together(found):
        names = ", ".join(one.where for one in found)
        raise InvalidInputError(
            f"there are several tables of files, and nothing says that they belong together: {names}",
            hint="name the one to import with --annotations, or give --format images",
        )
    return found


def _belong_together(found: Iterable[Table]) -> bool:
    return len({one.place.name for one in found}) == 1 and all(one.folder != ROOT for one in found)


def begins_a_table(place: FolderPath) -> bool:
    """Whether a file begins as a table of files."""
    try:
        with place.open("rb") as file:
            return has_file_names(file.read(_LOOK_BYTES))
    except OSError:  # whoever reads it says so
        return False


def _table(path: Path, place: FolderPath) -> Table:
    return Table(format_place("/".join(path)), place, path[:-1])
