"""Small pictures of files, with what is drawn on them, for pages."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from dvcore.errors import CorruptError, NotFoundError, StateError
from dvcore.history.page import Mark, Picture
from dvcore.model.files import FileRecord
from dvcore.repo.bringing import bring_blobs
from dvcore.repo.repository import Repository

_LONGEST: Final = 320
_LARGEST: Final = 64 << 20
"""Bytes of an image that are read for a small picture of it."""


def bring_pictures(repository: Repository, records: Iterable[FileRecord]) -> None:
    """Have the images of these files here that pictures are made of, where they can be had.

    Raises CorruptError, StorageError, where a remote fails that has them.
    """
    with suppress(StateError):  # nobody can bring them
        bring_blobs(repository, (record.blob for record in records if record.size <= _LARGEST))


def picture_of(repository: Repository, record: FileRecord, marks: tuple[Mark, ...]) -> Picture:
    """A file as displayed; without an image where its bytes are not here, or are none of one: the marks can do without.

    Raises StorageError.
    """
    width, height = (record.facts.width, record.facts.height) if record.facts else (1, 1)
    return Picture(width, height, _find_jpeg(repository, record), marks)


def _find_jpeg(repository: Repository, record: FileRecord) -> bytes | None:
    from dvcore.image.thumbnail import find_thumbnail  # noqa: PLC0415 - Pillow, which only pages need

    if record.size > _LARGEST:
        return None
    try:
        data = repository.blobs.read(record.blob)
    except (CorruptError, NotFoundError, StateError):
        return None
    return find_thumbnail(data, _LONGEST)
