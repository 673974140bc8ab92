"""Writes a tree's rows: all of them, or what another tree has differently.

Neither begins or ends a transaction, so that the caller can write the tree's id in the same one.
"""

import sqlite3
from collections.abc import Iterable
from itertools import chain, islice
from typing import Final

from dvcore.model.names import ROOT, Path
from dvcore.model.tree import Directory, decode_entry_or_none
from dvcore.prolly import diff
from dvcore.query.ranges import path_ranges
from dvcore.query.rows import FileRows, SqlRow, iter_entry_rows
from dvcore.query.schema import SCHEMA_VERSION, TABLES, create_statements
from dvcore.repo.treereader import TreeReader

_BATCH: Final = 250
"""Files whose rows and annotation sets are in memory at a time; a set of many masks may have some 100 KB."""

_MOVED_WHOLE: Final = 10_000
"""Files, above which it is looked at whether moving costs more than building."""

_TOGETHER: Final = 16
"""Rows that one statement inserts, which takes a fifth less time."""
_PARAMETERS: Final = 30_000
"""Of one statement: SQLite takes 32,766."""


def build(connection: sqlite3.Connection, tree: TreeReader) -> None:
    """Make the tables in an empty database, and fill them. All keys but those of paths come in order, and each table is
    its own index: nothing is sorted, and no page is written twice.

    Raises CorruptError, NeedsNewerError, StateError, sqlite3.Error.
    """
    for statement in create_statements(tree.tree.variables):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    _insert_files(connection, tree, tree.files.iter_items())
    _insert_entries(connection, iter_entry_rows(tree, ROOT, tree.tree.root))
    connection.execute("INSERT INTO meta VALUES (?)", (tree.id,))


def can_move(old: TreeReader, new: TreeReader) -> bool:
    """Whether both trees have the same columns (choices and the like are no part of the index), and moving, where each
    file costs a few times what it does in building, is likely to be quicker."""
    columns, wanted = ([(one.name, one.type) for one in tree.tree.variables] for tree in (old, new))
    different = abs(len(old.files) - len(new.files))
    return columns == wanted and (different <= _MOVED_WHOLE or different * 3 <= len(new.files))


def move(connection: sqlite3.Connection, old: TreeReader, new: TreeReader) -> None:
    """Turn the rows of one tree into those of another, at the cost of what differs.

    Raises what `build` raises.
    """
    _move_files(connection, old, new)
    _move_entries(connection, ROOT, old, new, (old.tree.root, new.tree.root))
    connection.execute("UPDATE meta SET tree = ?", (new.id,))


def _insert_files(connection: sqlite3.Connection, tree: TreeReader, records: Iterable[tuple[bytes, bytes]]) -> None:
    maker = FileRows(tree)
    left = iter(records)
    while batch := list(islice(left, _BATCH)):
        rows = maker.make(batch)
        _insert(connection, "files", rows.files)
        _insert(connection, "instances", rows.instances)
        _insert(connection, "attributes", rows.attributes)


def _insert_entries(connection: sqlite3.Connection, entries: Iterable[SqlRow]) -> None:
    left = iter(entries)
    while batch := list(islice(left, _BATCH)):
        _insert(connection, "entries", batch)


def _insert(connection: sqlite3.Connection, table: str, rows: list[SqlRow]) -> None:
    if not rows:
        return
    marks = f"({', '.join('?' * len(rows[0]))})"
    together = min(_TOGETHER, _PARAMETERS // len(rows[0]))
    whole = len(rows) - len(rows) % together
    groups = (tuple(chain.from_iterable(rows[at : at + together])) for at in range(0, whole, together))
    connection.executemany(f"INSERT INTO {table} VALUES {', '.join([marks] * together)}", groups)
    connection.executemany(f"INSERT INTO {table} VALUES {marks}", rows[whole:])


def _move_files(connection: sqlite3.Connection, old: TreeReader, new: TreeReader) -> None:
    differences = diff(new.objects, old.tree.files, new.tree.files)
    while batch := list(islice(differences, _BATCH)):
        gone = [(one.key,) for one in batch if one.old is not None]
        for table in sorted(TABLES - {"entries"}):
            connection.executemany(f"DELETE FROM {table} WHERE file = ?", gone)
        _insert_files(connection, new, [(one.key, one.new) for one in batch if one.new is not None])


def _move_entries(
    connection: sqlite3.Connection, path: Path, old: TreeReader, new: TreeReader, roots: tuple[Directory, Directory]
) -> None:
    """Opens only directories that differ. Rows go before others come, as one path may change what it holds."""
    for one in diff(new.objects, roots[0].root, roots[1].root):
        place = (*path, one.key.decode())
        before, after = map(decode_entry_or_none, (one.old, one.new))
        if isinstance(before, Directory) and isinstance(after, Directory):
            _move_entries(connection, place, old, new, (before, after))
            continue
        if before is not None:
            _delete_entries(connection, place)
        if after is not None:
            _insert_entries(connection, iter_entry_rows(new, place, after))


def _delete_entries(connection: sqlite3.Connection, path: Path) -> None:
    connection.executemany("DELETE FROM entries WHERE path >= ? AND path < ?", path_ranges([path]))
