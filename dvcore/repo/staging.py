"""A folder to make a snapshot or an export in, beside where it is to be, for one process at a time.

It is removed whatever happens, unless it was given another name. What a killed process left is cleared by the next that
makes the same; where a snapshot was recorded already, whoever completes it takes the finished files over.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dvcore.errors import StateError, StorageError
from dvcore.repo.layout import MAKING
from dvcore.store.folders import clear_folder, make_folder, remove_folder, storage_errors


@contextmanager
def staging_folder(parent: Path, key: str, what: str = "this snapshot") -> Iterator[Path]:
    """An empty folder; `key` tells what is made in it from what others make there, `what` names it in messages.

    Raises StateError where another process makes the same, StorageError.
    """
    folder = _folder(parent, key)
    with _locked(folder, _opened(folder), what):
        try:
            clear_folder(folder)
            yield folder
        finally:
            remove_folder(folder)


@contextmanager
def resumable_folder(parent: Path, key: str) -> Iterator[Path]:
    """The same, with what is in it of an earlier attempt. It stays where this one ends because somebody interrupted it
    or the disk failed: the next goes on there. What others would find wrong with its contents is theirs to check.

    Raises StateError where another process makes the same, StorageError.
    """
    folder = _folder(parent, key)
    with _locked(folder, _opened(folder), "this snapshot"):
        try:
            yield folder
        except (KeyboardInterrupt, StorageError):
            raise
        except BaseException:
            remove_folder(folder)
            raise


@contextmanager
def abandoned_folder(parent: Path, key: str) -> Iterator[Path | None]:
    """What a killed process left of what it made, None where there is nothing or `parent` cannot be looked into. It is
    removed when all went well.

    Raises StateError where the process is still at it, StorageError.
    """
    folder = _folder(parent, key)
    descriptor = None
    with suppress(OSError):  # such as a disk that is not mounted: it must not keep anybody from writing elsewhere
        descriptor = os.open(folder, os.O_RDONLY)
    if descriptor is None:
        yield None
        return
    with _locked(folder, descriptor, "this snapshot"):
        yield folder
        remove_folder(folder)


@contextmanager
def mended_folder(folder: Path) -> Iterator[None]:
    """A finished folder, made where it is not there, while files in it are replaced.

    Raises StateError where another process is at it, StorageError.
    """
    with _locked(folder, _opened(folder), "this snapshot"):
        yield


def _folder(parent: Path, key: str) -> Path:
    return parent / f"{MAKING}{key}"


def _opened(folder: Path) -> int:
    """The descriptor of a folder, which is made where it is not there."""
    make_folder(folder)
    with storage_errors(folder):
        return os.open(folder, os.O_RDONLY)


@contextmanager
def _locked(folder: Path, descriptor: int, what: str) -> Iterator[None]:
    """Hold the lock of an open folder; the descriptor is closed at the end."""
    try:
        _lock(folder, descriptor, what)
        yield
    finally:
        os.close(descriptor)


def _lock(folder: Path, descriptor: int, what: str) -> None:
    busy = StateError(f"another process is making {what}", hint="run the command again when it has finished")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise busy from None
    # Between open and lock its owner may have renamed or removed the folder: then this lock is on another name's.
    try:
        if not os.path.samestat(os.fstat(descriptor), folder.stat()):
            raise busy
    except FileNotFoundError:
        raise busy from None
