"""Any files as they are: nothing is read out of them, sub-folders become sub-directories."""

from dvcore.formats.disk.walking import Walk, drop_collisions
from dvcore.formats.reader.contents import Contents, Format
from dvcore.formats.reader.request import Request


def read_files(_: Request, found: Walk) -> Contents:
    """All that was found."""
    folders, collisions = drop_collisions(found.folders)
    return Contents(
        folders=folders,
        faults=(*found.faults, *collisions),
        passed_over=found.passed_over,
        notes=tuple(found.notes),
    )


FILES = Format("files", lambda _: True, read_files, are_images=False)
