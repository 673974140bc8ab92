"""Images as they lie in a folder: sub-folders become sub-directories. One image file works too."""

from collections.abc import Sequence

from dvcore.formats.disk.source_folder import SourceFolder
from dvcore.formats.disk.split_folders import published_splits, with_splits
from dvcore.formats.disk.walking import Walk, drop_collisions
from dvcore.formats.reader.contents import Contents, Format
from dvcore.formats.reader.request import Request
from dvcore.formats.stated.splits import split_declarations
from dvcore.image.names import is_image_name


def read_images(_: Request, found: Walk) -> Contents:
    """All that was found."""
    folders, collisions = drop_collisions(found.folders)
    splits = published_splits(folders)
    return Contents(
        folders=with_splits(folders, splits),
        faults=(*found.faults, *collisions),
        passed_over=found.passed_over,
        variables=split_declarations(splits),
        notes=(*found.notes, *found.json_notes, *_class_folder_note(folders, splits)),
    )


def _class_folder_note(folders: Sequence[SourceFolder], splits: Sequence[str]) -> Sequence[str]:
    """Folders of classes look like any others, so nothing is made of their names unless somebody says so."""
    depth = 2 if splits else 1
    if not folders or any(len(folder.path) < depth for folder in folders):
        return ()
    return ("every image is in a sub-folder; '--format folders' makes a variable of the folders' names",)


def _find(request: Request) -> str | None:
    if request.source.is_file():
        return "an image file" if is_image_name(request.source.name) else None
    return "a folder"


IMAGES = Format("images", is_image_name, read_images, _find)
