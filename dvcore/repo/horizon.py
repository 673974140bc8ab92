"""How far back the operation log holds what it names.

Up to the horizon, operations are history to be read; objects and blobs that only they lead to may be collected. It is a
cell, `horizon/operations`: the number of the newest such operation, absent where all hold. It never moves back, and is
durable before anything is collected because of it.
"""

from collections.abc import Iterator

from dvcore.repo.cells import HORIZON, find_counter, set_cell
from dvcore.repo.operations import Operation, iter_operations
from dvcore.store import ReadTransaction, WriteTransaction


def find_horizon(transaction: ReadTransaction) -> int:
    """Number of the newest operation that holds nothing any more; 0 where all hold.

    Raises CorruptError.
    """
    return find_counter(transaction, HORIZON)


def move_horizon(transaction: WriteTransaction, number: int) -> None:
    """Let operations up to this number hold nothing any more; those that hold nothing already never hold again."""
    if number > find_horizon(transaction):
        set_cell(transaction, HORIZON, number)


def horizon_at(transaction: ReadTransaction, time: int) -> int:
    """Where the horizon is when operations up to `time` (microseconds since 1970 UTC) are no longer to hold anything.

    Clocks go wrong, so an operation only lets go when all before it do.

    Raises CorruptError, NeedsNewerError.
    """
    found = None
    for operation in iter_held(transaction):
        if found is None or operation.time > time:
            found = operation.number - (operation.time > time)
    return find_horizon(transaction) if found is None else found


def iter_held(transaction: ReadTransaction, horizon: int | None = None) -> Iterator[Operation]:
    """The operations that hold what they name, newest first: those after the horizon (None: as it is)."""
    limit = find_horizon(transaction) if horizon is None else horizon
    for operation in iter_operations(transaction):
        if operation.number <= limit:
            return
        yield operation
