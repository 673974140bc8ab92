"""Rows of tables that strangers wrote: comma-separated values, as spreadsheets and programs write them; lines of json.

Rows are given with the numbers of their lines, and with what is wrong where one is none. What is no table at all raises
InvalidInputError, worded to follow the name of the file.
"""

import codecs
import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader, FileIO, TextIOWrapper
from typing import Any, Final

from dvcore.errors import InvalidInputError
from dvcore.formats.texts.json_files import parse_json, take_object

FILE_NAME: Final = "file_name"
_DELIMITERS: Final = ",;\t|"
_MARKS: Final = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_LONGEST: Final = 1 << 20
"""Of a line: characters of a header, bytes of json."""


@dataclass(frozen=True, slots=True)
class Row:
    """The cells by their columns; an empty one is an empty text or None. `fault` says why the row cannot be used."""

    line: int
    cells: Mapping[str, Any] = field(default_factory=dict)
    fault: str | None = None

    def sound_cells(self) -> Mapping[str, Any]:
        """The cells. Raises InvalidInputError where the row has a fault."""
        if self.fault is not None:
            raise InvalidInputError(self.fault)
        return self.cells


def iter_csv(file: FileIO) -> Iterator[Row]:
    """The rows of a table whose first line names the columns. What separates them is seen there; quoted cells may hold
    line breaks. The text is UTF-8, with or without a mark, or UTF-16 with one."""
    with _text(file) as text:
        header, delimiter = _header(text)
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        line = 2
        try:
            for cells in reader:
                if cells:
                    yield _row(line, header, cells)
                line = reader.line_num + 2
        except csv.Error as error:
            raise InvalidInputError(f"is no table: line {line}: {error}") from None
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"is no text in {error.encoding} behind line {line - 1}") from None


def iter_json_lines(file: FileIO) -> Iterator[Row]:
    """An object on each line that is not blank."""
    reader = BufferedReader(file)
    try:
        number = 0
        while line := reader.readline(_LONGEST + 1):
            number += 1
            if len(line) > _LONGEST:
                raise InvalidInputError(f"has a line of more than {_LONGEST >> 20} MiB: line {number}")
            if line.removeprefix(codecs.BOM_UTF8).strip():
                yield _json_row(number, line)
    finally:
        reader.detach()


def _json_row(number: int, line: bytes) -> Row:
    try:
        return Row(number, take_object(parse_json(line)))
    except InvalidInputError as error:
        return Row(number, fault=error.message)


def _row(line: int, header: Sequence[str], cells: Sequence[str]) -> Row:
    """Spreadsheets end rows with empty cells that have no column; others are a mistake."""
    named = dict(zip(header, cells, strict=False))
    if len(cells) < len(header) or any(cells[len(header) :]):
        return Row(line, named, f"has {len(cells)} cells, there are {len(header)} columns")
    return Row(line, named)


@contextmanager
def _text(file: FileIO) -> Iterator[TextIOWrapper]:
    """The text of a file, which stays open."""
    start = file.read(4)
    file.seek(0)
    encoding = next((name for mark, name in _MARKS.items() if start.startswith(mark)), "utf-8")
    text = TextIOWrapper(BufferedReader(file), encoding, newline="")
    try:
        yield text
    finally:
        text.detach().detach()


def _header(text: TextIOWrapper) -> tuple[list[str], str]:
    """The columns and what separates them: the sign with which there are most of them, `file_name` among them."""
    try:
        first = text.readline(_LONGEST)
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"is no text in {error.encoding}") from None
    found = max(((columns_of(first, sign), sign) for sign in _DELIMITERS), key=lambda one: len(one[0]))
    if not found[0]:
        raise InvalidInputError(f"has no column {FILE_NAME!r}", hint="its first line names the columns")
    twice = sorted({name for name in found[0] if name and found[0].count(name) > 1})
    if twice:
        raise InvalidInputError(f"has two columns {twice[0]!r}")
    return found


def columns_of(line: str, delimiter: str) -> list[str]:
    """The columns that a first line names; none where `file_name` is not among them."""
    try:
        cells = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []
    columns = [cell.strip() for cell in cells]
    return columns if FILE_NAME in columns else []


def has_file_names(start: bytes) -> bool:
    """Whether the beginning of a file is that of a table of files, of either kind."""
    encoding = next((name for mark, name in _MARKS.items() if start.startswith(mark)), "utf-8")
    first = start.decode(encoding, "replace").replace("\r", "\n").partition("\n")[0]
    if first.lstrip().startswith("{"):
        return f'"{FILE_NAME}"' in first
    return any(columns_of(first, sign) for sign in _DELIMITERS)
