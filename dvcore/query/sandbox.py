"""Runs SQL so that a stranger's expression or query can read the index, for a limited time, and do nothing else.

The compiler of expressions writes nothing but conditions, and this is its second wall; a query's text has no other.
SQLite asks the authorizer about each table, function and action of a statement, the connection refuses to write, values
and patterns are limited in size, and the clock is looked at every few thousand steps. One call of a function is a step:
`trim` with characters, which SQLite looks for one by one, is another here (`trimming`).
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from dvcore.errors import DsetError, ExpressionError, StateError
from dvcore.model.values import Value
from dvcore.query.functions import SQL_FUNCTIONS
from dvcore.query.schema import TABLES
from dvcore.query.trimming import create_trims
from dvcore.query.views import folded

T = TypeVar("T")

SECONDS: Final = 10.0
"""For each expression and each started 250,000 entries: a hundred times what an ordinary one takes."""
_ENTRIES: Final = 250_000

MAX_VALUE_BYTES: Final = 250_000
"""Of any text on the way and any row that is sorted. A function call cannot be interrupted, and seeking a text in
another takes the product of their lengths: half a second at this length. Stored texts have 65,536 bytes at most."""
MAX_PATTERN_BYTES: Final = 1_000
"""Of LIKE and GLOB, whose time may grow with pattern times text."""
MAX_PARAMETERS: Final = 32_766
"""What SQLite takes by default; some builds take more, which must not go unnoticed."""

_STEPS: Final = 5_000

Explain = Callable[[str, sqlite3.Error], DsetError | None]
"""The error to tell of a text that SQLite has refused; None where the text is not at fault."""


def explain_expression(text: str, error: sqlite3.Error) -> DsetError | None:
    """See `Explain`."""
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_INTERRUPT:
        return ExpressionError("the expression takes too long", expression=text, column=1, hint="make it simpler")
    if code in {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_TOOBIG}:  # of a value, such as abs() of the least integer
        return ExpressionError(f"the expression cannot be evaluated ({error})", expression=text, column=1)
    return None


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be read and called, in lower case, how many rows are fetched at a time, and what is said of errors.
    `own` are names that a query gives to tables of its own, as `folded` has them."""

    tables: frozenset[str]
    functions: frozenset[str]
    explain: Explain
    batch: int
    own: frozenset[str] = frozenset()


EXPRESSIONS: Final = Rules(TABLES, frozenset(SQL_FUNCTIONS) | {"like", "glob", "count"}, explain_expression, 1_000)


def time_limit(expressions: int, entries: int) -> float:
    """Seconds that so many expressions may take over a tree of so many entries."""
    return SECONDS * max(1, expressions) * (1 + entries // _ENTRIES)


class Sandbox:
    """Takes a connection over; it can never write again. `text` is what errors quote.

    Raises StateError where this SQLite knows letters in its own way, so that results would depend on the machine.
    """

    def __init__(self, connection: sqlite3.Connection, text: str, seconds: float, rules: Rules = EXPRESSIONS) -> None:
        self._connection = connection
        self._text = text
        self._left = seconds
        self._ends = 0.0
        self._rules = rules
        _check_letters(connection)
        create_trims(connection)
        connection.execute("PRAGMA query_only = ON")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, MAX_PATTERN_BYTES)
        connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, MAX_PARAMETERS)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.set_authorizer(_authorizer(rules))
        connection.set_progress_handler(lambda: time.monotonic() > self._ends, _STEPS)

    def rows(self, sql: str, parameters: Sequence[Value | bytes] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of one SELECT. Only SQLite's own time counts, not that of whoever takes the rows.

        Raises what the rules explain errors as, sqlite3.Error where the index is at fault.
        """
        yield from self.run(sql, parameters)[1]

    def run(
        self, sql: str, parameters: Sequence[Value | bytes] = ()
    ) -> tuple[tuple[str, ...], Iterator[tuple[Any, ...]]]:
        """The names of a SELECT's columns, and its rows; see `rows`."""
        cursor = self._timed(lambda: self._connection.execute(sql, parameters))
        return tuple(one[0] for one in cursor.description or ()), self._iter_rows(cursor)

    def _iter_rows(self, cursor: sqlite3.Cursor) -> Iterator[tuple[Any, ...]]:
        while batch := self._timed(lambda: cursor.fetchmany(self._rules.batch)):
            yield from batch

    def _timed(self, work: Callable[[], T]) -> T:
        started = time.monotonic()
        self._ends = started + self._left
        try:
            return work()
        except sqlite3.Error as error:
            explained = self._rules.explain(self._text, error)
            if explained is None:
                raise
            raise explained from None
        finally:
            self._left -= time.monotonic() - started


def _authorizer(rules: Rules) -> Callable[[int, str | None, str | None, str | None, str | None], int]:
    def authorize(action: int, first: str | None, second: str | None, database: str | None, _view: str | None) -> int:
        match action:
            case sqlite3.SQLITE_SELECT:
                allowed = True
            case sqlite3.SQLITE_READ:
                allowed = first in rules.tables or _is_own(first, second, database, rules)
            case sqlite3.SQLITE_FUNCTION:
                allowed = second is not None and second.lower() in rules.functions
            case _:
                allowed = False
        return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY

    return authorize


def _is_own(table: str | None, column: str | None, database: str | None, rules: Rules) -> bool:
    """SQLite asks about a query's own table too where the rows of it are taken and none of its columns."""
    return not column and database is None and table is not None and folded(table) in rules.own


def _check_letters(connection: sqlite3.Connection) -> None:
    """Built with ICU, SQLite has other ideas of upper case and LIKE than everywhere else."""
    (is_plain,) = connection.execute("SELECT lower('Ä') = 'Ä' AND 'ä' NOT LIKE 'Ä'").fetchone()
    if not is_plain:
        raise StateError("this Python's SQLite compares letters by ICU", hint="use a Python with a plain SQLite")
