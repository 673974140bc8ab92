"""Read-only SQL over the index of a tree: one SELECT, in a sandbox.

Unlike an expression, its text reaches SQLite. What it may read are the views of `views`, and the tables under them;
what it may call is the list here, which knows neither time nor chance nor the machine, and makes no large value of a
short text. There is no recursion, and no way to write, to attach or to load anything. What is large before it begins is
refused by trying it elsewhere (`preparing`).
"""

import re
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from dvcore.errors import DsetError, InvalidInputError, nearest_hint
from dvcore.model.tree import Tree
from dvcore.query.preparing import check_preparing
from dvcore.query.reading import iter_read
from dvcore.query.sandbox import Rules, Sandbox, time_limit
from dvcore.query.schema import TABLES, create_statements
from dvcore.query.views import VIEWS, create_views, folded, known_names, view_statements
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader

MAX_CHARACTERS: Final = 10_000
_MAX_COLUMNS: Final = 64
"""Of a result or an order, beside one for each variable; each value may have `sandbox.MAX_VALUE_BYTES`."""
_MAX_STEPS: Final = 100_000
"""Of a prepared statement."""

SqlValue = int | float | str | bytes | None
"""Ids come as bytes, bools as 1 and 0."""

_SCALAR: Final = ("abs", "ceil", "ceiling", "floor", "pow", "power", "round", "sign", "sqrt", "max", "min")
_TEXT: Final = (
    *("glob", "hex", "instr", "length", "like", "lower", "ltrim", "replace", "rtrim", "substr", "substring", "trim"),
    *("unicode", "upper"),
)
_ANY: Final = ("coalesce", "ifnull", "iif", "nullif", "typeof")
_OF_JSON: Final = (
    *("->", "->>", "json", "json_array_length", "json_extract", "json_group_array", "json_group_object"),
    *("json_type", "json_valid"),
)
_AGGREGATE: Final = ("avg", "count", "group_concat", "sum", "total")
_WINDOW: Final = (
    *("cume_dist", "dense_rank", "first_value", "lag", "last_value", "lead", "nth_value", "ntile", "percent_rank"),
    *("rank", "row_number"),
)
FUNCTIONS: Final = frozenset([*_SCALAR, *_TEXT, *_ANY, *_OF_JSON, *_AGGREGATE, *_WINDOW])
"""What a query may call, as far as this SQLite has it."""

_READS: Final = re.compile(r"\s*(select|with|values)\b", re.IGNORECASE)
_QUOTED: Final = re.compile(
    r"""'(?:[^']|'')*' | --[^\n]* | /\*.*?\*/ | (?P<alias>\bas\s*)?"(?P<name>(?:[^"]|"")*)\"""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_OWN_TABLE: Final = re.compile(
    r"""(?:\bwith|,)\s*(?:"(?P<quoted>(?:[^"]|"")*)"|(?P<name>\w+))\s*(?:\([^()]*\)\s*)?
        \bas\s*(?:(?:not\s+)?materialized\s*)?\(""",
    re.VERBOSE | re.IGNORECASE,
)
_MISSING: Final = re.compile(
    r"(?:no such (?P<what>column|table|function): |not authorized to use function: )(?:[^\s.]+\.)?(?P<name>.+)"
)
_FORBIDDEN: Final = ("not authorized", "prohibited", "cannot modify")
_TABLES_HINT: Final = f"the tables are {', '.join(VIEWS)}"
_OF_THE_FILE: Final = frozenset(
    [
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,
    ]
)
"""Errors that a query is not to blame for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The names of the columns, of which two may be equal, and the rows, read while they are taken."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[SqlValue, ...]]


def query_sql(repository: Repository, tree: TreeReader, text: str) -> Answer:
    """What one SELECT gives of a tree. Its time is limited as that of one expression is.

    Raises InvalidInputError for a query that SQLite refuses, that may do what it must not, or that takes too much;
    StorageError, CorruptError. While rows are taken, too.
    """
    _check_text(text)
    seconds = time_limit(1, tree.tree.root.files)
    found = iter_read(repository, tree, lambda index: _run(index, tree, text, seconds))
    return Answer(next(found), found)


def _run(index: sqlite3.Connection, tree: TreeReader, text: str, seconds: float) -> Iterator[tuple[Any, ...]]:
    """The names of the columns, then the rows."""
    columns = create_views(index, tree.tree)
    own = _own_tables(text)
    _check_quoted_names(text, known_names(columns) | own)
    index.text_factory = lambda data: data.decode(errors="replace")  # CAST makes texts of any bytes
    names = [name for some in columns.values() for name in some]
    rules = Rules(TABLES, FUNCTIONS, lambda text, error: _explain(text, error, names), 1, own)
    sandbox = Sandbox(index, text, seconds, rules)
    limits = _limits(tree.tree)
    for limit, value in limits.items():
        index.setlimit(limit, value)
    check_preparing(text, [*create_statements(tree.tree.variables), *view_statements(tree.tree)], limits)
    try:
        header, rows = sandbox.run(text)
    except MemoryError:  # which is how SQLite says that a statement has too many steps
        raise InvalidInputError("the query is too large", hint="ask for less") from None
    yield header
    yield from rows


def _limits(tree: Tree) -> dict[int, int]:
    """Those of SQLite that are narrower for a query than for an expression."""
    columns = _MAX_COLUMNS + len(tree.variables)
    return {sqlite3.SQLITE_LIMIT_COLUMN: columns, sqlite3.SQLITE_LIMIT_VDBE_OP: _MAX_STEPS}


def _check_text(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise InvalidInputError(
            f"a query of {len(text)} characters is too long", hint=f"at most {MAX_CHARACTERS} characters"
        )
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise InvalidInputError("the query holds a character that no SQL has", hint="type it anew")
    if not _READS.match(text):
        raise InvalidInputError("a query only reads", hint="begin it with SELECT")


def _own_tables(text: str) -> frozenset[str]:
    """What stands before `AS (SELECT …)` after a WITH, as SQL compares names."""
    names = (found["name"] or found["quoted"].replace('""', '"') for found in _OWN_TABLE.finditer(text))
    return frozenset(map(folded, names))


def _check_quoted_names(text: str, known: Collection[str]) -> None:
    """SQLite takes a name in double quotes that it does not know for a text, so that a typing error goes unseen."""
    quoted = [found for found in _QUOTED.finditer(text) if found["name"] is not None]
    names = [(found["name"].replace('""', '"'), found["alias"]) for found in quoted]
    own = {name for name, alias in names if alias}
    for name, _ in names:
        if name not in own and folded(name) not in known:
            near = nearest_hint(name, known)
            quotes = f"a text stands in single quotes: '{name}'; a name of your own is given with AS"
            raise InvalidInputError(f'no column "{name}"', hint=f"{quotes}; {near}" if near else quotes)


def _explain(text: str, error: sqlite3.Error, columns: Collection[str]) -> DsetError | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in _OF_THE_FILE:
        return None
    if code == sqlite3.SQLITE_INTERRUPT:
        return InvalidInputError("the query takes too long", hint="ask for less, or join on file")
    if code == sqlite3.SQLITE_TOOBIG:
        return InvalidInputError("the query makes a value that is too large")
    message, hint = _reason(str(error), columns)
    return InvalidInputError(f"the query cannot be run: {message}", hint=hint)


def _reason(message: str, columns: Collection[str]) -> tuple[str, str | None]:
    found = _MISSING.fullmatch(message)
    if found is None:
        is_more = any(word in message for word in _FORBIDDEN)
        return (f"it does more than read ({message})", _TABLES_HINT) if is_more else (message, None)
    name, what = found["name"], found["what"] or "function"
    known = {"column": columns, "table": VIEWS, "function": FUNCTIONS}[what]
    return f"no {what} {name!r}", nearest_hint(name, known)
