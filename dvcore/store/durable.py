"""Files that are there whole or not at all, also after a crash."""

import os
from contextlib import suppress
from pathlib import Path

from dvcore.errors import StorageError


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file: written beside it, synced, renamed, and the folder synced.

    Raises StorageError.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
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
