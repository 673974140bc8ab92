"""Reads the rows of tables: which file each is about, and which values it gives."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from io import FileIO
from typing import Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.stated.annotations import StatedAnnotations
from dvcore.formats.stated.by_image import StatedMap
from dvcore.formats.stated.file_names import find_under, parse_file_name
from dvcore.formats.table.columns import Columns
from dvcore.formats.table.rows import FILE_NAME, Row
from dvcore.formats.table.tables import Table
from dvcore.formats.texts.json_files import format_value, take_text
from dvcore.model.names import ROOT, Path

_IMAGE_FOLDER: Final = "images"

RowReader = Callable[[FileIO], Iterator[Row]]


@dataclass(slots=True)
class Reading:
    """What the tables say, as far as they are read: `lines` are where each file is named, `refused` those that cannot
    come in."""

    columns: Columns
    stated: StatedMap
    paths: set[Path]
    folders: Sequence[Path]
    lines: dict[Path, str] = field(default_factory=dict)
    refused: set[Path] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    states: list[bytes] = field(default_factory=list)
    rows: int = 0

    def look_at(self, table: Table, file: FileIO, iter_rows: RowReader) -> None:
        """Learn what the columns are."""
        for row in iter_rows(file):
            if row.fault is None:
                self.columns.look_at(row.cells)

    def read(self, table: Table, file: FileIO, iter_rows: RowReader) -> None:
        """Take the values of each row; what is wrong with one is a fault of its file."""
        places = image_folders(table, self.folders)
        for row in iter_rows(file):
            where = f"{table.where}: line {row.line}"
            self.rows += 1
            try:
                path = self._path(row, places)
                self._claim(path, where)
                self._take(path, where, row)
            except InvalidInputError as error:
                self.faults.append(Fault(where, error.message))

    def _path(self, row: Row, places: Sequence[Path]) -> Path:
        name = take_text(row.cells if FILE_NAME in row.cells else row.sound_cells(), FILE_NAME)
        path = find_under(parse_file_name(name), places, self.paths.__contains__)
        if path is None:
            raise InvalidInputError(f"names {format_value(name)}, which is no image of the source")
        return path

    def _claim(self, path: Path, where: str) -> None:
        first = self.lines.setdefault(path, where)
        if first != where:
            self.refused.add(path)
            raise InvalidInputError(f"names the image of {first} again")

    def _take(self, path: Path, where: str, row: Row) -> None:
        try:
            values = self.columns.read(row.sound_cells())
        except InvalidInputError:
            self.refused.add(path)
            raise
        self.stated.put(path, StatedAnnotations(where, None, (), values, is_annotated=False))


def image_folders(table: Table, folders: Sequence[Path]) -> list[Path]:
    """Where a table's files are looked for: beside it, in `images/` there, in the source, in its `images/`, and where
    all images of the source are in one folder, there."""
    places = [table.folder, (*table.folder, _IMAGE_FOLDER), ROOT, (_IMAGE_FOLDER,)]
    return list(dict.fromkeys([*places, *folders] if len(folders) == 1 else places))
