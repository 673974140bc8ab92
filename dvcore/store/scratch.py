"""A sorted map for what grows with the repository and ends with the command: marks, edits, spilled lists.

It lives in an LMDB file that has no name any more, so that a crash leaves nothing behind. Nothing in it is durable and
nobody else can see it. Memory holds what was put since the last turn; the rest is in pages of the file, which the
system writes out and drops as it likes. To be used by one thread at a time, and not over a fork.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final, Self

import lmdb

from dvcore.store.lmdb_errors import translated
from dvcore.store.lmdb_scan import iter_items
from dvcore.store.unnamed import make_private_file

TURN_ENTRIES: Final = 4_096
"""Entries put before their pages are handed to the system: with random keys, 4 KiB each, 16 MiB."""
TURN_BYTES: Final = 8 << 20
_MAP_SIZE: Final = 1 << 40


class ScratchMap:
    """Keys of 1 to 511 bytes, in their order. `folder` is where the file is made; None: where the system keeps such.

    Every method raises StorageError where the file cannot be made or cannot grow.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._environment, self._path = _open_unnamed(folder)
        self._transaction = self._environment.begin(write=True, buffers=True)
        self._entries = 0
        self._bytes = 0

    def get(self, key: bytes) -> bytes | None:
        """The value, or None."""
        view = self._transaction.get(key)
        return None if view is None else bytes(view)

    def __contains__(self, key: bytes) -> bool:
        return self._transaction.get(key) is not None

    def __len__(self) -> int:
        entries: int = self._transaction.stat(self._environment.open_db())["entries"]
        return entries

    def put(self, key: bytes, value: bytes = b"") -> None:
        """Set a value, replacing any."""
        with translated(self._path):
            self._transaction.put(key, value)
        self._count(1, len(value))

    def add(self, key: bytes) -> bool:
        """Set a key without a value, as in a set; whether it is new."""
        with translated(self._path):
            is_new: bool = self._transaction.put(key, b"", overwrite=False)
        self._count(int(is_new), 0)
        return is_new

    def put_many(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Set many values, replacing any. Best in the order of the keys."""
        iterator = iter(items)
        while batch := list(islice(iterator, TURN_ENTRIES)):
            with translated(self._path), self._transaction.cursor() as cursor:
                cursor.putmulti(batch)
            self._count(len(batch), sum(len(value) for _, value in batch))

    def delete(self, key: bytes) -> bool:
        """Remove a key; whether it was there."""
        with translated(self._path):
            found: bool = self._transaction.delete(key)
        self._count(int(found), 0)
        return found

    def iter_items(self, prefix: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Keys under the prefix with their values, in order. What is put meanwhile may or may not be seen."""
        yield from iter_items(lambda: self._transaction, prefix, reverse=False)

    def close(self) -> None:
        """Give the file's room back. Closing twice is no error."""
        self._transaction.abort()
        self._environment.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _count(self, entries: int, size: int) -> None:
        self._entries += entries
        self._bytes += size
        if self._entries >= TURN_ENTRIES or self._bytes >= TURN_BYTES:
            self._turn()

    def _turn(self) -> None:
        """Hand the changed pages to the system. Nothing is synced."""
        with translated(self._path):
            self._transaction.commit()
            self._transaction = self._environment.begin(write=True, buffers=True)
        self._entries = self._bytes = 0


def _open_unnamed(folder: Path | None) -> tuple[lmdb.Environment, Path]:
    descriptor, path = make_private_file(folder)
    os.close(descriptor)
    try:
        with translated(path):
            environment = lmdb.open(
                str(path),
                subdir=False,
                map_size=_MAP_SIZE,
                sync=False,
                metasync=False,
                lock=False,  # nobody else can open it
                meminit=False,
                readahead=False,
            )
    finally:
        path.unlink()
    return environment, path
