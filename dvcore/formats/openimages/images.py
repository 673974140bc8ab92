"""The files that Open Images' tables mean: images by their ids, which are the stems of their names, and mask images by
their names. Memory does not grow with how many there are.
"""

import os
from collections.abc import Sequence
from pathlib import Path as FolderPath
from typing import Final, Self

import msgpack

from dvcore.errors import InvalidInputError
from dvcore.formats.disk.annotation_files import AnnotationFile, AnnotationFiles
from dvcore.formats.disk.source_folder import SourceFolder
from dvcore.ids import digest
from dvcore.model.names import Path, format_path, parse_path
from dvcore.store.spilling import SpillingMap

_MASKS: Final = "masks"
_BETWEEN: Final = "\n"
"""Joins paths in a value: no name holds it."""


def is_mask_folder(folder: SourceFolder) -> bool:
    """Whether a folder holds masks and no images: `masks/train`, `train-masks-0`."""
    return any(_MASKS in name.lower() for name in folder.path)


class FilesById:
    """Images by their ids, and mask images by their names. Close it, or use it in a `with`. Raises StorageError."""

    def __init__(
        self, images: Sequence[SourceFolder], masks: Sequence[SourceFolder], scratch: FolderPath | None
    ) -> None:
        self._images = SpillingMap(scratch)
        self._masks = SpillingMap(scratch)
        self._mask_files = AnnotationFiles(masks)
        for folder in images:
            for path in folder.iter_paths():
                key, text = _key(path[-1].rpartition(".")[0]), format_path(path)
                held = self._images.get(key)
                self._images.put(key, (text if held is None else f"{held.decode()}{_BETWEEN}{text}").encode())
        for file in self._mask_files:
            packed = file.path, os.fsencode(file.place), file.size, file.state
            self._masks.put(_key(file.path[-1]), msgpack.packb(packed))

    def find_image(self, id_: str) -> Path | None:
        """The path of an image, or None where it is not there.

        Raises InvalidInputError where several are.
        """
        held = self._images.get(_key(id_))
        if held is None:
            return None
        first, *others = held.decode().split(_BETWEEN)
        if others:
            raise InvalidInputError(f"could be of {' and '.join((first, *others))}")
        return parse_path(first)

    def read_mask(self, name: str) -> bytes:
        """The bytes of a mask image.

        Raises InvalidInputError, worded as a fault of a row, where it is not there or cannot be read.
        """
        held = self._masks.get(_key(name))
        if held is None:
            raise InvalidInputError(f"has a mask that is not there: {name!r}")
        path, place, size, state = msgpack.unpackb(held)
        try:
            return self._mask_files.read(AnnotationFile(tuple(path), os.fsdecode(place), size, state))
        except InvalidInputError as error:
            raise InvalidInputError(f"has the mask {name!r}, which {error.message}") from None

    @property
    def masks_are_as_listed(self) -> bool:
        """Whether the masks read so far were in the states that they were listed in."""
        return self._mask_files.are_as_listed

    def close(self) -> None:
        """Give the room back. Closing twice is no error."""
        self._images.close()
        self._masks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _key(text: str) -> bytes:
    return digest(text.encode())
