"""Open Images' tables: told apart by their columns, and read row by row, however long they are.

Every check raises InvalidInputError with a message that follows the name of the file or row.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from io import BytesIO, FileIO, TextIOWrapper
from itertools import chain
from pathlib import Path as FolderPath
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.formats.disk.peeking import first_bytes

Row = Mapping[str, str]


class Table(Enum):
    """What a table holds; the columns that it has and no table above does."""

    MASKS = frozenset({"ImageID", "LabelName", "MaskPath"})
    BOXES = frozenset({"ImageID", "LabelName", "XMin", "XMax", "YMin", "YMax"})
    RELATIONSHIPS = frozenset({"ImageID", "LabelName1", "LabelName2"})
    IMAGE_LABELS = frozenset({"ImageID", "LabelName", "Confidence"})
    IMAGES = frozenset({"ImageID", "Subset"})
    CLASSES = frozenset({"LabelName", "DisplayName"})


_CLASS_PREFIXES: Final = ("/m/", "/g/")
_CLASS_COLUMNS: Final = ("LabelName", "DisplayName")


def find_table(columns: Sequence[str]) -> Table | None:
    """What the table with these in its first line holds; None where it is none of Open Images'. Lists of classes may
    begin with the first class."""
    found = next((table for table in Table if table.value <= set(columns)), None)
    is_class = len(columns) == 2 and columns[0].startswith(_CLASS_PREFIXES)
    return Table.CLASSES if found is None and is_class else found


def find_table_of(place: FolderPath) -> Table | None:
    """What the table in a file holds, by its first line alone; None where it is none, or cannot be read."""
    try:
        return find_table(next(_iter_lines(BytesIO(first_bytes(place)), errors="replace"), (0, []))[1])
    except InvalidInputError:
        return None


def iter_rows(file: FileIO, *, may_be_short: bool = False) -> Iterator[tuple[int, Row | InvalidInputError]]:
    """The rows of a table with the numbers of their lines, from 1; in the place of one that has not as many cells as
    the table has columns, why it is none. Where it `may_be_short`, cells that are missing are empty.

    Raises InvalidInputError where the file is no csv.
    """
    lines = _iter_lines(file)
    number, columns = next(lines, (0, []))
    if columns and columns[0].startswith(_CLASS_PREFIXES):
        lines = chain([(number, columns)], lines)
        columns = list(_CLASS_COLUMNS)
    for number, cells in lines:
        missing = len(columns) - len(cells)
        if missing and not (may_be_short and missing > 0):
            yield number, InvalidInputError(f"has {len(cells)} cells instead of {len(columns)}")
        else:
            yield number, dict(zip(columns, [*cells, *[""] * missing], strict=True))


def _iter_lines(file: FileIO | BytesIO, errors: str = "strict") -> Iterator[tuple[int, list[str]]]:
    """Lines that are not blank; a quoted cell may go on over several."""
    text = TextIOWrapper(file, encoding="utf-8-sig", errors=errors, newline="")
    reader = csv.reader(text, strict=True)  # else an open quote swallows rows in silence
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"is no text in UTF-8: {error.reason} behind line {reader.line_num}") from None
    except csv.Error as error:
        raise InvalidInputError(f"is no csv: {error} in line {reader.line_num}") from None
    finally:
        text.detach()  # the file is somebody else's to close
