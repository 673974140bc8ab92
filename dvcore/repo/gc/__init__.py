"""Collecting garbage. `collecting` has the steps, the other modules a part each."""

from dvcore.repo.gc.collecting import KEEP_OPERATIONS, WAIT_SECONDS, collect_garbage, preview_garbage
from dvcore.repo.gc.report import GcReport, StoreReport, TableReport, Tally
from dvcore.repo.gc.ways import Way

__all__ = [
    "KEEP_OPERATIONS",
    "WAIT_SECONDS",
    "GcReport",
    "StoreReport",
    "TableReport",
    "Tally",
    "Way",
    "collect_garbage",
    "preview_garbage",
]
