"""Every cell and every operation: sealed, of a known kind, and fitting the others. What they lead to is given out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dvcore.encoding import check_id, decode, is_count
from dvcore.errors import CorruptError, DsetError
from dvcore.model.commit import Commit
from dvcore.repo.cells import (
    BRANCHES,
    COUNTERS,
    HEAD,
    HORIZON,
    PLACES,
    PROJECTS,
    REFS,
    REMOTES,
    SEEN,
    SNAPSHOTS,
    TAGS,
    WORKING,
    snapshot_counter,
    work_cell,
)
from dvcore.repo.fsck.faults import Damaged, Faults
from dvcore.repo.fsck.logged import Logged
from dvcore.repo.links import Link, cell_links, operation_links
from dvcore.repo.operations import LOG, parse_operation
from dvcore.store import ReadTransaction, Table, unseal

_KNOWN_REFS = (BRANCHES, TAGS, PROJECTS, SNAPSHOTS)


@dataclass(frozen=True, slots=True)
class Start:
    """Something that a cell, or an operation of the log, leads to."""

    cell: str
    link: Link

    @property
    def is_ref(self) -> bool:
        """Whether a ref leads there, of ours or of a remote."""
        return self.cell.startswith(REFS)


@dataclass(slots=True)
class _Known:
    """What is remembered of the cells for those that come after; as many as there are branches and projects."""

    head: object = None
    horizon: int = 0
    branches: set[str] = field(default_factory=set)
    works: set[str] = field(default_factory=set)
    counters: dict[str, int] = field(default_factory=dict)
    operations: int = 0
    """How many there were so far; they are numbered from 1."""
    logged: Logged = field(default_factory=Logged)


def iter_starts(transaction: ReadTransaction, faults: Faults) -> Iterator[Start]:
    """What the cells lead to, operations that still hold objects included; damage is added to `faults` on the way."""
    known = _Known()
    for key, sealed in transaction.iter_items(Table.CELLS):
        cell = key.decode(errors="replace")  # a damaged name no longer fits its seal
        _note_name(cell, known)
        try:
            yield from _judge(cell, decode(unseal(cell, sealed)), known)
        except DsetError as error:
            faults.add(Damaged.CELL, cell, error.message)
            if cell.startswith(LOG):
                known.logged.lose_track()
    _check_together(known, faults)


def find_commit_fault(ref: str, commit: Commit) -> str | None:
    """Why this commit cannot be the one that a ref leads to, or None."""
    if ref.startswith(REMOTES):
        ref = _as_ours(ref)
    if ref.startswith((PROJECTS, SNAPSHOTS)) and commit.definition is None:
        return "its commit has no definition: it is none of a project's chain"
    if ref.startswith(SNAPSHOTS) and commit.manifest is None:
        return "its commit has no manifest: it is none of a snapshot"
    return None


def _judge(cell: str, value: Any, known: _Known) -> Iterator[Start]:
    """What a cell leads to. Raises CorruptError, NeedsNewerError where it cannot be right.

    Cells come in the order of their names: counters, head, horizon, log, places, refs, remotes, working states.
    """
    if value is None:
        raise CorruptError("it holds nothing; a cell without a value is not kept")
    if cell.startswith(LOG):
        yield from _judge_operation(cell, value, known)
    elif cell.startswith((*_KNOWN_REFS, WORKING)):
        yield from (Start(cell, link) for link in cell_links(cell, value))
        if cell.startswith(SNAPSHOTS):
            _check_number(cell.removeprefix(SNAPSHOTS), known, "its number would be given again")
        known.logged.take(cell, value)
    elif cell.startswith(REMOTES):
        _check_remote_ref(cell)
        yield from (Start(cell, link) for link in cell_links(cell, value))
    elif cell.startswith(SEEN):
        _check_seen(cell, value)
    elif cell.startswith(COUNTERS):
        known.counters[cell] = _count(value)
    elif cell == HEAD:
        known.head = value  # the log comes later
    elif cell == HORIZON:
        known.horizon = _count(value)
    elif cell.startswith(PLACES):
        _check_place(cell, value, known)
    else:
        raise CorruptError("it is unknown to this version")


def _judge_operation(cell: str, value: Any, known: _Known) -> Iterator[Start]:
    operation = parse_operation(cell, value)
    missing, known.operations = operation.number - known.operations, operation.number
    if operation.number > known.horizon:
        yield from (Start(cell, link) for link in operation_links(operation))
    if missing != 0:
        raise CorruptError(f"of the operations before it {missing} are missing")
    if operation.target is not None and operation.target >= operation.number:
        raise CorruptError("it takes back an operation that came later")
    known.logged.note(operation)


def _note_name(cell: str, known: _Known) -> None:
    if cell.startswith(BRANCHES):
        known.branches.add(cell.removeprefix(BRANCHES))
    elif cell.startswith(WORKING):
        known.works.add(cell.removeprefix(WORKING))
    elif cell.startswith(LOG):
        known.operations += 1


def _count(value: object) -> int:
    if not is_count(value):
        raise CorruptError("it holds no number")
    return value


def _as_ours(cell: str) -> str:
    """What a remote's ref would be called if it were ours."""
    return REFS + cell.removeprefix(REMOTES).partition("/")[2]


def _check_remote_ref(cell: str) -> None:
    if not _as_ours(cell).startswith(_KNOWN_REFS):
        raise CorruptError("it is unknown to this version")


def _check_seen(cell: str, value: object) -> None:
    match value:
        case [identity, serial, bytes()] if is_count(serial):
            check_id(identity, f"cell {cell!r}", "identity")
        case _:
            raise CorruptError("it holds no state of a remote")


def _check_place(cell: str, value: object, known: _Known) -> None:
    is_folder = type(value) is bytes and value.startswith(b"/")
    if not is_folder and not (type(value) is str and "://" in value):
        raise CorruptError("it holds neither an absolute path nor a URL")
    # The snapshot itself may be undone; its number stays given.
    _check_number(cell.removeprefix(PLACES), known, "it is of a snapshot that was never taken")


def _check_number(snapshot: str, known: _Known, otherwise: str) -> None:
    """Raises CorruptError where the counter of its project has not come to a snapshot's number."""
    name, _, number = snapshot.rpartition("/")
    if not number.isdecimal() or known.counters.get(snapshot_counter(name), 0) < int(number):
        raise CorruptError(f"{otherwise}: the counter of its project is wrong, or its name")


def _check_together(known: _Known, faults: Faults) -> None:
    if known.head is None:
        faults.add(Damaged.CELL, HEAD, "it is missing")
    elif not isinstance(known.head, str) or known.head not in known.works:
        faults.add(Damaged.CELL, HEAD, f"it names {known.head!r}, which is no branch")
    _check_head(known, faults)
    for branch in sorted(known.branches - known.works):
        faults.add(Damaged.CELL, work_cell(branch), "it is missing: the branch has no working state")
    for cell in known.logged.iter_lost():  # one that cannot be read is a fault already, and stays the same one
        faults.add(Damaged.CELL, cell, "it is missing, and no operation has removed it")
    if known.horizon > known.operations:
        faults.add(Damaged.CELL, HORIZON, f"it is {known.horizon}, and there are {known.operations} operations")


def _check_head(known: _Known, faults: Faults) -> None:
    try:
        known.logged.take(HEAD, known.head)
    except CorruptError as error:
        faults.add(Damaged.CELL, HEAD, error.message)
