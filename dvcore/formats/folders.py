"""Class folders: the name of the folder that an image is in is its class."""

from collections.abc import Sequence
from dataclasses import replace

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.source import Contents, Format, Request, SourceFile, format_place
from dvcore.formats.splits import SPLIT_VARIABLE, published_splits, split_declarations, with_splits
from dvcore.formats.walking import drop_collisions, walk
from dvcore.image.names import is_image_name
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.values import ValueType
from dvcore.model.variable_names import check_variable_name


def read_folders(request: Request) -> Contents:
    """The images with the enum variable `request.variable`: the name of the folder directly around each, of however
    many. An image that no class folder is around is a fault.

    Raises NotFoundError where there is nothing at the source, InvalidInputError where the variable's name
    is taken or cannot be one.
    """
    variable = check_variable_name(request.variable, ())
    found = walk(request.source, is_image_name)
    files, collisions = drop_collisions(found.files)
    splits = published_splits(files)
    if splits and variable == SPLIT_VARIABLE:
        raise InvalidInputError(
            f"the folders {', '.join(splits)} already fill the variable {SPLIT_VARIABLE!r}",
            hint="give another name with --variable",
        )
    inside = [file for file in with_splits(files, splits) if _has_class(file, splits)]
    outside = [file for file in files if not _has_class(file, splits)]
    unclassed = [Fault(format_place(file.place), "is in no class folder") for file in outside]
    classes = sorted({file.path[-2] for file in inside})
    return Contents(
        files=tuple(_with_class(file, variable) for file in inside),
        faults=(*found.faults, *collisions, *unclassed),
        passed_over=found.passed_over,
        variables=(*split_declarations(splits), VariableDeclaration(variable, ValueType.ENUM, tuple(classes))),
        notes=(*found.notes, *found.json_notes),
    )


def _has_class(file: SourceFile, splits: Sequence[str]) -> bool:
    return len(file.path) > (2 if splits else 1)


def _with_class(file: SourceFile, variable: str) -> SourceFile:
    return replace(file, variables={**file.variables, variable: file.path[-2]})


FOLDERS = Format("folders", read_folders)
