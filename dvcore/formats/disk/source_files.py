"""The files and folders that an import is given."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FolderPath

from dvcore.errors import NotFoundError
from dvcore.formats.wording import format_place, format_reason
from dvcore.model.names import Path
from dvcore.model.values import Value


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file to bring in: where it lands under the destination, where it is on the disk, its length in bytes when it
    was looked at, and what all files of its folder are given."""

    path: Path
    place: str
    size: int
    variables: Mapping[str, Value] = field(default_factory=dict)


def stat_source(source: FolderPath) -> os.stat_result:
    """What the system knows of the file or folder to import, or of what a link there leads to.

    Raises NotFoundError where there is nothing, or nothing that can be reached.
    """
    try:
        return source.stat()
    except (OSError, ValueError) as error:
        raise NotFoundError(f"nothing to import at {format_place(source)!r}: {format_reason(error)}") from None
