"""The second wall: what SQLite itself would refuse, if the compiler let it through."""

import sqlite3
from collections.abc import Iterator

import pytest
from support.described_trees import Described, write_tree

from dvcore.errors import ExpressionError, StateError
from dvcore.query import sandbox, select
from dvcore.query.index import open_private_index
from dvcore.query.sandbox import Sandbox, time_limit
from dvcore.repo.repository import Repository


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with Repository.in_memory() as repository:
        tree = write_tree(repository, {f"d/{n}": Described() for n in range(300)})
        with open_private_index(tree) as opened:
            yield opened


def run(connection: sqlite3.Connection, sql: str, seconds: float = 10.0) -> list[object]:
    return list(Sandbox(connection, sql, seconds).rows(sql, ()))


def test_reads_its_tables_with_its_functions(connection: sqlite3.Connection) -> None:
    tables = "entries AS e CROSS JOIN files AS f ON f.file = e.file"
    sql = f"SELECT lower(e.path), coalesce(f.width, 0) FROM {tables} WHERE e.path LIKE 'd/7'"
    assert run(connection, sql) == [("d/7", 640)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM sqlite_master",
        "SELECT * FROM meta",
        "SELECT * FROM pragma_table_info('files')",
        "SELECT * FROM json_each('[1]')",
        "ATTACH DATABASE '/tmp/other.sqlite' AS other",
        "PRAGMA user_version",
        "PRAGMA query_only = OFF",
        "DELETE FROM entries",
        "UPDATE files SET width = 1",
        "INSERT INTO instances SELECT * FROM instances",
        "CREATE TABLE x (y)",
        "CREATE TEMP TABLE x (y)",
        "DROP TABLE files",
        "VACUUM INTO '/tmp/other.sqlite'",
        "BEGIN",
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n",
        "SELECT load_extension('x')",
        "SELECT random()",
        "SELECT randomblob(10)",
        "SELECT zeroblob(1000)",
        "SELECT datetime('now')",
        "SELECT CURRENT_TIMESTAMP",
        "SELECT sqlite_version()",
        "SELECT printf('%1000000d', 1)",
        "SELECT total(bytes) FROM files",
        "SELECT group_concat(path) FROM entries",
    ],
)
def test_refuses_all_else(connection: sqlite3.Connection, sql: str) -> None:
    before = connection.execute("SELECT count(*), max(path) FROM entries").fetchone()
    with pytest.raises(
        (sqlite3.DatabaseError, ExpressionError), match=r"prohibited|not authorized|denied|no such|cannot"
    ):
        run(connection, sql)
    connection.set_authorizer(None)
    assert connection.execute("SELECT count(*), max(path) FROM entries").fetchone() == before


def test_a_runaway_is_stopped(connection: sqlite3.Connection) -> None:
    sql = "SELECT 1 FROM entries AS a, entries AS b, entries AS c, entries AS d WHERE a.path || d.path = 'x'"
    with pytest.raises(ExpressionError, match="takes too long"):
        run(connection, sql, seconds=0.05)


def test_time_is_that_of_sqlite_and_adds_up(connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the clock is a second later; SQLite works in several stretches."""
    ticks = iter(range(1_000_000))
    monkeypatch.setattr(sandbox.time, "monotonic", lambda: float(next(ticks)))
    sql = "SELECT 1 FROM entries AS a, entries AS b WHERE a.path < b.path"
    with pytest.raises(ExpressionError, match="takes too long"):
        run(connection, sql, seconds=40.0)


def test_an_expression_that_takes_too_long_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "SECONDS", 0.0)
    with Repository.in_memory() as repository:
        tree = write_tree(repository, {f"d/{n}": Described() for n in range(2_000)})
        with pytest.raises(ExpressionError, match="takes too long at column 1 of \"path LIKE '%a%a%'\""):
            select(repository, tree, where="path LIKE '%a%a%'")


def test_time_grows_with_expressions_and_entries() -> None:
    assert time_limit(0, 10) == time_limit(1, 10) == 10.0
    assert time_limit(3, 1_000_000) == 150.0


def test_a_value_may_not_grow_without_bound(connection: sqlite3.Connection) -> None:
    """250 KB, far under what SQLite itself allows."""
    walled = Sandbox(connection, "text", 10.0)
    sql = "SELECT length(replace(?, 'x', ?))"
    assert list(walled.rows(sql, ("x" * 60_000, "y" * 4))) == [(240_000,)]
    with pytest.raises(ExpressionError, match="cannot be evaluated"):
        list(walled.rows(sql, ("x" * 60_000, "y" * 5)))


def test_an_sqlite_with_its_own_idea_of_letters_is_refused(connection: sqlite3.Connection) -> None:
    connection.create_function("lower", 1, str.lower, deterministic=True)
    with pytest.raises(StateError, match="plain SQLite"):
        Sandbox(connection, "true", 1.0)
