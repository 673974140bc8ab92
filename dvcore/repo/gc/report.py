"""What a collection found and did."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from dvcore.repo.gc.ways import Way
from dvcore.store import Table


class Tally(NamedTuple):
    """Entries, and the bytes of their values."""

    entries: int
    size: int


@dataclass(frozen=True, slots=True)
class TableReport:
    """What of a table is alive and what is not."""

    table: Table
    live: Tally
    dead: Tally


@dataclass(frozen=True, slots=True)
class StoreReport:
    """A store, what became of it, and what was in it."""

    name: str
    way: Way
    tables: tuple[TableReport, ...]

    @property
    def freed(self) -> Tally:
        """What is gone."""
        gone = [one.dead for one in self.tables if self.way in {Way.REWRITE, Way.SWEEP}]
        return Tally(sum(one.entries for one in gone), sum(one.size for one in gone))


@dataclass(frozen=True, slots=True)
class GcReport:
    """A collection, or with `is_dry_run` what it would do.

    `expired` operations let go by it, so that the horizon is at the number `horizon`. Sizes are what the stores take of
    the disk, bytes, with older generations that others still read. `leftovers` of killed processes were removed;
    `stuck` could not be, and a later collection tries again.
    """

    stores: tuple[StoreReport, ...]
    horizon: int
    expired: int
    disk_before: int
    disk_after: int
    leftovers: int
    stuck: tuple[Path, ...]
    is_dry_run: bool
