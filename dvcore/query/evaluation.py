"""Which files fulfil an expression, and which of many expressions each of them fulfils.

Results come in the order of the paths' UTF-8 bytes, one for each path under which a file is found, and depend on the
tree and the expressions alone.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dvcore.ids import FileId
from dvcore.model.names import ROOT, Path, format_path
from dvcore.query.checker import parse_condition
from dvcore.query.compiler import Condition, batch_conditions, compile_condition
from dvcore.query.ranges import path_ranges
from dvcore.query.reading import iter_read
from dvcore.query.sandbox import Sandbox, time_limit
from dvcore.query.schema import SOURCE
from dvcore.query.vocabulary import Vocabulary
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader


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

    conditions: tuple[Condition, ...]
    where: Condition | None
    under: tuple[Path, ...]
    seconds: float
    unknown: bool


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
    unknown: bool = False,
) -> Iterator[Outcome]:
    """What each expression gives for every entry that `where` and `under` select; with `unknown`, for those under
    `under` for which `where` is unknown. `private_index` makes an index from the tree for this once, at its cost, and
    neither trusts nor touches the one in the cache.

    Raises ExpressionError for a wrong expression and NotFoundError for a path at once, and ExpressionError for what
    shows only while the rows are made (too long, too large a value).
    """
    vocabulary = Vocabulary(tree.tree)
    for path in under:
        tree.entry(path)
    conditions = tuple(_compile(vocabulary, text) for text in expressions)
    filter_ = None if where is None else _compile(vocabulary, where)
    seconds = time_limit(len(conditions) + (filter_ is not None), tree.tree.root.files)
    query = _Query(conditions, filter_, tuple(under), seconds, unknown)
    return iter_read(repository, tree, lambda index: _run(index, query), is_private=private_index)


def _select_all(tree: TreeReader, under: Sequence[Path]) -> list[Row]:
    """Without the index, which may have to be made first."""
    found = {format_path(path): file for start in under for path, file in tree.iter_files(start)}
    # Python orders texts by code point, which is the order of their UTF-8 bytes.
    return [Row(path, found[path]) for path in sorted(found)]


def _compile(vocabulary: Vocabulary, text: str) -> Condition:
    return compile_condition(vocabulary, parse_condition(vocabulary, text))


def _run(index: sqlite3.Connection, query: _Query) -> Iterator[Outcome]:
    """All conditions of a row together; beyond what one SELECT takes, several walk through the rows side by side."""
    asked = [*query.conditions, *([] if query.where is None else [query.where])]
    text = "; ".join(condition.text for condition in asked)
    sandbox = Sandbox(index, text, query.seconds)
    batches = [_iter_rows(sandbox, batch, query) for batch in batch_conditions(query.conditions)]
    for parts in zip(*batches, strict=True):
        path, file = parts[0][:2]
        yield Row(path, file), tuple(None if one is None else bool(one) for part in parts for one in part[2:])


def _iter_rows(sandbox: Sandbox, conditions: Sequence[Condition], query: _Query) -> Iterator[tuple[object, ...]]:
    columns = "".join(f", {condition.sql}" for condition in conditions)
    where = "" if query.where is None else f" AND {query.where.sql}{' IS NULL' if query.unknown else ''}"
    sql = f"SELECT e.path, e.file{columns} FROM {SOURCE} WHERE e.path >= ? AND e.path < ?{where} ORDER BY e.path"
    before = [value for condition in conditions for value in condition.parameters]
    after = () if query.where is None else query.where.parameters
    for start, stop in path_ranges(query.under):
        yield from sandbox.rows(sql, (*before, start, stop, *after))
