"""An LMDB file in this process: opened when it is needed, its map grown or adopted.

Promises:

- a transaction begins whatever the size of the map has become meanwhile, by this process or by another;
- the map changes only while no transaction of this process runs, since LMDB moves it under their feet.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

import lmdb

from dvcore.errors import CorruptError, StorageError
from dvcore.store.durable import sync_folder
from dvcore.store.gate import TRANSACTIONS

MAP_SIZE: Final = 1 << 40
"""Address space reserved from the start; the file takes only what is written."""
MAX_MAP_SIZE: Final = 1 << 46
"""Half of the address space that Linux gives a process on x86-64."""
MAX_READERS: Final = 1024
_DATA_FORMAT: Final = 0  # LMDB 0.9's, readable by every tool; only chosen for a new file


class Environment:
    """An LMDB file of this process. Its methods raise lmdb.Error; whoever calls them says what it means."""

    def __init__(self, path: Path, *, map_size: int, readahead: bool) -> None:
        self.path = path
        self.users = 0
        self._map_size = map_size
        self._readahead = readahead
        self._opening = Lock()
        self._opened: lmdb.Environment | None = None
        self._identity: tuple[int, int] | None = None

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[lmdb.Transaction[memoryview]]:
        """A transaction; committed at the end, aborted by an exception."""
        while True:
            with TRANSACTIONS.passage():
                transaction = _begin(self.open(), write=write)
                if transaction is not None:
                    with _ended(transaction):
                        yield transaction
                    return
            self._adopt_size()

    def map_size(self) -> int:
        """The size of the map in this process, bytes."""
        return self.open().info()["map_size"]

    def grow(self, *, beyond: int) -> None:
        """Double the map, unless another thread has already made it larger than `beyond` bytes."""
        with TRANSACTIONS.closed():
            if self.map_size() > beyond:
                return
            if 2 * beyond > MAX_MAP_SIZE:
                raise StorageError(f"{self.path} cannot grow beyond {MAX_MAP_SIZE >> 40} TiB")
            self._resize(2 * beyond)

    def open(self, *, create: bool = False) -> lmdb.Environment:
        """What LMDB holds of the file, opened where that has not happened yet in this process."""
        opened = self._opened
        if opened is not None:
            return opened
        with self._opening:
            if self._opened is None:
                self._opened = self._open(create=create)
                self._identity = _identity(self.path)
            return self._opened

    def close(self) -> None:
        """Release the file."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def abandon(self) -> None:
        """Forget what was inherited over a fork; the next transaction opens the file again."""
        self._opening = Lock()
        self._opened = None

    def is_current(self) -> bool:
        """Whether the file at the path is still the one that was opened."""
        return self._opened is None or self._identity == _identity(self.path)

    def _open(self, *, create: bool) -> lmdb.Environment:
        is_new = not _holds_data(self.path)
        if is_new and not create:
            raise StorageError(f"{self.path} is missing or empty", hint="restore it from a backup or a clone")
        environment = lmdb.open(
            str(self.path),
            subdir=False,
            map_size=self._map_size,
            max_readers=MAX_READERS,
            meminit=False,  # zeroed pages are for secrets; ours are written at once
            readahead=self._readahead,
            lib_version=_DATA_FORMAT if is_new else None,  # type: ignore[arg-type]  # None: the file's own
        )
        try:
            _check_whole(environment, self.path)
            environment.reader_check()
            if is_new:
                environment.sync(True)  # or a crash could leave a name without contents
                sync_folder(self.path.parent)
        except BaseException:
            environment.close()
            raise
        return environment

    def _adopt_size(self) -> None:
        with TRANSACTIONS.closed():
            self._resize(0)

    def _resize(self, size: int) -> None:
        try:
            self.open().set_mapsize(size)  # 0: what the file says
        except lmdb.Error:
            self.close()  # the map is gone; the next transaction opens the file again
            raise


def _check_whole(environment: lmdb.Environment, path: Path) -> None:
    """Raises CorruptError where the file ends before its pages do: reading those would kill the process (SIGBUS)."""
    needed = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
    if needed > path.stat().st_size > 0:
        raise CorruptError(f"{path} is cut off: {path.stat().st_size} of {needed} bytes", hint="restore it from a copy")


def _begin(environment: lmdb.Environment, *, write: bool) -> lmdb.Transaction[memoryview] | None:
    """A transaction, or None where another process has outgrown this process's map."""
    try:
        return environment.begin(write=write, buffers=True)
    except lmdb.MapResizedError:
        return None


@contextmanager
def _ended(transaction: lmdb.Transaction[memoryview]) -> Iterator[None]:
    """Commit at the end, abort on an exception."""
    try:
        yield
    except BaseException:
        # py-lmdb 3.0 aborts only when no other thread is inside LMDB: busy readers hold it up for minutes.
        with TRANSACTIONS.entry_held():
            transaction.abort()
        raise
    transaction.commit()


def _holds_data(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False  # whatever is wrong beyond its absence, opening will say


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode, which tell a file from one that has taken its place."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
