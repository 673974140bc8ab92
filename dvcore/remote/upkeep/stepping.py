"""The steps of a collection: each puts a root that takes packs out in the place of the one that it rests on, whatever
others have made of that meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from dvcore.errors import StateError
from dvcore.progress import Progress
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.indexes.making import MadeIndex
from dvcore.remote.packs.names import PackRef
from dvcore.remote.roots.commit import commit_root
from dvcore.remote.roots.root import Root, Tombstone
from dvcore.remote.roots.seen import seen_of
from dvcore.remote.storages.storage import Storage
from dvcore.remote.upkeep.copying import Copier
from dvcore.remote.upkeep.marking import Marking
from dvcore.remote.upkeep.marks import Marks
from dvcore.remote.upkeep.planning import Step
from dvcore.remote.upkeep.reindexing import reindex
from dvcore.remote.upkeep.report import Tally
from dvcore.remote.upkeep.store_clock import read_clock
from dvcore.remote.upkeep.view import View, view_of


@dataclass(frozen=True, slots=True)
class Tools:
    """What all steps of a collection share. `folder` is for scratch files."""

    cache: IndexCache
    marks: Marks
    marking: Marking
    folder: Path | None
    progress: Progress
    is_unsafe: bool


class Stepper:
    """Takes the steps of one collection, one after the other.

    `view` is what was marked, `time` when, by the store's clock. A step that takes longer than `limit` is given up:
    another collection could take the packs that it has sent for leftovers.
    """

    def __init__(self, view: View, tools: Tools, time: datetime, limit: timedelta) -> None:
        self.storage: Storage = view.contents.storage
        self.root = view.root
        """The newest that is known."""
        self.copied = Tally()
        self._view = view
        self._tools = tools
        self._time = self._latest = time
        self._limit = limit

    def take(self, step: Step) -> None:
        """Raises like `collect_remote`."""
        tools = self._tools
        with closing(Copier(tools.marks, tools.folder, tools.progress)) as copier:
            self._commit(lambda root: self._changed(root, step, copier))
            self._time = self._latest
            self.copied = Tally(self.copied.number + copier.entries, self.copied.size + copier.size)

    def fence(self) -> None:
        """Put a root that says the same, so that nobody who rests on an older one can publish any more."""
        self._commit(lambda root: root)

    def _commit(self, update: Callable[[Root], Root]) -> None:
        self.root = commit_root(
            self.storage, update, seen=seen_of(self.root), is_unsafe=self._tools.is_unsafe, is_fence=True
        )

    def _changed(self, root: Root, step: Step, copier: Copier) -> Root:
        """The next root. What it lists that is new has been sent."""
        if root.tombstones != self.root.tombstones:
            raise self._given_up("another collection has come in between")
        view = self._open(root)
        listed = {pack.id for pack in view.packs()}
        self._tools.marking.mark(view.contents)
        if step.going:
            copier.copy(view, step.going)
        packs = [*(one.pack for one in step.going), *(pack for pack in step.stale if pack.id not in listed)]
        indexes = reindex(view, copier.indexes, self._send, without={pack.id for pack in packs})
        stay = tuple(one for one in root.tombstones if one not in step.expired)
        return replace(root, indexes=indexes, tombstones=(*stay, *self._tombstones(packs)))

    def _open(self, root: Root) -> View:
        if root != self._view.root:
            self._view = view_of(self.storage, self._tools.cache, root)
        return self._view

    def _send(self, made: MadeIndex) -> None:
        self.storage.put(made.ref.name, made.data)
        self._tools.cache.keep(made.ref, made.data)

    def _tombstones(self, packs: list[PackRef]) -> list[Tombstone]:
        """With a time that is not before the root is put by more than that takes: the grace of readers begins then."""
        self._latest = time = read_clock(self.storage)
        if time - self._time > self._limit:
            raise self._given_up(f"it has taken longer than {self._limit}")
        return [Tombstone(pack, time) for pack in packs]

    def _given_up(self, reason: str) -> StateError:
        return StateError(f"collecting {self.storage.describe()} was given up: {reason}", hint="run the command again")
