"""Files that are there whole or not at all, also after a crash."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import get_native_id
from typing import BinaryIO, Final

from dvcore.errors import StorageError

_BUFFER: Final = 1 << 20
_READ_ONLY: Final = 0o444


@contextmanager
def new_read_only_file(path: Path) -> Iterator[BinaryIO]:
    """A file to be written and read, which gets its name when the `with` ends well, durable but for the name; otherwise
    nothing is left.

    Raises OSError.
    """
    temporary = _beside(path)
    try:
        with temporary.open("w+b", buffering=_BUFFER) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(_READ_ONLY)
        temporary.replace(path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file: written beside it, synced, renamed, and the folder synced.

    Raises StorageError.
    """
    temporary = _beside(path)
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise StorageError(f"cannot write {path}: {error.strerror}", hint="check its folder and free space") from None


def _beside(path: Path) -> Path:
    """What a file is called before it is whole: by no other thread of this machine, whatever its process."""
    return path.with_name(f".{path.name}.{get_native_id()}.tmp")


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable.

    Raises StorageError.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StorageError(f"cannot sync {folder}: {error.strerror}") from None
