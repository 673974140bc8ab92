"""`dset fsck --repair` killed at each of its instants: nothing else is lost, and the next repair ends what it began."""

from functools import partial
from pathlib import Path

from support.bitflips import Flip, stored_places
from torture.chosen_instants import instants_in, run_deadly
from torture.kills import Kills
from torture.processes import ask
from torture.scene import Kind
from torture.stage import BrokenError, Stage
from torture.state import State

from dvcore.store import Table

_DAMAGED = 3
"""Blobs."""


def kill_repair(stage: Stage, *, every: int = 1) -> str:
    """One run for each `every`th instant. Gives the figures."""
    base = stage.copy(stage.prepared(), "damaged")
    state = stage.state(base)
    _damage(stage, base)
    repair = Kind("repair", ("fsck", "--repair", str(stage.sources.root)))
    kills = Kills()
    names = instants_in(stage, stage.copy(base), repair)
    for number in range(1, len(names) + 1, every):
        work = stage.copy(base)
        with stage.trial(work, f"repair, instant {number} ({names[number - 1]})"):
            kills.note(run_deadly(stage, work, repair, deadly=number))
            _judge(stage, work, repair, state)
    return kills.check(stage, f"{len(names)} instants of a repair")


def _damage(stage: Stage, root: Path) -> None:
    """Turn a bit over in some files, of those that were imported."""
    places = ask(partial(stored_places, root), stage.output)
    blobs = [place for place in places if place.table is Table.BLOBS]
    for place in blobs[:_DAMAGED]:
        Flip(place.file, place.offset + place.length // 2, 1).turn(root)
    if stage.run(root, "fsck").code != 1:
        raise BrokenError("fsck does not see the damage that is to be repaired")


def _judge(stage: Stage, work: Path, repair: Kind, state: State) -> None:
    stage.must(work, *repair.arguments)
    stage.check_sound(work)
    if (found := stage.state(work)) != state:
        raise BrokenError(f"a repair changed the state: {found.difference(state)}")
    stage.check_tidy(work)
