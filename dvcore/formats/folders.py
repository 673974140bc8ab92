"""Class folders: the name of the folder that an image is in is its class."""

from collections.abc import Sequence

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.contents import Contents, Format
from dvcore.formats.source import Request, format_place
from dvcore.formats.source_folder import SourceFolder
from dvcore.formats.splits import SPLIT_VARIABLE, published_splits, split_declarations, with_splits
from dvcore.formats.walking import Walk, drop_collisions
from dvcore.image.names import is_image_name
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.values import ValueType
from dvcore.model.variable_names import check_variable_name


def read_folders(request: Request, found: Walk) -> Contents:
    """The images with the enum variable `request.variable`: the name of the folder directly around each, of however
    many. An image that no class folder is around is a fault.

    Raises InvalidInputError where the variable's name is taken or cannot be one.
    """
    variable = check_variable_name(request.variable, ())
    folders, collisions = drop_collisions(found.folders)
    splits = published_splits(folders)
    if splits and variable == SPLIT_VARIABLE:
        raise InvalidInputError(
            f"the folders {', '.join(splits)} already fill the variable {SPLIT_VARIABLE!r}",
            hint="give another name with --variable",
        )
    inside = [folder for folder in with_splits(folders, splits) if _has_class(folder, splits)]
    outside = [place for folder in folders if not _has_class(folder, splits) for place in folder.iter_places()]
    unclassed = [Fault(format_place(place), "is in no class folder") for place in outside]
    classes = sorted({folder.path[-1] for folder in inside})
    return Contents(
        folders=[folder.with_variable(variable, folder.path[-1]) for folder in inside],
        faults=(*found.faults, *collisions, *unclassed),
        passed_over=found.passed_over,
        variables=(*split_declarations(splits), VariableDeclaration(variable, ValueType.ENUM, tuple(classes))),
        notes=(*found.notes, *found.json_notes),
    )


def _has_class(folder: SourceFolder, splits: Sequence[str]) -> bool:
    return len(folder.path) > (1 if splits else 0)


FOLDERS = Format("folders", is_image_name, read_folders)
