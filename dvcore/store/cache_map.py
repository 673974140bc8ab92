"""A map that may be forgotten at any time: keys and values of bytes in an SQLite file under `cache/`.

Promises:

- nothing here raises or is waited for long: where the file is locked, damaged, read-only or gone, nothing is found and
  nothing is kept;
- what is found is what was put: each value carries a checksum over itself and its key, so that not even a power cut or
  a flipped bit makes a cache say something wrong. That is why nothing is synced;
- any number of processes and threads may use the file at once.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import Final, Self

from dvcore.ids import digest

_LOCK_SECONDS: Final = 2.0
_DAMAGE: Final = frozenset([sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR])
"""SQLITE_ERROR is said of a table that is missing, or of another shape."""
_CHECKSUM_BYTES: Final = 16
_PUT: Final = "INSERT OR REPLACE INTO entries VALUES (?, ?)"
_CREATE: Final = "CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, value BLOB NOT NULL)"


class CacheMap:
    """The map in `folder`, which holds nothing else; None: nothing is kept. `version` is of what the values mean: a
    file of another is emptied."""

    def __init__(self, folder: Path | None, version: int) -> None:
        self._folder = folder
        self._lock = RLock()
        self._connection: sqlite3.Connection | None = None
        if folder is not None:
            with self._guarded():
                self._connection = _open(folder, version)

    def find(self, key: bytes) -> bytes | None:
        """The value, or None."""
        rows = self._execute("SELECT value FROM entries WHERE key = ?", key)
        stored = rows[0][0] if rows else None
        if not isinstance(stored, bytes):
            return None
        checksum, value = stored[:_CHECKSUM_BYTES], stored[_CHECKSUM_BYTES:]
        return value if checksum == _checksum(key, value) else None

    def iter_keys(self) -> Iterator[bytes]:
        """All keys, in order; in a damaged file, those up to the damage."""
        last = b""
        while rows := self._execute("SELECT key FROM entries WHERE key > ? ORDER BY key LIMIT 1000", last):
            for (key,) in rows:
                if not isinstance(key, bytes) or key <= last:  # or there might be no end
                    return
                yield key
                last = key

    def put(self, key: bytes, value: bytes) -> None:
        """Set a value, replacing any."""
        self._execute(_PUT, key, _checksum(key, value) + value)

    def put_many(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Set values, replacing any, in one go."""
        rows = [(key, _checksum(key, value) + value) for key, value in entries]
        with self._guarded() as connection:
            if connection is not None:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(_PUT, rows)
                connection.execute("COMMIT")

    def forget_oldest(self, most: int) -> None:
        """Where the entries take more than `most` bytes of the file, remove the half that was put first."""
        pages, free, size = (self._number(f"PRAGMA {name}") for name in ("page_count", "freelist_count", "page_size"))
        if (pages - free) * size > most:
            middle = "SELECT rowid FROM entries ORDER BY rowid LIMIT 1 OFFSET (SELECT COUNT(*) / 2 FROM entries)"
            self._execute(f"DELETE FROM entries WHERE rowid < ({middle})")

    def delete_between(self, start: bytes, end: bytes) -> None:
        """Remove all keys after `start` and before `end`."""
        self._execute("DELETE FROM entries WHERE key > ? AND key < ?", start, end)

    def close(self) -> None:
        """Release the file. Closing twice is no error."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _execute(self, statement: str, *values: bytes) -> list[tuple[object, ...]]:
        with self._guarded() as connection:
            if connection is not None:
                return connection.execute(statement, values).fetchall()
        return []

    def _number(self, statement: str) -> int:
        rows = self._execute(statement)
        return rows[0][0] if rows and isinstance(rows[0][0], int) else 0

    @contextmanager
    def _guarded(self) -> Iterator[sqlite3.Connection | None]:
        """The connection, for one thread at a time. After a failure nothing is asked any more; a damaged file goes."""
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                self.close()
                if self._folder is not None and is_damage(error):
                    discard(self._folder)
            except OSError:
                self.close()


def _open(folder: Path, version: int) -> sqlite3.Connection:
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        path = folder / f"{folder.name}.sqlite"
        connection = sqlite3.connect(path, timeout=_LOCK_SECONDS, isolation_level=None, check_same_thread=False)
        stack.callback(connection.close)
        for pragma in ("trusted_schema = OFF", "journal_mode = WAL", "synchronous = OFF"):
            connection.execute(f"PRAGMA {pragma}")
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found != version:
            connection.execute("DROP TABLE IF EXISTS entries")
            connection.execute(f"PRAGMA user_version = {version}")
        connection.execute(_CREATE)
        stack.pop_all()
        return connection


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error speaks of a file's content. Python's own (a text that is no UTF-8) have no code."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return code is None or code & 0xFF in _DAMAGE


def discard(folder: Path) -> None:
    """Throw a folder of `cache/` away, so that the next one to need it makes it anew. Never fails.

    It moves as a whole: a log must not be left beside a file that it does not belong to.
    """
    with suppress(OSError):
        grave = tempfile.mkdtemp(prefix=f"damaged-{folder.name}-", dir=folder.parent)
        with suppress(OSError):
            folder.rename(Path(grave) / folder.name)
        shutil.rmtree(grave, ignore_errors=True)


def _checksum(key: bytes, value: bytes) -> bytes:
    return digest(len(key).to_bytes(4, "little") + key + value)[:_CHECKSUM_BYTES]
