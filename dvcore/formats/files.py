"""Any files as they are: nothing is read out of them, sub-folders become sub-directories."""

from dvcore.formats.source import Contents, Format, Request
from dvcore.formats.walking import drop_collisions, walk


def read_files(request: Request) -> Contents:
    """Raises NotFoundError where there is nothing at the source."""
    found = walk(request.source, lambda _: True)
    files, collisions = drop_collisions(found.files)
    return Contents(
        files=tuple(files),
        faults=(*found.faults, *collisions),
        passed_over=found.passed_over,
        notes=tuple(found.notes),
        are_images=False,
    )


FILES = Format("files", read_files)
