"""What a collection does to each of the two stores: looked at with the marks, and the way chosen."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Protocol

from dvcore.errors import StorageError
from dvcore.progress import Progress
from dvcore.repo.gc.leftovers import free_number
from dvcore.repo.gc.marks import Marks
from dvcore.repo.gc.report import StoreReport
from dvcore.repo.gc.rewriting import Rewrite
from dvcore.repo.gc.survey import BLOB_RANKS, OBJECT_RANKS, Survey, survey
from dvcore.repo.gc.sweeping import Sweep
from dvcore.repo.gc.ways import Way, Worth, choose_ways, worth_of
from dvcore.repo.layout import BLOBS, OBJECTS, Generations, Layout
from dvcore.repo.repository import Repository
from dvcore.store import LmdbStore, Store


class Job(Protocol):
    """Work on one store. What its way is may turn out at the end."""

    name: str
    way: Way
    survey: Survey
    number: int
    """The generation that is to be in use at the end."""

    def prepare(self, marks: Marks, progress: Progress) -> None:
        """What can be done beside writers."""

    def finish(self, later: Marks, progress: Progress) -> None:
        """The rest, with no writer at work; `later` are marks that were not there before."""

    def close(self) -> None:
        """Release what it holds."""


@dataclass(frozen=True, slots=True)
class Part:
    """One store, its generation, what is in it, the way that is chosen, and the bytes that a new file would give back
    to the disk."""

    name: str
    store: Store
    number: int
    survey: Survey
    way: Way
    gain: int

    def preview(self) -> StoreReport:
        """What would become of it."""
        has_dead = any(tally.entries for tally in self.survey.dead.values())
        way = self.way if has_dead or self.way is Way.REWRITE else Way.NOTHING
        return StoreReport(self.name, way, self.survey.report())


def look(repository: Repository, marks: Marks, force: Way | None, stack: ExitStack) -> list[Part]:
    """Both stores of a repository; `force` is the way for both, whatever pays. They are good until the stack ends.

    Raises StorageError.
    """
    stores = repository.stores
    numbers = stores.numbers or Generations(0, 0)
    objects = stack.enter_context(closing(survey(stores.objects, OBJECT_RANKS, marks)))
    blobs = stack.enter_context(closing(survey(stores.blobs, BLOB_RANKS, marks)))
    worth = _worth(stores.objects, objects), _worth(stores.blobs, blobs)
    ways = (force, force) if force else choose_ways(*worth, _free_bytes(repository.layout))
    return [
        Part(OBJECTS, stores.objects, numbers.objects, objects, ways[0], worth[0].gain),
        Part(BLOBS, stores.blobs, numbers.blobs, blobs, ways[1], worth[1].gain),
    ]


def start_job(layout: Layout | None, part: Part, stack: ExitStack) -> Job:
    """The work on a store; it is released with the stack.

    Raises StorageError.
    """
    if part.way is not Way.REWRITE or layout is None:
        return Sweep(part.name, part.store, part.survey, part.number)
    number = free_number(layout, part.name)
    job = Rewrite(part.name, part.store, part.survey, number, layout.store_path(part.name, number))
    stack.callback(job.close)
    return job


def _worth(store: Store, found: Survey) -> Worth:
    """In memory nothing comes back from writing anew."""
    return worth_of(store.room(), found.dead_room) if isinstance(store, LmdbStore) else Worth(0, 0)


def _free_bytes(layout: Layout | None) -> int:
    """For those who are not the disk's administrator."""
    if layout is None:
        return 0
    try:
        status = os.statvfs(layout.folder)
    except OSError as error:
        raise StorageError(f"cannot look at the disk of {layout.folder}: {error.strerror}") from None
    return status.f_bavail * status.f_frsize
