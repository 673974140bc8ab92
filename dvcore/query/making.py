"""Makes the index of a tree as a new file, and puts it in the place of the one that is there.

It is made under another name without a journal, which a file that nobody else sees does not need, and synced before it
gets its name: whatever happens, there is a whole index under that name or none.
"""

import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from dvcore.query.fill import build
from dvcore.repo.treereader import TreeReader
from dvcore.store.cache_map import discard
from dvcore.store.file_lock import FileLock

FILE: Final = "index.sqlite"

_CACHE_KIB: Final = 32_768
_POLL_SECONDS: Final = 0.02


def connect(database: str, *, timeout: float = 0.0) -> sqlite3.Connection:
    """A connection in autocommit mode: transactions begin and end where this package says so."""
    connection = sqlite3.connect(database, timeout=timeout, isolation_level=None)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    return connection


def fill_whole(connection: sqlite3.Connection, tree: TreeReader) -> None:
    """Fill an empty database that nobody else sees, and that is given up if that fails.

    Raises what `fill.build` raises.
    """
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    build(connection, tree)
    connection.execute("COMMIT")


def make_index(folder: Path, tree: TreeReader, *, wait: float) -> bool:
    """Make the index in `folder`, of which nothing else is kept, anew. Or wait until another process has made one,
    maybe of another tree; False where that takes longer than `wait` seconds.

    Raises what `fill.build` raises, OSError, and StorageError where the lock beside the folder cannot be had.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f"{folder.name}.lock")) as lock:
        if not lock.try_take():
            return _await(lock, wait)
        staging = folder.with_name(f"{folder.name}.new")
        shutil.rmtree(staging, ignore_errors=True)  # what a process left that was killed
        try:
            staging.mkdir()
            _make_file(staging / FILE, tree)
            discard(folder)
            staging.rename(folder)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return True


def _make_file(path: Path, tree: TreeReader) -> None:
    with closing(connect(str(path))) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        fill_whole(connection, tree)
        connection.execute("PRAGMA locking_mode = NORMAL")
        connection.execute("PRAGMA journal_mode = WAL")
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _await(lock: FileLock, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not lock.try_take():
        if time.monotonic() > end:
            return False
        time.sleep(_POLL_SECONDS)
    return True
