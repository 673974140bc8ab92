"""Writes the images as they lie in the repository, and `metadata.csv` with the values of their variables, a line each.
`docs/exporting.md` has what is kept."""

from typing import Final

from dvcore.formats.export.exported import Exported, ExportOptions
from dvcore.formats.export.exporting import Export, Exporter
from dvcore.formats.texts.csv_text import format_row
from dvcore.model.names import format_path
from dvcore.model.values import Value, format_value

_TABLE: Final = ("metadata.csv",)
"""The name, and that of the first column, under which Hugging Face's datasets look for it."""
_FILE_NAME: Final = "file_name"


def write_csv(export: Export) -> None:
    """Write all files. Texts stand in the table as they are, also those that a spreadsheet takes for formulas."""
    names = [name for name in export.variables if name != _FILE_NAME]
    export.out.add_text(_TABLE, format_row([_FILE_NAME, *names]))

    def write(file: Exported) -> None:
        export.put_image(file, file.path)
        export.out.add_text(_TABLE, format_row([format_path(file.path), *_values(file, names, export)]))

    export.each(write)


def _values(file: Exported, names: list[str], export: Export) -> list[str]:
    for name in names:
        if file.variables.get(name) == "":
            export.losses.lose(f"empty text of variable {name}")
    return [format_value(file.variables.get(name)) for name in names]


def _holds(name: str, _value: Value, _options: ExportOptions) -> bool:
    return name != _FILE_NAME


CSV_EXPORTER: Final = Exporter("csv", write_csv, holds_splits=False, holds_instances=False, holds_variable=_holds)
