"""Folders that are filled beside their place and then put into it.

Every OSError becomes a StorageError that names the path.
"""

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dvcore.errors import ExistsError, StorageError
from dvcore.store.durable import sync_folder


@contextmanager
def storage_errors(path: Path | str) -> Iterator[None]:
    """Turns an OSError into a StorageError."""
    try:
        yield
    except OSError as error:
        hint = "check permissions and free space"
        raise StorageError(f"cannot use {path}: {error.strerror or error}", hint=hint) from None


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, where they are not there.

    Raises StorageError.
    """
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)


def is_free(folder: Path) -> bool:
    """Whether a folder is absent or empty, so that something can be put in its place.

    Raises ExistsError where there is a file, or an empty disk's own folder, StorageError.
    """
    with storage_errors(folder):
        if not folder.exists():
            return True
        if not folder.is_dir():
            raise ExistsError(f"{folder} is a file", hint="name a folder")
        if any(folder.iterdir()):
            return False
        if folder.is_mount():  # nothing can get its name, and to learn that at the end would be late
            raise ExistsError(f"{folder} is where a disk is mounted", hint="name a new folder in it")
        return True


def publish(staging: Path, folder: Path) -> None:
    """Give a finished folder its name, durably; an empty folder of that name is replaced.

    Raises StorageError.
    """
    with storage_errors(folder):
        sync_folder(staging)
        staging.rename(folder)
        sync_folder(folder.parent)


def remove_folder(folder: Path) -> None:
    """Remove a folder and what is in it, if it is there.

    Raises StorageError.
    """
    with storage_errors(folder), suppress(FileNotFoundError):
        shutil.rmtree(folder)


def clear_folder(folder: Path, keep: Collection[str] = ()) -> None:
    """Remove what is in a folder, files of the names `keep` apart.

    Raises StorageError.
    """
    with storage_errors(folder):
        for left in folder.iterdir():
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left)
            elif left.name not in keep:
                left.unlink()
