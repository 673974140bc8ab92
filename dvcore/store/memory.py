"""A store in memory, for tests: the contract of `dvcore.store.base` without a disk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Self

from dvcore.errors import StateError
from dvcore.progress import Progress
from dvcore.store.base import T, Table, check_key
from dvcore.store.gate import TRANSACTIONS

Tables = dict[Table, dict[bytes, bytes]]


class MemoryStore:
    """All tables, as dicts that are never changed once a reader may see them."""

    def __init__(self) -> None:
        self._tables: Tables = {table: {} for table in Table}
        self._writing = Lock()
        self._closed = False

    @contextmanager
    def read(self) -> Iterator[MemoryReadTransaction]:
        """See `Store.read`."""
        self._check_open()
        with TRANSACTIONS.passage():
            yield MemoryReadTransaction(self._tables)

    def update(self, action: Callable[[MemoryWriteTransaction], T]) -> T:
        """See `Store.update`."""
        self._check_open()
        TRANSACTIONS.check_outside()
        with TRANSACTIONS.passage(), self._writing:
            transaction = MemoryWriteTransaction(self._tables)
            result = action(transaction)
            self._tables = transaction.tables
            return result

    def check_structure(self, progress: Progress) -> None:
        """See `Store.check_structure`. A dict is never damaged."""

    def close(self) -> None:
        """See `Store.close`."""
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise StateError("the store is closed")


class MemoryReadTransaction:
    """See `ReadTransaction`."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def get(self, table: Table, key: bytes) -> bytes | None:
        """See `ReadTransaction.get`."""
        check_key(key)
        return self.tables[table].get(key)

    def contains(self, table: Table, key: bytes) -> bool:
        """See `ReadTransaction.contains`."""
        return self.get(table, key) is not None

    def size(self, table: Table, key: bytes) -> int | None:
        """See `ReadTransaction.size`."""
        value = self.get(table, key)
        return None if value is None else len(value)

    def iter_items(self, table: Table, prefix: bytes = b"", *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """See `ReadTransaction.iter_items`."""
        yield from sorted((item for item in self.tables[table].items() if item[0].startswith(prefix)), reverse=reverse)

    def iter_sizes(self, table: Table, *, after: bytes = b"") -> Iterator[tuple[bytes, int]]:
        """See `ReadTransaction.iter_sizes`."""
        yield from sorted((key, len(value)) for key, value in self.tables[table].items() if key > after)

    def iter_strays(self, tables: Collection[Table]) -> Iterator[bytes]:
        """See `ReadTransaction.iter_strays`."""
        yield from sorted(
            table.value + key for table, items in self.tables.items() if table not in tables for key in items
        )


class MemoryWriteTransaction(MemoryReadTransaction):
    """See `WriteTransaction`. A table is copied before its first change."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(dict(tables))
        self._copied: set[Table] = set()

    def put(self, table: Table, key: bytes, value: bytes) -> None:
        """See `WriteTransaction.put`."""
        check_key(key)
        self._own(table)[key] = bytes(value)

    def put_many(self, table: Table, items: Iterable[tuple[bytes, bytes]]) -> None:
        """See `WriteTransaction.put_many`."""
        own = self._own(table)
        for key, value in items:
            check_key(key)
            own.setdefault(key, bytes(value))

    def delete(self, table: Table, key: bytes) -> bool:
        """See `WriteTransaction.delete`."""
        check_key(key)
        return self._own(table).pop(key, None) is not None

    def _own(self, table: Table) -> dict[bytes, bytes]:
        if table not in self._copied:
            self.tables[table] = dict(self.tables[table])
            self._copied.add(table)
        return self.tables[table]
