"""LMDB's errors in the words of dset's: what happened to which file, and what to do about it."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import lmdb

from dvcore.errors import CorruptError, DsetError, InvalidInputError, StorageError

_DAMAGE: Final = (lmdb.InvalidError, lmdb.VersionMismatchError, lmdb.CorruptedError, lmdb.PageNotFoundError)

_NO_ROOM: Final = ("has no room left on its disk", "make room and run the command again")
_NO_ACCESS: Final = ("cannot be opened or written", "check the permissions of the file and of its folder")
_BY_NUMBER: Final = {
    errno.ENOSPC: _NO_ROOM,
    errno.EDQUOT: _NO_ROOM,
    errno.EFBIG: ("may not grow any further", "raise the limit on the size of files ('ulimit -f')"),
    errno.EACCES: _NO_ACCESS,
    errno.EPERM: _NO_ACCESS,
    errno.EROFS: ("is on a read-only file system", "mount it writable or copy the repository"),
    errno.ENOENT: ("is in a folder that does not exist", "check the path"),
    errno.ENOMEM: ("cannot be mapped into memory", "raise the limits on memory ('ulimit -a' lists them)"),
    # LMDB also reports a write that was cut short so: by a full disk, a quota, a limit.
    errno.EIO: ("cannot be read or written: the disk is full or reports an error", "make room or check the disk"),
}


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise what LMDB raises inside, about the file `path`, as an error of dset's tree."""
    try:
        yield
    except lmdb.Error as error:
        raise explanation(error, path) from error


def explanation(error: lmdb.Error, path: Path) -> DsetError:
    """The error of dset's tree that says what LMDB's `error` means for the file `path`."""
    if isinstance(error, _DAMAGE):
        return CorruptError(f"{path} is damaged or no store ({error})", hint="restore it from a backup or a clone")
    if isinstance(error, lmdb.BadValsizeError):
        return InvalidInputError(f"a key or a value has a size that {path} cannot hold")
    if isinstance(error, lmdb.ReadersFullError):
        return StorageError(f"{path} has too many readers", hint="end some of the processes that use it")
    if isinstance(error, lmdb.PanicError):
        return StorageError(f"{path} failed while it was written", hint="run the command again")
    number = errno.EROFS if isinstance(error, lmdb.ReadonlyError) else error.code
    what, hint = _BY_NUMBER.get(number, (f"cannot be used ({error})", None))
    return StorageError(f"{path} {what}", hint=hint)
