"""Advice on texts that may be slips: what an expression asks for and nothing has, what is set and no file had.

A variable of texts takes any, and attributes are not declared, so these are no errors; but a filter that silently
selects nothing is an expensive mistake, and so is a value with two spellings.
"""

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dvcore.errors import ExpressionError, find_nearest, nearest_hint
from dvcore.model.values import ValueType
from dvcore.model.variable_names import INSTANCE_FUNCTIONS
from dvcore.query import functions
from dvcore.query.checker import Checked, parse_condition
from dvcore.query.index import has_index
from dvcore.query.reading import iter_read
from dvcore.query.sandbox import Sandbox
from dvcore.query.schema import SCORE, variable_column
from dvcore.query.syntax import Binary, Call, Exists, In, Literal, Name, Node, children
from dvcore.query.vocabulary import Vocabulary
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader

_SECONDS: Final = 2.0
"""Nobody waits for advice. Finding what is nearest counts too: of 2,000 texts of 80 characters, it takes a second."""
_MOST_VALUES: Final = 2_000
"""Different texts among which the nearest is sought."""
_LONGEST: Final = 100
"""Characters of a text that may be a slip of another. Longer ones, as captions, are each meant to be new."""
_MOST_FILES: Final = 10_000
"""Of which an index is made for a value that is set, in some 0.3 s. With more files there must be one already."""
_LIKENESS: Final = 0.75
"""Of a value that is set: 'Reuet' is as like 'Reute' as 0.8; below, it may well be another word."""

_FILES: Final = "FROM files AS f WHERE true"
_ATTRIBUTES: Final = "FROM attributes AS a WHERE true"


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A text in an expression, and the column of the index that may never hold it; `what` is what would have it."""

    what: str
    value: str
    column: str
    source: str
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NearValue:
    """A value that occurs, and the number of files that have it."""

    value: str
    files: int


def find_near_value(repository: Repository, tree: TreeReader, name: str, text: str) -> NearValue | None:
    """The value of a text variable that one to be set is nearly the same as, in more than its digits; None where there
    is none, where the new one occurs itself, and for variables of other types.

    Raises NotFoundError for the variable, CorruptError, StorageError.
    """
    if tree.variable(name).type is not ValueType.TEXT or len(text) > _LONGEST:
        return None
    if tree.tree.root.files > _MOST_FILES and not has_index(repository):
        return None
    column = variable_column([one.name for one in tree.tree.variables].index(name))
    counts = dict(iter_read(repository, tree, lambda index: _iter_counts(index, column)))
    if text in counts or len(counts) > _MOST_VALUES:
        return None
    near = find_nearest(text, (one for one in counts if _letters(one) != _letters(text)), likeness=_LIKENESS)
    return None if near is None else NearValue(near, counts[near])


def _iter_counts(index: sqlite3.Connection, column: str) -> Iterator[tuple[str, int]]:
    sql = f"SELECT {column}, count(*) {_FILES} AND {_is_short(column)} GROUP BY {column} LIMIT ?"
    yield from index.execute(sql, (_MOST_VALUES + 1,))


def _is_short(column: str) -> str:
    """Whether a text is there, too, and in SQL."""
    return f"length({column}) <= {_LONGEST}"


def _letters(text: str) -> str:
    """`batch 12` and `batch 13` are no slips of each other."""
    return "".join(sign for sign in text if not sign.isdigit())


def iter_advice(repository: Repository, tree: TreeReader, text: str, *, of_instance: bool = False) -> Iterator[str]:
    """A line for each text in an expression that is compared with what never has that value, with the nearest that
    occurs, and for each attribute that no instance has.

    Raises ExpressionError where the text is no expression.
    """
    vocabulary = Vocabulary(tree.tree)
    checked = parse_condition(vocabulary, text, of_instance=of_instance)
    doubts = tuple(dict.fromkeys(_Walk(vocabulary, checked).doubts(checked.node, of_instance=of_instance)))
    return iter_read(repository, tree, lambda index: _run(index, text, doubts)) if doubts else iter(())


def _run(index: sqlite3.Connection, text: str, doubts: tuple[_Doubt, ...]) -> Iterator[str]:
    sandbox = Sandbox(index, text, _SECONDS)
    ends = time.monotonic() + _SECONDS
    try:
        for doubt in doubts:
            if time.monotonic() > ends:
                return
            line = _find_line(sandbox, doubt)
            if line is not None:
                yield line
    except ExpressionError:
        return  # time is over, and the expression itself will say so if that is its fault


def _find_line(sandbox: Sandbox, doubt: _Doubt) -> str | None:
    if any(sandbox.rows(f"SELECT 1 {doubt.source} AND {doubt.column} = ? LIMIT 1", (*doubt.parameters, doubt.value))):
        return None
    hint = nearest_hint(doubt.value, _list_others(sandbox, doubt)) if len(doubt.value) <= _LONGEST else None
    return f"{doubt.what} {doubt.value!r}{f'; {hint}' if hint else ''}"


def _list_others(sandbox: Sandbox, doubt: _Doubt) -> list[str]:
    sql = f"SELECT DISTINCT {doubt.column} {doubt.source} AND {_is_short(doubt.column)} LIMIT {_MOST_VALUES}"
    return [value for (value,) in sandbox.rows(sql, doubt.parameters)]


@dataclass(frozen=True, slots=True)
class _Walk:
    vocabulary: Vocabulary
    checked: Checked

    def doubts(self, node: Node, *, of_instance: bool) -> Iterator[_Doubt]:
        """Those in a part of the expression, in the order of the text."""
        match node:
            case Binary("=" | "<>" | "IS" | "IS NOT", left, right):
                yield from self._compared(left, right, of_instance)
                yield from self._compared(right, left, of_instance)
            case In(operand, items):
                for item in items:
                    yield from self._compared(operand, item, of_instance)
            case Call(functions.ATTRIBUTE, (Literal(str(name)),)) if name != SCORE:
                yield _Doubt("no instance has the attribute", name, "a.name", _ATTRIBUTES)
        enters = isinstance(node, Exists) or (isinstance(node, Call) and node.function in INSTANCE_FUNCTIONS)
        for child in children(node):
            yield from self.doubts(child, of_instance=of_instance or enters)

    def _compared(self, node: Node, other: Node, of_instance: bool) -> Iterator[_Doubt]:
        if not isinstance(other, Literal) or not isinstance(other.value, str):
            return
        match node:
            case Name():
                field = self.vocabulary.field(self.checked.text, node, of_instance=of_instance)
                if field.choices is None and field.column.startswith("f.") and other.value != field.unset:
                    yield _Doubt(f"no file has {field.name} =", other.value, field.column, _FILES)
            case Call(functions.ATTRIBUTE, (Literal(str(name)),)):
                what = f"no instance has {functions.ATTRIBUTE}({name!r}) ="
                yield _Doubt(what, other.value, "a.text", f"{_ATTRIBUTES} AND a.name = ?", (name,))
