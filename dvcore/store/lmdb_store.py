"""The store on disk: one LMDB file, safe for many threads and processes.

All tables are in LMDB's main database, told apart by the first byte of a key. Named databases would have to be opened
in a write transaction, so that every command that reads would wait for the import that writes.

Durability is LMDB's default: a commit writes and syncs the data pages, then the page that refers to them. `writemap`
and `lock=False` are never used. `docs/format/store.md` says what the file holds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Final, Never, Self, cast
from weakref import finalize

import lmdb

from dvcore.errors import StateError
from dvcore.progress import Progress
from dvcore.store.base import T, Table, check_key
from dvcore.store.gate import TRANSACTIONS
from dvcore.store.lmdb_environment import MAP_SIZE, Environment
from dvcore.store.lmdb_errors import translated
from dvcore.store.lmdb_pages import check_pages
from dvcore.store.lmdb_registry import acquire, release
from dvcore.store.lmdb_room import Room, environment_room
from dvcore.store.lmdb_scan import iter_items, iter_outside, iter_sizes


class LmdbStore:
    """The tables in the file `path`, made where `create` says so and nothing is there.

    Stores of one file share one map in a process; the first decides on `map_size` (bytes, grows when it is full) and
    `readahead` (off pays where the file is larger than memory and is read here and there). A store is closed when
    nothing refers to it any more.

    Raises StorageError where the file cannot be opened, CorruptError where it is no such store.
    """

    def __init__(
        self,
        path: Path,
        *,
        create: bool = False,
        map_size: int = MAP_SIZE,
        readahead: bool = True,
    ) -> None:
        self.path = path
        self._environment: Environment | None = None
        with translated(path):
            self._environment = acquire(path, create=create, map_size=map_size, readahead=readahead)
        self._release = finalize(self, release, self._environment)
        self._release.atexit = False  # the process gives up all it has

    @contextmanager
    def read(self) -> Iterator[LmdbReadTransaction]:
        """See `Store.read`."""
        environment = self._open_environment()
        with translated(self.path), environment.transaction(write=False) as transaction:
            reader = LmdbReadTransaction(transaction)
            del transaction
            with closing(reader):
                yield reader

    def update(self, action: Callable[[LmdbWriteTransaction], T]) -> T:
        """See `Store.update`."""
        environment = self._open_environment()
        TRANSACTIONS.check_outside()
        with translated(self.path):
            while True:
                size = environment.map_size()
                try:
                    with environment.transaction(write=True) as transaction:
                        writer = LmdbWriteTransaction(transaction)
                        del transaction
                        with closing(writer):
                            return action(writer)
                except lmdb.MapFullError:
                    environment.grow(beyond=size)

    def check_structure(self, progress: Progress) -> None:
        """See `Store.check_structure`."""
        environment = self._open_environment()
        is_done = False
        while not is_done:
            with translated(self.path), environment.transaction(write=False) as transaction:
                is_done = check_pages(self.path, transaction.id(), progress)

    def room(self) -> Room:
        """How large the file is, and how much of it holds entries."""
        environment = self._open_environment()
        with translated(self.path):
            return environment_room(environment.open())

    def is_alone(self) -> bool:
        """Whether nobody else has the file open at this moment, in this process or another."""
        environment = self._open_environment()
        with translated(self.path):
            return environment.is_alone()

    def close(self) -> None:
        """See `Store.close`."""
        self._environment = None
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open_environment(self) -> Environment:
        if self._environment is None:
            raise StateError(f"the store {self.path} is closed")
        return self._environment


class LmdbReadTransaction:
    """See `ReadTransaction`. LMDB gives views of its map; every value is copied before it leaves.

    `close` drops LMDB's transaction. In a forked child the frames of other threads stay, and with them what they refer
    to; a transaction, even one that has ended, would keep the file from being opened again.
    """

    def __init__(self, transaction: lmdb.Transaction[memoryview]) -> None:
        self._transaction = transaction

    def close(self) -> None:
        """Refuse any further use with StateError."""
        self._transaction = _ENDED

    def get(self, table: Table, key: bytes) -> bytes | None:
        """See `ReadTransaction.get`."""
        view = self._view(table, key)
        return None if view is None else bytes(view)

    def contains(self, table: Table, key: bytes) -> bool:
        """See `ReadTransaction.contains`."""
        return self._view(table, key) is not None

    def size(self, table: Table, key: bytes) -> int | None:
        """See `ReadTransaction.size`."""
        view = self._view(table, key)
        return None if view is None else len(view)

    def iter_items(self, table: Table, prefix: bytes = b"", *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """See `ReadTransaction.iter_items`."""
        for key, value in iter_items(lambda: self._transaction, table.value + prefix, reverse=reverse):
            yield key[1:], value

    def iter_sizes(self, table: Table, *, after: bytes = b"") -> Iterator[tuple[bytes, int]]:
        """See `ReadTransaction.iter_sizes`."""
        for key, size in iter_sizes(lambda: self._transaction, table.value, table.value + after):
            yield key[1:], size

    def iter_strays(self, tables: Collection[Table]) -> Iterator[bytes]:
        """See `ReadTransaction.iter_strays`."""
        return iter_outside(lambda: self._transaction, [table.value for table in tables])

    def _view(self, table: Table, key: bytes) -> memoryview | None:
        return self._transaction.get(_key(table, key))


class LmdbWriteTransaction(LmdbReadTransaction):
    """See `WriteTransaction`."""

    def put(self, table: Table, key: bytes, value: bytes) -> None:
        """See `WriteTransaction.put`."""
        self._transaction.put(_key(table, key), value)

    def put_many(self, table: Table, items: Iterable[tuple[bytes, bytes]]) -> None:
        """See `WriteTransaction.put_many`. Sorted keys fill pages one after the other."""
        in_order = sorted(((_key(table, key), value) for key, value in items), key=itemgetter(0))
        with self._transaction.cursor() as cursor:
            cursor.putmulti(in_order, overwrite=False)

    def delete(self, table: Table, key: bytes) -> bool:
        """See `WriteTransaction.delete`."""
        return self._transaction.delete(_key(table, key))


class _Ended:
    def __getattr__(self, name: str) -> Never:
        raise StateError("a transaction was used after it had ended")


_ENDED: Final = cast("lmdb.Transaction[memoryview]", _Ended())


def _key(table: Table, key: bytes) -> bytes:
    check_key(key)
    return table.value + key
