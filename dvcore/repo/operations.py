"""The operation log: every change of cells, with what each was before and after, so that it can be taken back.

`undo` takes back the newest operation that is not undone, whoever made it; again goes further back; `redo` reverses the
last undo; a new operation ends redo. Undoing is itself in the log, and nothing is ever removed from it.

A note is a change that nobody here decided on: what a fetch or a clone made of names that a remote has, too. It is not
undone and does not end redo. What it moved is no longer for `undo` to put back: operations on the same cells that are
older than it are passed over.

Operations up to the horizon (`dvcore.repo.horizon`) hold nothing any more: what they changed may have been collected,
so that they can be read but neither undone nor redone, unless an entry after the horizon undid or redid them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from unicodedata import normalize

from dvcore.encoding import Fields
from dvcore.errors import CorruptError, NeedsNewerError, StateError
from dvcore.model.commit import LATEST_TIME
from dvcore.repo.cells import HORIZON, find_cell, find_counter, iter_cells, set_cell
from dvcore.store import ReadTransaction, WriteTransaction

VERSION: Final = 2
LOG: Final = "log/"
"""What the names of the log's cells begin with."""

DO: Final = "do"
UNDO: Final = "undo"
REDO: Final = "redo"
NOTE: Final = "note"
_KINDS: Final = {1: frozenset({DO, UNDO, REDO}), 2: frozenset({NOTE})}
"""By the version that they came with: each is written in the lowest that holds it."""


@dataclass(frozen=True, slots=True)
class CellChange:
    """What a cell held before and holds after; None where it is not there."""

    cell: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Operation:
    """An entry of the log. `kind` is `do`, `note`, or `undo` or `redo` of the operation with the number `target`;
    `time` is in microseconds since 1970 UTC."""

    number: int
    kind: str
    description: str
    author: str
    time: int
    changes: tuple[CellChange, ...]
    target: int | None = None


@dataclass(frozen=True, slots=True)
class Who:
    """Who does something, and when (microseconds since 1970 UTC)."""

    author: str
    time: int


def record(transaction: WriteTransaction, who: Who, description: str, values: Mapping[str, Any]) -> Operation:
    """Set cells (None removes one) and log it, in the caller's transaction."""
    return _record(transaction, DO, who, description, values)


def record_note(transaction: WriteTransaction, who: Who, description: str, values: Mapping[str, Any]) -> Operation:
    """The same as something that is not undone: see above."""
    return _record(transaction, NOTE, who, description, values)


def _record(
    transaction: WriteTransaction, kind: str, who: Who, description: str, values: Mapping[str, Any]
) -> Operation:
    changes = tuple(CellChange(cell, find_cell(transaction, cell), after) for cell, after in values.items())
    return _append(transaction, Operation(0, kind, _storable(description), who.author, who.time, changes))


def _storable(text: str) -> str:
    """The text as it can be encoded: a description may name a folder outside, in whatever form the system has it."""
    return normalize("NFC", text.encode(errors="replace").decode())


def undo(transaction: WriteTransaction, who: Who) -> Operation:
    """Take back the newest operation that is not undone; gives that operation.

    Raises StateError where there is none, where it holds nothing any more, or where something that is not undone moved
    on from it.
    """
    target = next(_iter_undoable(transaction), None)
    if target is None:
        raise StateError("there is nothing to undo")
    _check_held(transaction, "undo", target)
    changes = tuple(CellChange(one.cell, one.after, one.before) for one in target.changes)
    _check_unmoved(transaction, "undo", target, changes)
    _append(
        transaction, Operation(0, UNDO, f"undo: {target.description}", who.author, who.time, changes, target.number)
    )
    return target


def redo(transaction: WriteTransaction, who: Who) -> Operation:
    """Do again what the last undo took back; gives that operation.

    Raises StateError where nothing was undone since the last new operation, or where it holds nothing any more.
    """
    target = _find_undone(transaction)
    if target is None:
        raise StateError("there is nothing to redo")
    _check_held(transaction, "redo", target)
    _check_unmoved(transaction, "redo", target, target.changes)
    description = f"redo: {target.description}"
    _append(transaction, Operation(0, REDO, description, who.author, who.time, target.changes, target.number))
    return target


def iter_operations(transaction: ReadTransaction) -> Iterator[Operation]:
    """The log, newest first."""
    for name, value in iter_cells(transaction, LOG, reverse=True):
        yield parse_operation(name, value)


def _iter_undoable(transaction: ReadTransaction) -> Iterator[Operation]:
    """Operations in effect, newest first, whose cells neither a later note has moved nor one that is passed over."""
    settled: dict[int, bool] = {}
    moved: set[str] = set()
    for operation in iter_operations(transaction):
        if operation.target is not None:
            settled.setdefault(operation.target, operation.kind == REDO)
        elif settled.get(operation.number, True):
            cells = {change.cell for change in operation.changes}
            if operation.kind == NOTE or cells & moved:
                moved |= cells
            else:
                yield operation


def _find_undone(transaction: ReadTransaction) -> Operation | None:
    redone: set[int] = set()
    wanted: int | None = None
    for operation in iter_operations(transaction):
        if operation.number == wanted:
            return operation
        if wanted is not None:
            continue
        if operation.kind == DO:
            return None
        if operation.kind == NOTE:
            continue
        if operation.kind == REDO and operation.target is not None:
            redone.add(operation.target)
        elif operation.target in redone:
            redone.remove(operation.target)
        else:
            wanted = operation.target
    return None


def _check_held(transaction: ReadTransaction, verb: str, target: Operation) -> None:
    """What is to be put back was named again by whoever undid or redid the operation, and is held by that entry."""
    horizon = find_counter(transaction, HORIZON)
    newest = next(one for one in iter_operations(transaction) if target.number in {one.number, one.target})
    if newest.number <= horizon:
        raise StateError(
            f"cannot {verb} {target.description!r}: 'dset gc' has given up what operations of that age held",
            hint="its --keep-operations says how long they are kept",
        )


def _check_unmoved(transaction: ReadTransaction, verb: str, target: Operation, changes: tuple[CellChange, ...]) -> None:
    for change in changes:
        if find_cell(transaction, change.cell) != change.before:
            raise StateError(f"cannot {verb} {target.description!r}: {change.cell!r} has moved on since")


def _append(transaction: WriteTransaction, operation: Operation) -> Operation:
    """Carry out the changes and log them under the next number."""
    newest = next(iter_operations(transaction), None)
    numbered = replace(operation, number=1 if newest is None else newest.number + 1)
    for change in numbered.changes:
        set_cell(transaction, change.cell, change.after)
    set_cell(transaction, f"{LOG}{numbered.number:016d}", _pack(numbered))
    return numbered


def _pack(operation: Operation) -> dict[str, Any]:
    fields = {
        "version": next(version for version, kinds in _KINDS.items() if operation.kind in kinds),
        "kind": operation.kind,
        "description": operation.description,
        "author": operation.author,
        "time": operation.time,
        "changes": [[one.cell, one.before, one.after] for one in operation.changes],
        "target": operation.target,
    }
    return {name: value for name, value in fields.items() if value is not None}


def parse_operation(name: str, value: object) -> Operation:
    """The operation that a cell of the log holds.

    Raises CorruptError, NeedsNewerError.
    """
    number = name.removeprefix(LOG)
    fields = Fields("log entry", value)
    version = fields.integer("version", least=1)
    if version > VERSION:
        raise NeedsNewerError(f"the log entry {number} has another version", hint="it needs a newer dset")
    kind = fields.text("kind")
    if kind not in _KINDS[version] or not number.isdecimal():
        raise CorruptError(f"the log entry {number} is none")
    operation = Operation(
        int(number),
        kind,
        fields.text("description"),
        fields.text("author"),
        fields.integer("time", most=LATEST_TIME),
        tuple(_unpack_change(raw) for raw in fields.array("changes")),
        fields.integer_or_none("target"),
    )
    fields.end()
    if (operation.target is None) != (kind in {DO, NOTE}):
        raise CorruptError(f"the log entry {number} is none")
    return operation


def _unpack_change(raw: object) -> CellChange:
    match raw:
        case [str(cell), before, after]:
            return CellChange(cell, before, after)
        case _:
            raise CorruptError("a log entry holds a change that is none")
