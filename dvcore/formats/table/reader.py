"""Images with a table beside them: a line for each file, a column for each variable.

The column `file_name` says which file is meant; the others become variables of that file.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path as FolderPath

from dvcore.errors import InvalidInputError, NotFoundError
from dvcore.formats.disk.annotation_files import AnnotationFiles
from dvcore.formats.disk.source_folder import SourceFolder, count_files, without_paths
from dvcore.formats.disk.split_folders import published_splits, with_splits
from dvcore.formats.disk.steady import opened_steady
from dvcore.formats.disk.walking import Walk, drop_collisions
from dvcore.formats.reader.contents import Contents, Format
from dvcore.formats.reader.request import Request
from dvcore.formats.stated.by_image import StatedMap
from dvcore.formats.stated.splits import SPLIT_VARIABLE, split_declarations
from dvcore.formats.table.columns import Columns
from dvcore.formats.table.reading import Reading, RowReader
from dvcore.formats.table.rows import FILE_NAME, iter_csv, iter_json_lines
from dvcore.formats.table.tables import Table, begins_a_table, find_tables, read_tables
from dvcore.formats.wording import format_count, format_place, format_reason
from dvcore.image.names import is_image_name


@dataclass(frozen=True, slots=True)
class TableReader:
    """Reads tables of one kind: files with these suffixes, whose rows `iter_rows` gives."""

    suffixes: tuple[str, ...]
    iter_rows: RowReader
    texts_mean_values: bool

    def takes_annotations(self, name: str) -> bool:
        """Whether a file may be such a table."""
        return name.lower().endswith(self.suffixes)

    def read(self, request: Request, found: Walk) -> Contents:
        """The images of a source, with the variables that tables give them.

        Raises NotFoundError where there is no table, InvalidInputError where it is none.
        """
        files = AnnotationFiles(found.annotations)
        tables = read_tables(request, files)
        if not tables:
            raise InvalidInputError(
                f"{format_place(request.source)!r} has no table with a column {FILE_NAME!r}",
                hint="name one with --annotations",
            )
        folders, collisions = drop_collisions(found.folders)
        reading = self._read(request, tables, folders)
        splits = () if SPLIT_VARIABLE in reading.columns.found else published_splits(folders)
        listed, states = {file.state for file in files}, set(reading.states)
        is_named = request.annotations is not None
        return Contents(
            folders=without_paths(with_splits(folders, splits), reading.refused),
            annotations=reading.stated,
            faults=(*found.faults, *collisions, *reading.faults),
            passed_over=found.passed_over + len(files) - len(listed & states),
            variables=(*split_declarations(splits), *reading.columns.found.values()),
            are_as_listed=is_named or states <= listed,
            annotation_state=reading.states[0] if is_named and len(states) == 1 else None,
            notes=(*found.notes, *_notes(reading, count_files(folders))),
        )

    def find(self, request: Request) -> str | None:
        """Why a source is of this format."""
        if request.annotations is not None:
            is_table = self.takes_annotations(request.annotations.name) and begins_a_table(request.annotations)
            return f"{format_place(request.annotations.name)} has a column {FILE_NAME!r}" if is_table else None
        tables = find_tables(request, self.suffixes)
        return f"{', '.join(one.where for one in tables)} has a column {FILE_NAME!r}" if tables else None

    def _read(self, request: Request, tables: Sequence[Table], folders: Sequence[SourceFolder]) -> Reading:
        columns = Columns({one.name: one for one in request.declared}, self.texts_mean_values)
        paths = {path for folder in folders for path in folder.iter_paths()}
        reading = Reading(columns, StatedMap(request.scratch), paths, list(dict.fromkeys(one.path for one in folders)))
        for table in tables:
            reading.states.append(_with_open(table, lambda table, file: reading.look_at(table, file, self.iter_rows)))
        columns.settle()
        for table in tables:
            reading.states.append(_with_open(table, lambda table, file: reading.read(table, file, self.iter_rows)))
        return reading


def _with_open(table: Table, read: Callable[[Table, FileIO], None]) -> bytes:
    """Read a table; gives the state that it was in. Errors name it."""
    try:
        with opened_steady(os.fspath(table.place)) as (file, state):
            read(table, file)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(f"there is no annotation file {format_place(table.place)!r}") from None
    except OSError as error:
        raise InvalidInputError(f"{format_place(table.place)!r} cannot be read: {format_reason(error)}") from None
    except InvalidInputError as error:
        raise InvalidInputError(f"{table.where}: {error.message}", hint=error.hint) from None
    return state


def _notes(reading: Reading, files: int) -> Iterator[str]:
    columns = reading.columns
    yield f"the table has {format_count(reading.rows, 'row')}"
    if columns.found:
        kinds = ", ".join(f"{name} is {one.type.value}" for name, one in sorted(columns.found.items()))
        yield f"types found in the table: {kinds}"
    for column, reason in sorted(columns.refused.items()):
        yield f"not kept: the column {column!r}: {reason}"
    for column, count in sorted(columns.lost.items()):
        yield f"not kept: {format_count(count, 'cell')} of the column {column!r}, which hold no plain value"
    if unnamed := files - len(reading.lines):
        yield f"without a row: {format_count(unnamed, 'image')}"


def _find_annotations(request: Request) -> FolderPath | None:
    return request.annotations


_CSV = TableReader((".csv", ".tsv"), iter_csv, texts_mean_values=True)
_JSON_LINES = TableReader((".jsonl", ".ndjson"), iter_json_lines, texts_mean_values=False)

CSV = Format("csv", is_image_name, _CSV.read, _CSV.find, _find_annotations, _CSV.takes_annotations)
JSON_LINES = Format(
    "jsonl", is_image_name, _JSON_LINES.read, _JSON_LINES.find, _find_annotations, _JSON_LINES.takes_annotations
)
