"""Which instances fulfil an expression about instances, such as `label IN ('walnut', 'almond') AND area > 100`."""

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter
from typing import Final

from dvcore.ids import FileId, InstanceId
from dvcore.query.checker import parse_condition
from dvcore.query.compiler import Condition, batch_conditions, compile_condition
from dvcore.query.reading import iter_read
from dvcore.query.sandbox import Sandbox, time_limit
from dvcore.query.schema import INSTANCE_SOURCE
from dvcore.query.vocabulary import Vocabulary
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader

_ASKED: Final = 1_000
"""Files that one SELECT is asked about by their ids."""

InstanceOutcomes = dict[InstanceId, tuple[bool | None, ...]]
"""What each expression gives for each instance of a file, in the order of the ids; None is unknown."""


@dataclass(frozen=True, slots=True)
class _Query:
    conditions: tuple[Condition, ...]
    files: tuple[FileId, ...] | None
    seconds: float


def evaluate_instances(
    repository: Repository,
    tree: TreeReader,
    *,
    expressions: Sequence[str],
    files: Collection[FileId] | None = None,
    private_index: bool = False,
) -> Iterator[tuple[FileId, InstanceOutcomes]]:
    """What each expression gives for the instances of some files, or of all, in the order of the ids. Files without
    instances, and those that the tree does not have, are left out. `private_index` is as in `evaluate`.

    Raises ExpressionError for a wrong expression at once, and for what shows only while the rows are made.
    """
    vocabulary = Vocabulary(tree.tree, has_paths=False)
    checked = [parse_condition(vocabulary, text, of_instance=True) for text in expressions]
    conditions = tuple(compile_condition(vocabulary, one) for one in checked)
    seconds = time_limit(len(conditions), tree.tree.root.files)
    query = _Query(conditions, None if files is None else tuple(sorted(set(files))), seconds)
    return iter_read(repository, tree, lambda index: _run(index, query), is_private=private_index)


def _run(index: sqlite3.Connection, query: _Query) -> Iterator[tuple[FileId, InstanceOutcomes]]:
    """All conditions of an instance together; beyond what one SELECT takes, several walk side by side."""
    sandbox = Sandbox(index, "; ".join(condition.text for condition in query.conditions), query.seconds)
    batches = [_iter_rows(sandbox, batch, query.files) for batch in batch_conditions(query.conditions)]
    rows = ((*parts[0][:2], [value for part in parts for value in part[2:]]) for parts in zip(*batches, strict=True))
    for file, group in groupby(rows, key=itemgetter(0)):
        outcomes = {id_: tuple(None if one is None else bool(one) for one in values) for _, id_, values in group}
        yield file, dict(sorted(outcomes.items()))


def _iter_rows(
    sandbox: Sandbox, conditions: Sequence[Condition], files: tuple[FileId, ...] | None
) -> Iterator[tuple[object, ...]]:
    columns = "".join(f", {condition.sql}" for condition in conditions)
    parameters = [value for condition in conditions for value in condition.parameters]
    select = f"SELECT f.file, i.id{columns} FROM {INSTANCE_SOURCE}"
    if files is None:
        yield from sandbox.rows(f"{select} ORDER BY f.file", parameters)
        return
    left = iter(files)
    while chunk := list(islice(left, _ASKED)):
        marks = ", ".join("?" * len(chunk))
        yield from sandbox.rows(f"{select} WHERE f.file IN ({marks}) ORDER BY f.file", [*parameters, *chunk])
