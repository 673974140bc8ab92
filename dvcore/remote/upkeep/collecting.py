"""Collecting a remote's garbage, while others push and fetch.

1. Mark what the root's refs lead to, see what of each pack is alive, list what lies there.
2. Remove the bytes of packs whose tombstone is older than the grace.
3. Copy what is alive in packs that are mostly dead into new ones, send new indexes, and put a root that lists those, in
   which packs that go have a tombstone, and packs that are gone have none any more. Where the root has moved meanwhile,
   what its refs lead to is marked and copied too before it is replaced. Many packs go in several such steps.
4. Remove indexes that no root lists.

Killed after any request, it leaves a sound remote, and the next one goes on. Why that is so, whoever else is at work:

- Nothing goes before all that is alive was found.
- Whoever pushes rests on one root, and replaces that one only. What has a tombstone there counts as absent to it, its
  own packs included. So nothing is ever published that rests on a pack with a tombstone.
- Bytes go only of packs that have a tombstone in the root, and had it for the grace. Who has not seen it cannot publish
  any more, and looks again; who reads by an older root had that long to end.
- An index is sent for one root, under a name of its own. One that lay there before the root was replaced, and is not in
  the new one, can never be listed again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from dvcore.errors import CorruptError
from dvcore.progress import Progress, Silent
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.roots.commit import read_root
from dvcore.remote.roots.seen import Seen
from dvcore.remote.storages.storage import Storage
from dvcore.remote.upkeep.leftovers import remove_all
from dvcore.remote.upkeep.marking import Marking
from dvcore.remote.upkeep.marks import Marks
from dvcore.remote.upkeep.planning import Plan, make_plan
from dvcore.remote.upkeep.report import RemoteGcReport
from dvcore.remote.upkeep.stepping import Stepper, Tools
from dvcore.remote.upkeep.view import view_of
from dvcore.store import Store

GRACE: Final = timedelta(hours=24)
LEAST_TIME: Final = timedelta(hours=1)
"""For one step, where half the grace is less. The packs that it sent are nobody else's to remove as long as they are
younger than the grace."""


def collect_remote(
    storage: Storage,
    cache: IndexCache,
    *,
    grace: timedelta = GRACE,
    local: Store | None = None,
    folder: Path | None = None,
    seen: Seen | None = None,
    is_unsafe: bool = False,
    is_dry_run: bool = False,
    progress: Progress | None = None,
) -> RemoteGcReport:
    """Take out of a remote what none of its refs leads to, and remove what was taken out at least `grace` ago.

    A grace of less than a day is for who knows that nobody pushes or fetches meanwhile. `local` are objects here, which
    save requests; `folder` is where scratch files are made; `seen` is what was seen of the remote before; `is_unsafe`
    allows a store without conditional writes, to which nobody else may push. A dry run changes nothing; to know the
    store's time it writes an object and removes it.

    Raises CorruptError where something that is alive is missing or damaged: nothing is taken out then; StateError
    where another collection came in between, and for a store that cannot be listed; ConflictError, UnknownOutcomeError,
    NeedsNewerError, NotFoundError, StorageError. It can be run again after any of them.
    """
    root = read_root(storage, seen=seen)
    if root is None:
        return RemoteGcReport()
    with Marks(folder) as marks:
        marking = Marking(marks, local, progress or Silent())
        with _explained(storage):
            view = view_of(storage, cache, root)
            marking.mark(view.contents)
            plan = make_plan(view, marks, grace)
        if plan.time is None or is_dry_run:
            return plan.report
        tools = Tools(cache, marks, marking, folder, progress or Silent(), is_unsafe)
        return _carry_out(plan, Stepper(view, tools, plan.time, max(grace / 2, LEAST_TIME)))


def _carry_out(plan: Plan, stepper: Stepper) -> RemoteGcReport:
    storage, leftovers = stepper.storage, plan.leftovers
    gone = [tombstone.pack.name for step in plan.steps for tombstone in step.expired]
    remove_all(storage, [*gone, *(one.name for one in leftovers.misfits)])
    for step in plan.steps:
        stepper.take(step)
    if leftovers.indexes and not plan.steps:
        stepper.fence()
    listed = {index.name for index in stepper.root.indexes}
    indexes = [one.name for one in leftovers.indexes if one.name not in listed]
    remove_all(storage, indexes)
    return replace(plan.report, copied=stepper.copied, indexes=len(indexes))


@contextmanager
def _explained(storage: Storage) -> Iterator[None]:
    try:
        yield
    except CorruptError as error:
        hint = "nothing was removed; 'dset fsck --remote' says what is damaged"
        message = f"cannot tell what is alive on {storage.describe()}: {error.message}"
        raise CorruptError(message, hint=hint) from error
