"""Writes a tree's rows: all of them, or what another tree has differently.

Neither begins or ends a transaction, so that the caller can write the tree's id in the same one.
"""

import sqlite3
from collections.abc import Iterator
from itertools import islice
from typing import Final

from dvcore.model.names import ROOT, Path
from dvcore.model.tree import Directory, decode_entry
from dvcore.prolly import diff
from dvcore.query.ranges import path_ranges
from dvcore.query.rows import FileRows, iter_entry_rows
from dvcore.query.schema import SCHEMA_VERSION, TABLES, create_statements
from dvcore.repo.treereader import TreeReader

_BATCH: Final = 1_000
"""Files whose rows are in memory at a time."""

_INSERT_ENTRY: Final = "INSERT INTO entries VALUES (?, ?, ?, ?)"
_INSERT_COUNT: Final = "INSERT INTO counts VALUES (?, ?, ?)"


def build(connection: sqlite3.Connection, tree: TreeReader) -> None:
    """Make the tables anew and fill them.

    Raises CorruptError, NeedsNewerError, StateError, sqlite3.Error.
    """
    for table in ("meta", *TABLES):
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    for statement in create_statements(tree.tree.variables):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    _insert_files(connection, tree, tree.files.iter_items())
    connection.executemany(_INSERT_ENTRY, iter_entry_rows(tree, ROOT, tree.tree.root))
    connection.execute("INSERT INTO meta VALUES (?)", (tree.id,))


def can_move(old: TreeReader, new: TreeReader) -> bool:
    """Whether both trees have the same columns; choices and the like are no part of the index."""
    columns, wanted = ([(one.name, one.type) for one in tree.tree.variables] for tree in (old, new))
    return columns == wanted


def move(connection: sqlite3.Connection, old: TreeReader, new: TreeReader) -> None:
    """Turn the rows of one tree into those of another, at the cost of what differs.

    Raises what `build` raises.
    """
    _move_files(connection, old, new)
    _move_entries(connection, ROOT, old, new, (old.tree.root, new.tree.root))
    connection.execute("UPDATE meta SET tree = ?", (new.id,))


def _insert_files(connection: sqlite3.Connection, tree: TreeReader, records: Iterator[tuple[bytes, bytes]]) -> None:
    rows = FileRows(tree)
    while batch := [rows.make(file, record) for file, record in islice(records, _BATCH)]:
        connection.executemany(rows.insert_statement, (row for row, _ in batch))
        connection.executemany(_INSERT_COUNT, (count for _, counts in batch for count in counts))


def _move_files(connection: sqlite3.Connection, old: TreeReader, new: TreeReader) -> None:
    differences = diff(new.objects, old.tree.files, new.tree.files)
    while batch := list(islice(differences, _BATCH)):
        gone = [(one.key,) for one in batch if one.old is not None]
        connection.executemany("DELETE FROM files WHERE file = ?", gone)
        connection.executemany("DELETE FROM counts WHERE file = ?", gone)
        _insert_files(connection, new, iter([(one.key, one.new) for one in batch if one.new is not None]))


def _move_entries(
    connection: sqlite3.Connection, path: Path, old: TreeReader, new: TreeReader, roots: tuple[Directory, Directory]
) -> None:
    """Opens only directories that differ. Rows go before others come, as one path may change what it holds."""
    for one in diff(new.objects, roots[0].root, roots[1].root):
        place = (*path, one.key.decode())
        before, after = (None if data is None else decode_entry(data) for data in (one.old, one.new))
        if isinstance(before, Directory) and isinstance(after, Directory):
            _move_entries(connection, place, old, new, (before, after))
            continue
        if before is not None:
            _delete_entries(connection, place)
        if after is not None:
            connection.executemany(_INSERT_ENTRY, iter_entry_rows(new, place, after))


def _delete_entries(connection: sqlite3.Connection, path: Path) -> None:
    connection.executemany("DELETE FROM entries WHERE path >= ? AND path < ?", path_ranges([path]))
