"""What adopting looks at here, as one transaction sees it: where two are equal, the same plan fits both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dvcore.ids import CommitId
from dvcore.repo.cells import COUNTERS, PLACES, PROJECTS, REFS, SNAPSHOTS, TAGS, WORKING, iter_cells, snapshot_counter
from dvcore.repo.tracking import TrackedRef, iter_tracked
from dvcore.store import ReadTransaction


@dataclass(frozen=True, slots=True)
class Ours:
    """Our tags, projects and snapshots as a root would name them, the names of branches, counters by project, places by
    their cells, and the refs of all remotes as last seen."""

    refs: Mapping[str, CommitId]
    branches: frozenset[str]
    counters: Mapping[str, int]
    places: Mapping[str, Any]
    tracked: tuple[TrackedRef, ...]

    @property
    def others(self) -> dict[str, Any]:
        """Counters and places by their cells."""
        return {**{snapshot_counter(name): number for name, number in self.counters.items()}, **self.places}


def read_ours(transaction: ReadTransaction) -> Ours:
    """Raises CorruptError."""
    return Ours(
        {
            cell.removeprefix(REFS): CommitId(value)
            for prefix in (TAGS, PROJECTS, SNAPSHOTS)
            for cell, value in iter_cells(transaction, prefix)
        },
        frozenset(cell.removeprefix(WORKING) for cell, _ in iter_cells(transaction, WORKING)),
        {cell.removeprefix(COUNTERS): number for cell, number in iter_cells(transaction, COUNTERS)},
        dict(iter_cells(transaction, PLACES)),
        tuple(iter_tracked(transaction)),
    )
