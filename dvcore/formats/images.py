"""Images as they lie in a folder: sub-folders become sub-directories. One image file works too."""

from collections.abc import Sequence

from dvcore.formats.source import Contents, Format, Request, SourceFile
from dvcore.formats.splits import published_splits, split_declarations, with_splits
from dvcore.formats.walking import drop_collisions, walk
from dvcore.image.names import is_image_name


def read_images(request: Request) -> Contents:
    """Raises NotFoundError where there is nothing at the source."""
    found = walk(request.source, is_image_name)
    files, collisions = drop_collisions(found.files)
    splits = published_splits(files)
    return Contents(
        files=tuple(with_splits(files, splits)),
        faults=(*found.faults, *collisions),
        passed_over=found.passed_over,
        variables=split_declarations(splits),
        notes=(*found.notes, *found.json_notes, *_class_folder_note(files, splits)),
    )


def _class_folder_note(files: Sequence[SourceFile], splits: Sequence[str]) -> Sequence[str]:
    """Folders of classes look like any others, so nothing is made of their names unless somebody says so."""
    depth = 3 if splits else 2
    if not files or any(len(file.path) < depth for file in files):
        return ()
    return ("every image is in a sub-folder; '--format folders' makes a variable of the folders' names",)


def _find(request: Request) -> str | None:
    if request.source.is_file():
        return "an image file" if is_image_name(request.source.name) else None
    return "a folder"


IMAGES = Format("images", read_images, _find)
