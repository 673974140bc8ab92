"""Writes class folders: each image in a folder that is called like its class, in a folder for each split.

Some readers take the outermost folder for the class, others the innermost: there is only one. Other directories that an
image is in become the beginning of its name. `docs/exporting.md` has what is kept.
"""

from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.formats.export.exported import Exported, ExportOptions
from dvcore.formats.export.exporting import Export, Exporter
from dvcore.model.names import Path, normalize_name
from dvcore.model.values import Value, format_value

_BETWEEN: Final = "-"
"""Joins names of directories to that of the file."""


def write_folders(export: Export) -> None:
    """Write all files that have a class.

    Raises InvalidInputError where the variable is not declared, FaultyFilesError where a class cannot be the name of a
    folder.
    """
    variable = export.options.variable
    if variable not in export.variables:
        raise InvalidInputError(
            f"no variable {variable!r} is declared to have the classes of images",
            hint="name one with --variable, or export the snapshot of a project that has labels",
        )

    def write(file: Exported) -> None:
        value = file.variables.get(variable)
        if value is None:
            export.leave_out(file, f"no {variable}")
        else:
            name = normalize_name(format_value(value))
            export.classes.add(name)
            export.put_image(file, _place(file, name))

    export.each(write)


def _place(file: Exported, name: str) -> Path:
    split = () if file.split is None else (file.split,)
    *directories, last = file.below(*split)
    if directories[-1:] == [name]:  # it came in a class folder
        directories.pop()
    return *split, name, _BETWEEN.join((*directories, last))


def _holds(name: str, _value: Value, options: ExportOptions) -> bool:
    return name == options.variable


FOLDERS_EXPORTER: Final = Exporter("folders", write_folders, holds_instances=False, holds_variable=_holds)
