"""An LMDB file in this process: opened when it is needed, its map grown or adopted.

Promises:

- a transaction begins whatever the size of the map has become meanwhile, by this process or by another;
- the map changes only while no transaction of this process runs, since LMDB moves it under their feet;
- the file is held as long as the environment is open (`dvcore.store.lmdb_file`);
- after LMDB has given the map up, since its root could not be written, the next transaction opens the file anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Final

import lmdb

from dvcore.errors import StorageError
from dvcore.store.file_lock import FileLock
from dvcore.store.gate import TRANSACTIONS
from dvcore.store.lmdb_file import hold_file, holds_data, identity, open_file

MAP_SIZE: Final = 1 << 40
"""Address space reserved from the start; the file takes only what is written."""
MAX_MAP_SIZE: Final = 1 << 46
"""Half of the address space that Linux gives a process on x86-64."""


class Environment:
    """An LMDB file of this process. Its methods raise lmdb.Error; whoever calls them says what it means."""

    def __init__(self, path: Path, *, map_size: int, readahead: bool) -> None:
        self.path = path
        self.users = 0
        self._map_size = map_size
        self._readahead = readahead
        self._opening = Lock()
        self._opened: lmdb.Environment | None = None
        self._hold: FileLock | None = None
        self._has_failed = False

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[lmdb.Transaction[memoryview]]:
        """A transaction; committed at the end, aborted by an exception."""
        if self._has_failed and not TRANSACTIONS.is_inside():
            self._leave_failed()
        while True:
            with TRANSACTIONS.passage(), self._noting_failure():
                transaction = _begin(self.open(), write=write)
                if transaction is not None:
                    try:
                        with _ended(transaction):
                            yield transaction
                    finally:
                        del transaction  # before a fork may come, which would keep it in the child
                    return
            self._adopt_size()

    def map_size(self) -> int:
        """The size of the map in this process, bytes."""
        with TRANSACTIONS.passage():
            return self._mapped()

    def grow(self, *, beyond: int) -> None:
        """Double the map, unless another thread has already made it larger than `beyond` bytes."""
        with TRANSACTIONS.closed():
            if self._mapped() > beyond:
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
            return self._opened

    def close(self) -> None:
        """Release the file."""
        self._close_map()
        self._let_go()

    def abandon(self) -> None:
        """Forget what was inherited over a fork; the next transaction opens the file again. The file is held by a lock
        of the child's own, since that of the parent would not tell the two apart."""
        self._opening = Lock()
        self._opened = None
        inherited = self._hold
        if inherited is not None:
            with suppress(StorageError):  # then the parent's goes on holding it
                self._hold = hold_file(self.path)
                inherited.close()

    def is_current(self) -> bool:
        """Whether the file at the path is still the one that was opened."""
        return self._hold is None or self._hold.identity() == identity(self.path)

    def is_alone(self) -> bool:
        """Whether nobody else has the file open at this moment, in this process or another."""
        self.open()
        if self.users > 1 or self._hold is None:
            return False
        is_alone = self._hold.try_take()
        self._hold.share()
        return is_alone

    def _open(self, *, create: bool) -> lmdb.Environment:
        try:
            if self._hold is None and holds_data(self.path):
                self._hold = hold_file(self.path)
            opened = open_file(self.path, create=create, map_size=self._map_size, readahead=self._readahead)
            if self._hold is None:  # it is new
                self._hold = hold_file(self.path)
        except BaseException:
            self._let_go()
            raise
        return opened

    def _mapped(self) -> int:
        return self.open().info()["map_size"]

    def _close_map(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def _let_go(self) -> None:
        hold, self._hold = self._hold, None
        if hold is not None:
            hold.close()

    @contextmanager
    def _noting_failure(self) -> Iterator[None]:
        try:
            yield
        except lmdb.PanicError:
            self._has_failed = True
            raise

    def _leave_failed(self) -> None:
        with TRANSACTIONS.closed():
            if self._has_failed:
                self._has_failed = False
                self._close_map()

    def _adopt_size(self) -> None:
        with TRANSACTIONS.closed():
            self._resize(0)

    def _resize(self, size: int) -> None:
        try:
            self.open().set_mapsize(size)  # 0: what the file says
        except lmdb.Error:
            self._close_map()  # it is gone; the next transaction opens the file again
            raise


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
