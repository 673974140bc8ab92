"""Which files fulfil an expression, and which of many expressions each of them fulfils.

Results come in the order of the paths' UTF-8 bytes, one for each path under which a file is found, and depend on the
tree and the expressions alone.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from dvcore.errors import StorageError
from dvcore.ids import FileId
from dvcore.model.names import ROOT, Path, format_path
from dvcore.query.checker import parse_condition
from dvcore.query.compiler import Condition, compile_condition
from dvcore.query.index import discard_index, open_index, open_private_index
from dvcore.query.ranges import path_ranges
from dvcore.query.sandbox import Sandbox, time_limit
from dvcore.query.schema import SOURCE
from dvcore.query.vocabulary import Vocabulary
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.store.cache_map import is_damage

_MAX_COLUMNS: Final = 500
_MAX_PARAMETERS: Final = 20_000
"""Of one SELECT; SQLite takes 2,000 and the sandbox 32,766. A condition has at most 5,000 parameters."""


@dataclass(frozen=True, slots=True)
class Row:
    """A file under one of its paths."""

    path: str
    file: FileId


Outcome = tuple[Row, tuple[bool | None, ...]]
"""A row and what each expression gives for it; None is unknown, because something it needs is not set."""


@dataclass(frozen=True, slots=True)
class _Query:
    """What is asked: checked conditions and the set of paths they are asked of."""

    repository: Repository
    tree: TreeReader
    conditions: tuple[Condition, ...]
    where: Condition | None
    under: tuple[Path, ...]
    is_private: bool


def select(
    repository: Repository, tree: TreeReader, *, where: str | None, under: Sequence[Path] = (ROOT,)
) -> list[Row]:
    """The entries at and under some paths whose files fulfil an expression; all, where it is None.

    Raises ExpressionError, NotFoundError for a path, CorruptError.
    """
    if where is None:
        return _select_all(tree, under)
    return [row for row, _ in evaluate(repository, tree, expressions=(), where=where, under=under)]


def evaluate(
    repository: Repository,
    tree: TreeReader,
    *,
    expressions: Sequence[str],
    where: str | None,
    under: Sequence[Path] = (ROOT,),
    private_index: bool = False,
) -> Iterator[Outcome]:
    """What each expression gives for every entry that `where` and `under` select. `private_index` makes an index from
    the tree for this once, at its cost, and neither trusts nor touches the one in the cache.

    Raises ExpressionError for a wrong expression and NotFoundError for a path at once, and ExpressionError for what
    shows only while the rows are made (too long, too large a value).
    """
    vocabulary = Vocabulary(tree.tree)
    for path in under:
        tree.entry(path)
    conditions = tuple(_compile(vocabulary, text) for text in expressions)
    filter_ = None if where is None else _compile(vocabulary, where)
    return _iter_outcomes(_Query(repository, tree, conditions, filter_, tuple(under), private_index))


def _select_all(tree: TreeReader, under: Sequence[Path]) -> list[Row]:
    """Without the index, which may have to be made first."""
    found = {format_path(path): file for start in under for path, file in tree.iter_files(start)}
    # Python orders texts by code point, which is the order of their UTF-8 bytes.
    return [Row(path, found[path]) for path in sorted(found)]


def _compile(vocabulary: Vocabulary, text: str) -> Condition:
    return compile_condition(vocabulary, text, parse_condition(vocabulary, text))


def _iter_outcomes(query: _Query) -> Iterator[Outcome]:
    return _iter_private(query, given=0) if query.is_private else _iter_shared(query)


def _iter_shared(query: _Query) -> Iterator[Outcome]:
    """Where the index turns out to be damaged half-way, a private one gives the rest: the order is the same."""
    given = 0
    try:
        with open_index(query.repository, query.tree) as index:
            for outcome in _run(index, query):
                yield outcome
                given += 1
            return
    except sqlite3.Error as error:
        if is_damage(error):
            discard_index(query.repository)
    yield from _iter_private(query, given)


def _iter_private(query: _Query, given: int) -> Iterator[Outcome]:
    """All but the first `given` outcomes, from an index that nobody else sees."""
    try:
        with open_private_index(query.tree) as index:
            yield from islice(_run(index, query), given, None)
    except sqlite3.Error as error:
        raise StorageError(f"cannot read the index: {error}", hint="free space for temporary files") from None


def _run(index: sqlite3.Connection, query: _Query) -> Iterator[Outcome]:
    """All conditions of a row together; beyond what one SELECT takes, several walk through the rows side by side."""
    asked = [*query.conditions, *([] if query.where is None else [query.where])]
    text = "; ".join(condition.text for condition in asked)
    sandbox = Sandbox(index, text, time_limit(len(asked), query.tree.tree.root.files))
    batches = [_iter_rows(sandbox, batch, query) for batch in _batches(query.conditions)]
    for parts in zip(*batches, strict=True):
        path, file = parts[0][:2]
        yield Row(path, file), tuple(None if one is None else bool(one) for part in parts for one in part[2:])


def _iter_rows(sandbox: Sandbox, conditions: Sequence[Condition], query: _Query) -> Iterator[tuple[object, ...]]:
    columns = "".join(f", {condition.sql}" for condition in conditions)
    where = "" if query.where is None else f" AND {query.where.sql}"
    sql = f"SELECT e.path, e.file{columns} FROM {SOURCE} WHERE e.path >= ? AND e.path < ?{where} ORDER BY e.path"
    before = [value for condition in conditions for value in condition.parameters]
    after = () if query.where is None else query.where.parameters
    for start, stop in path_ranges(query.under):
        yield from sandbox.rows(sql, (*before, start, stop, *after))


def _batches(conditions: Sequence[Condition]) -> list[list[Condition]]:
    """At least one, so that there are rows where nothing is asked of them."""
    batches: list[list[Condition]] = [[]]
    parameters = 0
    for condition in conditions:
        parameters += len(condition.parameters)
        if len(batches[-1]) == _MAX_COLUMNS or parameters > _MAX_PARAMETERS:
            batches.append([])
            parameters = len(condition.parameters)
        batches[-1].append(condition)
    return batches
