"""Collecting garbage: what nothing leads to any more goes, and its room comes back to the disk where that pays.

1. Beside the writers: mark what is alive, look at what is there, choose a way for each store, and copy what is alive
   where a store is written anew.
2. With the writers locked out, for a moment: let old operations go, mark what has moved since, copy that too or sweep,
   and put new generations into use.
3. Remove generations that nobody reads any more.

Killed at any instant, it leaves the repository as it was or as it is meant to be, and the next one tidies up. Where
marking meets something missing or damaged, nothing is removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from dvcore.errors import CorruptError, DsetError, StateError, StorageError
from dvcore.progress import Progress, Silent
from dvcore.repo.gc.jobs import Job, look, start_job
from dvcore.repo.gc.leftovers import Leftovers
from dvcore.repo.gc.marks import Marks, mark
from dvcore.repo.gc.report import GcReport, StoreReport
from dvcore.repo.gc.ways import Way
from dvcore.repo.horizon import find_horizon, horizon_at, move_horizon
from dvcore.repo.layout import Generations, Layout
from dvcore.repo.repository import Repository

KEEP_OPERATIONS: Final = timedelta(days=30)
WAIT_SECONDS: Final = 60.0


def collect_garbage(
    repository: Repository,
    *,
    keep_operations: timedelta = KEEP_OPERATIONS,
    wait: float = WAIT_SECONDS,
    force: Way | None = None,
    progress: Progress | None = None,
) -> GcReport:
    """Remove what neither refs, working states nor operations younger than `keep_operations` lead to.

    Older operations can no longer be undone. `wait` is for how many seconds other writers may go on before it gives up;
    `force` rewrites or sweeps both stores, whatever pays.

    Who reads goes on reading what was, in this process and in others.

    Raises CorruptError, with nothing removed, where something that is alive is missing or damaged; StateError where
    another collection or a repair runs, other writers do not end, or the caller is one; NeedsNewerError, StorageError.
    """
    with _explained(), repository.uncollected():
        return _Collection(repository, keep_operations, force, progress or Silent()).run(wait)


def preview_garbage(
    repository: Repository, *, keep_operations: timedelta = KEEP_OPERATIONS, progress: Progress | None = None
) -> GcReport:
    """What `collect_garbage` would do. Nothing is changed, and nobody is waited for.

    Raises CorruptError, NeedsNewerError, StorageError.
    """
    with _explained():
        return _Collection(repository, keep_operations, None, progress or Silent()).preview()


@dataclass(frozen=True, slots=True)
class _Collection:
    repository: Repository
    keep: timedelta
    force: Way | None
    progress: Progress

    def preview(self) -> GcReport:
        """Look, and leave it at that."""
        self.repository.refresh()
        before = _disk_bytes(self.repository.layout)
        with ExitStack() as stack:
            horizon, expired = self._horizon()
            parts = look(self.repository, self._mark(stack, horizon), self.force, stack)
            after = before - sum(part.gain for part in parts if part.way is Way.REWRITE)
            stores = tuple(part.preview() for part in parts)
        return GcReport(stores, horizon, expired, before, after, 0, (), is_dry_run=True)

    def run(self, wait: float) -> GcReport:
        """All three steps."""
        self.repository.refresh()
        layout = self.repository.layout
        before = _disk_bytes(layout)
        leftovers = Leftovers(layout)
        leftovers.remove_newer()
        leftovers.remove_older()
        horizon, expired = self._horizon()
        stores = self._collect(horizon, wait, leftovers)
        removed = leftovers.removed  # the stores that go now are none
        leftovers.remove_older()
        stuck = tuple(leftovers.stuck)
        return GcReport(stores, horizon, expired, before, _disk_bytes(layout), removed, stuck, is_dry_run=False)

    def _collect(self, horizon: int, wait: float, leftovers: Leftovers) -> tuple[StoreReport, ...]:
        """The first two steps. Nothing refers to the stores of before when it has returned."""
        with ExitStack() as stack:
            stores = self.repository.stores
            marks = self._mark(stack, horizon)
            parts = look(self.repository, marks, self.force, stack)
            stack.callback(_remove_unfinished, self.repository.layout)
            jobs = [start_job(self.repository.layout, part, stack) for part in parts]
            for job in jobs:
                job.prepare(marks, self.progress)
            with self.repository.alone(wait):
                if self.repository.stores is not stores:  # somebody has removed the lock that keeps collections apart
                    raise StateError("another collection has come in between", hint="run the command again")
                self._finish(jobs, marks, horizon)
                leftovers.remove_temporary()
            return tuple(StoreReport(job.name, job.way, job.survey.report()) for job in jobs)

    def _horizon(self) -> tuple[int, int]:
        """Where it is to be, and how many operations let go by that."""
        time = self.repository.clock() - self.keep // timedelta(microseconds=1)
        with self.repository.store.read() as transaction:
            horizon = horizon_at(transaction, time)
            return horizon, horizon - find_horizon(transaction)

    def _mark(self, stack: ExitStack, horizon: int, earlier: Marks | None = None) -> Marks:
        layout = self.repository.layout
        marks = stack.enter_context(Marks(None if layout is None else layout.cache, earlier))
        mark(self.repository.stores, horizon, marks, self.progress)
        return marks

    def _finish(self, jobs: Sequence[Job], marks: Marks, horizon: int) -> None:
        """The second step. The horizon is durable before anything goes that is behind it."""
        self.repository.store.update(lambda transaction: move_horizon(transaction, horizon))
        with ExitStack() as stack:
            later = self._mark(stack, horizon, earlier=marks)
            for job in jobs:
                job.finish(later, self.progress)
        for job in jobs:
            job.close()
        objects, blobs = jobs
        numbers = Generations(objects.number, blobs.number)
        if self.repository.stores.numbers not in {None, numbers}:
            self.repository.put_into_use(numbers)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except CorruptError as error:
        hint = "nothing was removed; 'dset fsck' says what is damaged"
        raise CorruptError(f"cannot tell what is alive: {error.message}", hint=hint) from error


def _remove_unfinished(layout: Layout | None) -> None:
    """New files that were not put into use; what cannot be removed now, the next collection tries again."""
    with suppress(DsetError):
        Leftovers(layout).remove_newer()


def _disk_bytes(layout: Layout | None) -> int:
    """What the stores take, all generations together."""
    if layout is None:
        return 0
    try:
        return sum(path.stat().st_size for path in layout.folder.glob("*.lmdb"))
    except OSError as error:
        raise StorageError(f"cannot look into {layout.folder}: {error.strerror}") from None
