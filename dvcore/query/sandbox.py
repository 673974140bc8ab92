"""Runs SQL so that a stranger's expression can read the index, for a limited time, and do nothing else.

The compiler already writes nothing but conditions; this is the second wall. SQLite asks the authorizer about each
table, function and action of a statement, the connection refuses to write, values and patterns are limited in size,
and the clock is looked at every few thousand steps.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

from dvcore.errors import ExpressionError, StateError
from dvcore.model.values import Value
from dvcore.query.functions import SQL_FUNCTIONS
from dvcore.query.schema import TABLES

T = TypeVar("T")

SECONDS: Final = 10.0
"""For each expression and each started 250,000 entries: a hundred times what an ordinary one takes."""
_ENTRIES: Final = 250_000

MAX_VALUE_BYTES: Final = 4_000_000
"""Of any text on the way and any row. One function call cannot be interrupted, so it must not have much to do."""
MAX_PATTERN_BYTES: Final = 1_000
"""Of LIKE and GLOB, whose time may grow with pattern times text."""
MAX_PARAMETERS: Final = 32_766
"""What SQLite takes by default; some builds take more, which must not go unnoticed."""

_BATCH: Final = 1_000
_STEPS: Final = 5_000

_FUNCTIONS: Final = frozenset(SQL_FUNCTIONS) | {"like", "glob"}
_OF_EXPRESSION: Final = frozenset([sqlite3.SQLITE_ERROR, sqlite3.SQLITE_TOOBIG])
"""Errors of a value on the way, such as an absolute value that does not fit into 64 bit."""


def time_limit(expressions: int, entries: int) -> float:
    """Seconds that so many expressions may take over a tree of so many entries."""
    return SECONDS * max(1, expressions) * (1 + entries // _ENTRIES)


class Sandbox:
    """Takes a connection over; it can never write again. `text` is what errors quote.

    Raises StateError where this SQLite knows letters in its own way, so that results would depend on the machine.
    """

    def __init__(self, connection: sqlite3.Connection, text: str, seconds: float) -> None:
        self._connection = connection
        self._text = text
        self._left = seconds
        self._ends = 0.0
        _check_letters(connection)
        connection.execute("PRAGMA query_only = ON")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, MAX_PATTERN_BYTES)
        connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, MAX_PARAMETERS)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.set_authorizer(_authorize)
        connection.set_progress_handler(lambda: time.monotonic() > self._ends, _STEPS)

    def rows(self, sql: str, parameters: Sequence[Value | bytes]) -> Iterator[tuple[Any, ...]]:
        """The rows of one SELECT. Only SQLite's own time counts, not that of whoever takes the rows.

        Raises ExpressionError where a value is too large or time is over, sqlite3.Error where the index is at fault.
        """
        cursor = self._timed(lambda: self._connection.execute(sql, parameters))
        while batch := self._timed(lambda: cursor.fetchmany(_BATCH)):
            yield from batch

    def _timed(self, work: Callable[[], T]) -> T:
        started = time.monotonic()
        self._ends = started + self._left
        try:
            return work()
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", None)
            if code == sqlite3.SQLITE_INTERRUPT:
                raise self._error("the expression takes too long", "make it simpler") from None
            if code in _OF_EXPRESSION:
                raise self._error(f"the expression cannot be evaluated ({error})", None) from None
            raise
        finally:
            self._left -= time.monotonic() - started

    def _error(self, message: str, hint: str | None) -> ExpressionError:
        return ExpressionError(message, expression=self._text, column=1, hint=hint)


def _authorize(action: int, first: str | None, second: str | None, _database: str | None, _inner: str | None) -> int:
    match action:
        case sqlite3.SQLITE_SELECT:
            allowed = True
        case sqlite3.SQLITE_READ:
            allowed = first in TABLES
        case sqlite3.SQLITE_FUNCTION:
            allowed = second in _FUNCTIONS
        case _:
            allowed = False
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY


def _check_letters(connection: sqlite3.Connection) -> None:
    """Built with ICU, SQLite has other ideas of upper case and LIKE than everywhere else."""
    (is_plain,) = connection.execute("SELECT lower('Ä') = 'Ä' AND 'ä' NOT LIKE 'Ä'").fetchone()
    if not is_plain:
        raise StateError("this Python's SQLite compares letters by ICU", hint="use a Python with a plain SQLite")
