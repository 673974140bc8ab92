"""The index of one tree at a time, in an SQLite file that is only a cache.

Promises:

- What `open_index` gives holds exactly the wanted tree and keeps holding it: rows, tree id and schema version are
  written in one transaction or under a name that nobody opens, and a read transaction is pinned before they are
  compared.
- Any number of processes may open it at once, for the same or for different trees. Where the file cannot be had
  (locked for long, read-only folder, full disk), the caller gets a private index that ends with its connection.
- A damaged file is thrown away and made anew. A power cut cannot tear it: SQLite's write-ahead log has checksums, and
  is flushed before its pages enter the file.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

from dvcore.errors import DsetError, StorageError
from dvcore.ids import ID_BYTES, TreeId
from dvcore.query.fill import can_move, move
from dvcore.query.making import FILE, connect, fill_whole, make_index
from dvcore.query.schema import SCHEMA_VERSION, create_statements
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.store.cache_map import discard, is_damage

_LOCK_SECONDS: Final = 5.0
"""How long to wait for another process that writes the index, before making a private one."""

_ATTEMPTS: Final = 4
"""Others may move the index to their tree between our write and our read, or damage may be found."""


@contextmanager
def open_index(repository: Repository, tree: TreeReader) -> Iterator[sqlite3.Connection]:
    """A connection in a read transaction on the index of this tree.

    Raises CorruptError, NeedsNewerError, StateError where the tree cannot be indexed.
    """
    with closing(_open_shared(repository, tree) or _open_private(tree)) as connection:
        yield connection


@contextmanager
def open_private_index(tree: TreeReader) -> Iterator[sqlite3.Connection]:
    """The same, of an index that nobody else sees.

    Raises StorageError where there is no room for it, and what `open_index` raises.
    """
    with closing(_open_private(tree)) as connection:
        yield connection


def has_index(repository: Repository) -> bool:
    """Whether there is one to begin from, so that none has to be made of the whole tree."""
    return repository.layout is not None and (_folder(repository.layout.cache) / FILE).is_file()


def discard_index(repository: Repository) -> None:
    """Throw the file away, so that the next one to need it makes it anew. Never fails."""
    if repository.layout is not None:
        discard(_folder(repository.layout.cache))


def _folder(cache: Path) -> Path:
    return cache / "index"


def _open_shared(repository: Repository, tree: TreeReader) -> sqlite3.Connection | None:
    """None where the file cannot be had."""
    if repository.layout is None:
        return None
    folder = _folder(repository.layout.cache)
    for _ in range(_ATTEMPTS):
        try:
            connection = _open_pinned(repository, folder / FILE, tree)
            if connection is not None:
                return connection
            if not make_index(folder, tree, wait=_LOCK_SECONDS):
                return None
        except sqlite3.Error as error:
            if not is_damage(error):
                return None
            discard(folder)
        except (OSError, StorageError):  # of the cache; the tree's own troubles show again in a private index
            return None
    return None


def _open_pinned(repository: Repository, path: Path, tree: TreeReader) -> sqlite3.Connection | None:
    """None where the index has to be made anew."""
    with ExitStack() as stack:
        opened = _open_file(path)
        if opened is None:
            return None
        connection = stack.enter_context(closing(opened))
        for _ in range(_ATTEMPTS):
            connection.execute("BEGIN")
            if _holds(connection, tree):
                stack.pop_all()
                return connection
            connection.execute("ROLLBACK")
            if not _update(connection, repository, tree):
                return None
    return None


def _open_file(path: Path) -> sqlite3.Connection | None:
    """None where there is no file, or where it is being replaced: SQLite opens the log by its name, later than the
    file, and one must not be read with the log of another."""
    found = _find_identity(path)
    if found is None:
        return None
    with ExitStack() as stack:
        connection = stack.enter_context(closing(connect(str(path), timeout=_LOCK_SECONDS)))
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # opens the log
        if _find_identity(path) != found:
            return None
        stack.pop_all()
        return connection


def _find_identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _open_private(tree: TreeReader) -> sqlite3.Connection:
    """SQLite keeps an unnamed database in memory and spills it into a temporary file where it grows large."""
    with ExitStack() as stack:
        connection = stack.enter_context(closing(connect("")))
        try:
            fill_whole(connection, tree)
        except sqlite3.Error as error:
            raise StorageError(f"cannot make an index: {error}", hint="free space for temporary files") from None
        stack.pop_all()
        return connection


def _holds(connection: sqlite3.Connection, tree: TreeReader) -> bool:
    return _find_held(connection) == tree.id and _has_tables_of(connection, tree)


def _has_tables_of(connection: sqlite3.Connection, tree: TreeReader) -> bool:
    found = connection.execute("SELECT sql FROM sqlite_master")
    return {sql for (sql,) in found} == set(create_statements(tree.tree.variables))


def _find_held(connection: sqlite3.Connection) -> TreeId | None:
    """The tree that the index holds; None where it holds none, or in another schema."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != SCHEMA_VERSION:
        return None
    row = connection.execute("SELECT tree FROM meta").fetchone()
    is_id = row is not None and isinstance(row[0], bytes) and len(row[0]) == ID_BYTES
    return TreeId(row[0]) if is_id else None


def _update(connection: sqlite3.Connection, repository: Repository, tree: TreeReader) -> bool:
    """Make the index hold the tree, from what it holds now; False where that is better made anew."""
    connection.execute("BEGIN IMMEDIATE")
    is_done = _holds(connection, tree) or _try_move(connection, repository, tree)
    connection.execute("COMMIT" if is_done else "ROLLBACK")
    return is_done


def _try_move(connection: sqlite3.Connection, repository: Repository, tree: TreeReader) -> bool:
    """Whether the rows are now the tree's; if not, they may be anything."""
    held = _find_held(connection)
    if held is None or not _has_tables_of(connection, tree):
        return False
    try:
        old = repository.tree(held)
        if not can_move(old, tree):
            return False
        move(connection, old, tree)
    except DsetError:
        return False  # the old tree may have been collected; if the new one is at fault, building says so
    return True
