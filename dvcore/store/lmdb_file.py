"""Opening the file of a store: made where it may be, checked, and held against removal.

Holding is a shared lock on the file itself, so that who would remove it can tell whether anybody has it open. LMDB's
own locks are on the file beside it.
"""

from __future__ import annotations

import errno
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

import lmdb

from dvcore.errors import StorageError
from dvcore.store.durable import sync_folder
from dvcore.store.file_lock import FileLock
from dvcore.store.file_system import is_read_only
from dvcore.store.lmdb_meta import check_metas
from dvcore.store.lmdb_pages import check_length

MAX_READERS: Final = 1024
_DATA_FORMAT: Final = 0  # LMDB 0.9's, readable by every tool; only chosen for a new file
_ATTEMPTS: Final = 100
"""Other processes may let the file outgrow the map while it is opened. Each time they double it."""


def open_file(path: Path, *, create: bool, map_size: int, readahead: bool) -> lmdb.Environment:
    """What LMDB makes of the file, which the caller holds unless it is new. It can be read on a file system that nobody
    can write to.

    Raises StorageError, CorruptError, lmdb.Error.
    """
    is_new = not holds_data(path)
    if is_new and not create:
        raise StorageError(f"{path} is missing or empty", hint="restore it from a backup or a clone")
    if not is_new:
        check_metas(path)  # a wrong page size there would kill the process
    for _ in range(_ATTEMPTS - 1):
        with suppress(lmdb.MapResizedError):
            return _open_whole(path, is_new=is_new, map_size=map_size, readahead=readahead)
    return _open_whole(path, is_new=is_new, map_size=map_size, readahead=readahead)


def hold_file(path: Path) -> FileLock:
    """Keep the file from being removed until what is given is closed.

    Raises StorageError where it is gone, or was removed or replaced at this moment.
    """
    with ExitStack() as stack:
        hold = stack.enter_context(FileLock(path, create=False, outlives_fork=True))
        hold.share()
        if hold.identity() != identity(path):
            raise StorageError(f"{path} was removed while it was opened")
        stack.pop_all()
        return hold


def holds_data(path: Path) -> bool:
    """Whether there is a file with something in it."""
    try:
        return path.stat().st_size > 0
    except OSError:
        return False  # whatever is wrong beyond its absence, opening will say


def identity(path: Path) -> tuple[int, int] | None:
    """Device and inode, which tell a file from one that has taken its place."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _open_whole(path: Path, *, is_new: bool, map_size: int, readahead: bool) -> lmdb.Environment:
    environment = _open_map(path, is_new=is_new, map_size=map_size, readahead=readahead)
    try:
        _check_whole(environment, path)
        environment.reader_check()
        if is_new:
            environment.sync(True)  # or a crash could leave a name without contents
            sync_folder(path.parent)
    except BaseException:
        environment.close()
        raise
    return environment


def _open_map(path: Path, *, is_new: bool, map_size: int, readahead: bool) -> lmdb.Environment:
    def open_map(*, readonly: bool) -> lmdb.Environment:
        return lmdb.open(
            str(path),
            subdir=False,
            map_size=map_size,
            max_readers=MAX_READERS,
            meminit=False,  # zeroed pages are for secrets; ours are written at once
            readahead=readahead,
            readonly=readonly,
            lib_version=_DATA_FORMAT if is_new else None,  # type: ignore[arg-type]  # None: the file's own
        )

    try:
        return open_map(readonly=False)
    except lmdb.Error as error:
        if error.code != errno.EROFS or not is_read_only(path.parent):
            raise  # through another mount somebody may be writing, who would not know of this reader
        return open_map(readonly=True)  # LMDB takes no locks there, and needs none as long as nobody can write


def _check_whole(environment: lmdb.Environment, path: Path) -> None:
    """Raises CorruptError where the file ends before its pages do: reading those would kill the process (SIGBUS)."""
    while (environment.info()["last_pgno"] + 1) * environment.stat()["psize"] > path.stat().st_size > 0:
        with environment.begin() as transaction:
            if check_length(path, transaction.id()):
                return
