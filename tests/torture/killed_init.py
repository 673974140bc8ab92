"""`dset init` killed at each of its instants: there is no repository, or a whole one, and the next `init` goes on."""

from pathlib import Path

from torture.chosen_instants import instants_in, run_deadly
from torture.kills import Kills
from torture.processes import Ended
from torture.scene import Kind
from torture.stage import BrokenError, Stage

_INIT = Kind("init", ("init",))


def kill_init(stage: Stage, *, every: int = 1) -> str:
    """One run for each `every`th instant. Gives the figures."""
    kills = Kills()
    names = instants_in(stage, _empty(stage), _INIT)
    for number in range(1, len(names) + 1, every):
        work = _empty(stage)
        with stage.trial(work, f"init, instant {number} ({names[number - 1]})"):
            _judge(stage, work, kills.note(run_deadly(stage, work, _INIT, deadly=number)))
    return kills.check(stage, f"{len(names)} instants of init")


def _judge(stage: Stage, work: Path, killed: Ended) -> None:
    is_there = (work / ".dset").exists()
    if killed.out.endswith("\n") and not is_there:
        raise BrokenError(f"it said {killed.out.strip()!r}, and there is nothing")
    again = stage.run(work, "init")
    if again.code != int(is_there):
        raise BrokenError(f"run again when a repository was {'' if is_there else 'not '}there: {again}")
    stage.check_sound(work)
    stage.check_tidy(work)
    if left := [path.name for path in work.iterdir() if path.name != ".dset"]:
        raise BrokenError(f"beside the repository there is still {left}")


def _empty(stage: Stage) -> Path:
    empty = stage.root / "empty"
    empty.mkdir(exist_ok=True)
    return stage.copy(empty)
