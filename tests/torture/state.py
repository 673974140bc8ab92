"""The state of a repository as one value: two that are equal hold the same, whenever it was done.

Times are left out: a commit stands for its tree, parents, author, message, definition and manifest. The value is small
because everything else is under a hash.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvcore.encoding import encode
from dvcore.ids import CommitId, digest
from dvcore.model.definition import pack_definition
from dvcore.repo.cells import iter_cells
from dvcore.repo.operations import Operation, iter_operations
from dvcore.repo.repository import Repository


@dataclass(frozen=True, slots=True)
class State:
    """All cells but the log, and the log, oldest first."""

    cells: dict[str, str]
    log: tuple[str, ...]

    def difference(self, other: "State") -> str:
        """What is not the same, for a message."""
        names = sorted(self.cells.keys() | other.cells.keys())
        cells = [name for name in names if self.cells.get(name) != other.cells.get(name)]
        return f"cells {cells}, {len(self.log)} against {len(other.log)} log entries: {self.log[-1:]} {other.log[-1:]}"


def read_state(root: Path) -> State:
    """The state of the repository in a folder. To be called in a child."""
    with Repository.open(root) as repository:
        with repository.store.read() as transaction:
            cells = dict(iter_cells(transaction, ""))
            log = [_describe_operation(one) for one in iter_operations(transaction)]
        known: dict[CommitId, str] = {}
        described = {
            name: _describe_commit(repository, value, known) if name.startswith("ref/") else repr(value)
            for name, value in cells.items()
            if not name.startswith("log/")
        }
    return State(described, tuple(reversed(log)))


def _describe_commit(repository: Repository, start: CommitId, known: dict[CommitId, str]) -> str:
    pending = [start]
    while pending:
        commit = repository.objects.load_commit(pending[-1])
        unknown = [parent for parent in commit.parents if parent not in known]
        if unknown:
            pending.extend(unknown)
            continue
        definition = None if commit.definition is None else pack_definition(commit.definition)
        parents = [known[parent] for parent in commit.parents]
        parts = [commit.tree, parents, commit.author, commit.message, definition, commit.manifest]
        known[pending.pop()] = digest(encode(parts)).hex()
    return known[start]


def _describe_operation(operation: Operation) -> str:
    changes = [
        (one.cell, *((_brief(one.cell, value)) for value in (one.before, one.after))) for one in operation.changes
    ]
    return f"{operation.number} {operation.kind} {operation.description!r} {operation.target} {changes}"


def _brief(cell: str, value: Any) -> str:
    """A commit's id holds its time, so that only its presence tells the same twice."""
    return "a commit" if cell.startswith("ref/") and value is not None else repr(value)
