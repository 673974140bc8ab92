"""Commands killed at each of their instants: none is left out."""

from pathlib import Path

from torture.instants import Deadly, use_small_batches, watch
from torture.judging import Expected, check_repeats, judge, rehearse
from torture.kills import Kills
from torture.processes import Ended, start_dset
from torture.scene import Kind
from torture.stage import Stage


def kill_at_instants(stage: Stage, *, every: int = 1) -> str:
    """For each kind of command one run that counts the instants, and one for each `every`th that dies there. Gives the
    figures."""
    kills, counted = Kills(), 0
    of_kinds = stage.kinds()
    for place, kind in enumerate(of_kinds):
        base = stage.prepared(*kind.setup)
        expected = rehearse(stage, base, kind)
        names = _instants(stage, base, kind, expected)
        counted += len(names)
        for number in range(1 + place % every, len(names) + 1, every):
            _kill_once(stage, base, kind, expected, kills, number, names[number - 1])
    return kills.check(stage, f"{counted} instants of {len(of_kinds)} kinds of commands")


def instants_in(stage: Stage, work: Path, kind: Kind) -> list[str]:
    """The names of the instants that a command comes to, in order."""
    run_deadly(stage, work, kind, deadly=0)
    return _record(stage).read_text("utf-8").splitlines()


def run_deadly(stage: Stage, work: Path, kind: Kind, *, deadly: int) -> Ended:
    """Run the command; kill it at an instant (from 1; 0: at none)."""

    def prepare() -> None:
        use_small_batches()
        watch(Deadly(_record(stage), deadly))

    return start_dset(work, *kind.arguments, output=stage.output, prepare=prepare).wait()


def _instants(stage: Stage, base: Path, kind: Kind, expected: Expected) -> list[str]:
    """The same, of a command that must print what it did in the rehearsal."""
    work = stage.copy(base)
    with stage.trial(work, f"{kind.name}, not killed"):
        check_repeats(run_deadly(stage, work, kind, deadly=0), expected)
    return _record(stage).read_text("utf-8").splitlines()


def _kill_once(  # noqa: PLR0917  # all of one try
    stage: Stage, base: Path, kind: Kind, expected: Expected, kills: Kills, number: int, name: str
) -> None:
    work = stage.copy(base)
    with stage.trial(work, f"{kind.name}, instant {number} ({name})"):
        judge(stage, work, kind, expected, kills.note(run_deadly(stage, work, kind, deadly=number)))
        stage.check_tidy(work)


def _record(stage: Stage) -> Path:
    return stage.output / "instants"
