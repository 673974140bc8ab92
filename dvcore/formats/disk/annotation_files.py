"""The annotation files that a walk has found beside the images, read one at a time.

A file that is in another state when it is read than when it was listed is read all the same; what is remembered of the
import must then not be taken for what the source will say again.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.formats.disk.source_folder import SourceFolder, count_files
from dvcore.formats.disk.steady import opened_steady
from dvcore.formats.wording import format_count, format_reason
from dvcore.model.names import Path, format_path

MAX_BYTES: Final = 256 << 20
"""Of one annotation file that is read whole; what one image takes is thousands of times smaller."""


@dataclass(frozen=True, slots=True)
class AnnotationFile:
    """One file: its path under the source, and where it is on the disk."""

    path: Path
    place: str
    size: int
    state: bytes

    @property
    def where(self) -> str:
        """What messages call it."""
        return format_path(self.path)


class AnnotationFiles:
    """All of them, in the order of the walk. `are_as_listed`: whether those read so far were in their listed states."""

    def __init__(self, folders: Sequence[SourceFolder]) -> None:
        self._folders = folders
        self.are_as_listed = True

    def __len__(self) -> int:
        return count_files(self._folders)

    def __iter__(self) -> Iterator[AnnotationFile]:
        for folder in self._folders:
            for raw, state in folder.iter_states():
                file = folder.file(raw, state)
                yield AnnotationFile(file.path, file.place, file.size, state)

    def read(self, file: AnnotationFile) -> bytes:
        """Its bytes.

        Raises InvalidInputError, worded as a fault of the file, where it is larger than `MAX_BYTES`, cannot be read or
        is changed meanwhile.
        """
        with self.opened(file) as opened:
            size = os.fstat(opened.fileno()).st_size  # it may have grown since it was listed
            if size > MAX_BYTES:
                raise InvalidInputError(f"is too large for an annotation file: {format_count(size >> 20, 'MiB')}")
            return opened.read(size + 1)

    @contextmanager
    def opened(self, file: AnnotationFile) -> Iterator[FileIO]:
        """The open file, for the time of the `with`, for those that are read bit by bit.

        Raises InvalidInputError, worded as a fault of the file, where it cannot be read or is changed meanwhile.
        """
        try:
            with opened_steady(file.place) as (opened, state):
                self.are_as_listed = self.are_as_listed and state == file.state
                yield opened
        except OSError as error:
            raise InvalidInputError(f"cannot be read: {format_reason(error)}") from None
