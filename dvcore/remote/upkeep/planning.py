"""What a collection is going to do on a remote, decided as of one root and one look at what lies there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dvcore.remote.packs.names import PackRef
from dvcore.remote.roots.root import Tombstone
from dvcore.remote.upkeep.leftovers import Leftovers, find_leftovers
from dvcore.remote.upkeep.marks import Marks
from dvcore.remote.upkeep.report import RemoteGcReport, Tally, tally
from dvcore.remote.upkeep.store_clock import read_clock
from dvcore.remote.upkeep.survey import Going, Usage, choose, survey
from dvcore.remote.upkeep.view import View


@dataclass(frozen=True, slots=True)
class Step:
    """What one new root does. Packs that are `going` leave it, and what is alive in them is copied before; `stale` ones
    no root lists. Both get a tombstone. The tombstones of `expired` packs, whose bytes are gone by then, are taken
    out."""

    going: tuple[Going, ...] = ()
    stale: tuple[PackRef, ...] = ()
    expired: tuple[Tombstone, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.going or self.stale or self.expired)


@dataclass(frozen=True, slots=True)
class Plan:
    """`time` is the store's, or None where nothing is to be done. `leftovers` are those that had their grace; `report`
    says what is going to be done."""

    time: datetime | None
    steps: tuple[Step, ...]
    leftovers: Leftovers
    report: RemoteGcReport


def make_plan(view: View, marks: Marks, grace: timedelta) -> Plan:
    """What is to be done where this is marked.

    Raises CorruptError, StateError, StorageError.
    """
    usages = survey(view, marks)
    batches = choose(usages)
    left, tombstones = find_leftovers(view), view.root.tombstones
    if not batches and not left and not tombstones:
        return Plan(None, (), left, RemoteGcReport(kept=tally(usages)))
    time = read_clock(view.contents.storage)
    old = left.older(time - grace)
    expired = tuple(one for one in tombstones if one.time <= time - grace)
    first, *others = batches or [()]
    steps = [Step(first, tuple(pack for pack, _ in old.packs), expired), *map(Step, others)]
    return Plan(time, tuple(step for step in steps if step), old, _foresee(usages, steps, old, tombstones))


def _foresee(
    usages: Mapping[PackRef, Usage], steps: Sequence[Step], old: Leftovers, tombstones: Sequence[Tombstone]
) -> RemoteGcReport:
    going = [one for step in steps for one in step.going]
    stale = [pack for step in steps for pack in step.stale]
    expired = [one for step in steps for one in step.expired]
    return RemoteGcReport(
        kept=tally(usages.keys() - {one.pack for one in going}),
        condemned=tally([*(one.pack for one in going), *stale]),
        copied=Tally(sum(one.live for one in going), sum(one.size for one in going)),
        removed=tally(one.pack for one in expired),
        waiting=tally(one.pack for one in tombstones if one not in expired),
        indexes=len(old.indexes),
    )
