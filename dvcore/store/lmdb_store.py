"""The store on disk: one LMDB file, safe for many threads and processes.

All tables are in LMDB's main database, told apart by the first byte of a key. Named databases would have to be opened
in a write transaction, so that every command that reads would wait for the import that writes.

Durability is LMDB's default: a commit writes and syncs the data pages, then the page that refers to them. `writemap`
and `lock=False` are never used. `docs/format/store.md` says what the file holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Self

import lmdb

from dvcore.errors import StateError
from dvcore.store.base import T, Table, check_key
from dvcore.store.gate import TRANSACTIONS
from dvcore.store.lmdb_environment import MAP_SIZE, Environment
from dvcore.store.lmdb_errors import translated
from dvcore.store.lmdb_registry import acquire, release
from dvcore.store.lmdb_scan import iter_items


class LmdbStore:
    """The tables in the file `path`, made where `create` says so and nothing is there.

    Stores of one file share one map in a process; the first decides on `map_size` (bytes, grows when it is full) and
    `readahead` (off pays where the file is larger than memory and is read here and there).

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

    @contextmanager
    def read(self) -> Iterator[LmdbReadTransaction]:
        """See `Store.read`."""
        environment = self._open_environment()
        with translated(self.path), environment.transaction(write=False) as transaction:
            yield LmdbReadTransaction(transaction)

    def update(self, action: Callable[[LmdbWriteTransaction], T]) -> T:
        """See `Store.update`."""
        environment = self._open_environment()
        TRANSACTIONS.check_outside()
        with translated(self.path):
            while True:
                size = environment.map_size()
                try:
                    with environment.transaction(write=True) as transaction:
                        return action(LmdbWriteTransaction(transaction))
                except lmdb.MapFullError:
                    environment.grow(beyond=size)

    def close(self) -> None:
        """See `Store.close`."""
        environment, self._environment = self._environment, None
        if environment is not None:
            release(environment)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open_environment(self) -> Environment:
        if self._environment is None:
            raise StateError(f"the store {self.path} is closed")
        return self._environment


class LmdbReadTransaction:
    """See `ReadTransaction`. LMDB gives views of its map; every value is copied before it leaves."""

    def __init__(self, transaction: lmdb.Transaction[memoryview]) -> None:
        self._transaction = transaction

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


def _key(table: Table, key: bytes) -> bytes:
    check_key(key)
    return table.value + key
