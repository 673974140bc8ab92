"""Which files a definition takes of a tree, and what its expressions give for each."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dvcore.errors import CorruptError
from dvcore.ids import FileId
from dvcore.model.definition import Definition
from dvcore.model.files import FileRecord, decode_record
from dvcore.model.names import ROOT, parse_path
from dvcore.query import evaluate
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.snapshot.features.listing import heads_of
from dvcore.snapshot.planning.undecided import Undecided, Watch, undecided_by_prefilter

Truths = tuple[bool | None, ...]
Outcome = tuple[tuple[int, ...], Truths]
"""Columns and filters, as a `Chosen` has them. (Of ten thousand labels, what each gives would take 80 kB a file.)"""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A file that passes the prefilter: the least of its paths that do, the columns of the labels that want it there,
    ascending, and what the filter of each split gives (None for unknown, or no filter)."""

    path: str
    columns: tuple[int, ...]
    filters: Truths


@dataclass(frozen=True, slots=True)
class Choice:
    """The files that pass the prefilter, and how many images each of the filters leaves undecided. Those of the
    prefilter are not counted with a private index, which would have to be made a second time."""

    files: dict[FileId, Chosen]
    undecided: tuple[Undecided, ...]


def choose(repository: Repository, tree: TreeReader, definition: Definition, *, private_index: bool) -> Choice:
    """The files under the definition's directories that pass its prefilter.

    Raises NotFoundError for a directory that the tree does not have, ExpressionError.
    """
    under = [parse_path(directory) for directory in definition.directories] or [ROOT]
    for path in under:
        tree.directory(path)
    filters = _filters(definition)
    last = sum(len(head.feature.classes) for head in heads_of(definition))
    watch = Watch(tree.tree, filters)
    rows = evaluate(
        repository,
        tree,
        expressions=[*(one for some in filters.values() for one in some), *watch.expressions],
        where=definition.where,
        under=under,
        private_index=private_index,
    )
    chosen: dict[FileId, Chosen] = {}
    kept: dict[Outcome, Outcome] = {}  # most files share theirs with many others
    for row, values in rows:
        # Rows come in the order of their paths' bytes: the first of a file is the one that counts.
        if row.file not in chosen:
            watch.count(values)
            columns = tuple(index for index, value in enumerate(values[:last]) if value)
            outcome = columns, _of_splits(definition, values[last:])
            chosen[row.file] = Chosen(row.path, *kept.setdefault(outcome, outcome))
    where = None if private_index else definition.where
    return Choice(chosen, (*undecided_by_prefilter(repository, tree, where, under, chosen), *watch.undecided()))


def iter_records(tree: TreeReader, files: Iterable[FileId]) -> Iterator[tuple[FileId, FileRecord]]:
    """The records of files, in the order of the ids.

    Raises CorruptError for one that the tree does not have.
    """
    for key, data in tree.files.get_many(sorted(files)):
        if data is None:
            raise CorruptError(f"the file {key.hex()} has an entry but no record", hint="'dset fsck' says more")
        yield FileId(key), decode_record(data)


def _filters(definition: Definition) -> Mapping[str, list[str]]:
    """The expressions that are asked of every file, by what they decide: the labels of the heads, column by column,
    and the filters of the splits that have one."""
    heads = heads_of(definition)
    roles = ["labels"] if len(heads) == 1 else [f"labels of {head.feature.name!r}" for head in heads]
    labels = {role: [one.where for one in head.feature.classes] for role, head in zip(roles, heads, strict=True)}
    return {**labels, "splits": [split.where for split in definition.splits if split.where is not None]}


def _of_splits(definition: Definition, values: Truths) -> Truths:
    """One for each split, from the values of those that have a filter."""
    given = iter(values)
    return tuple(None if split.where is None else next(given) for split in definition.splits)
