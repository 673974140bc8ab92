"""Whether a command that was killed left the state before or after, and can be run again."""

import re
from dataclasses import dataclass
from pathlib import Path

from torture.processes import Ended
from torture.scene import Kind
from torture.stage import BrokenError, Stage
from torture.state import State

_ID = re.compile(r"\b([0-9a-f]{64}|[0-9a-f]{12})\b")
"""Ids of commits hold their time, so that no two runs print the same."""


@dataclass(slots=True)
class Expected:
    """What a command does that nobody kills: the state before and after it, and how it ended.

    `twice` runs it once more, where somebody asks; until the next rehearsal.
    """

    work: Path
    before: State
    after: State
    ended: Ended
    _twice: tuple[int, State] | None = None

    @property
    def changes(self) -> bool:
        return self.before != self.after

    def twice(self, stage: Stage, kind: Kind) -> tuple[int, State]:
        """How it ends the second time, and what it leaves."""
        if self._twice is None:
            code = stage.run(self.work, *kind.arguments).code
            self._twice = code, stage.state(self.work)
        return self._twice


def rehearse(stage: Stage, base: Path, kind: Kind) -> Expected:
    """Run a command in a copy of a repository."""
    work = stage.copy(base, "rehearsal")
    before = stage.state(work)
    ended = stage.run(work, *kind.arguments)
    return Expected(work, before, stage.state(work), ended)


def judge(stage: Stage, work: Path, kind: Kind, expected: Expected, killed: Ended, *, quick: bool = False) -> bool:
    """What must hold after the kill, and after the command has been run again; gives whether it had been done. The
    first fsck reads all bytes unless it is to be quick.

    Raises BrokenError.
    """
    stage.check_sound(work, quick=quick)
    found = stage.state(work)
    if found not in (expected.before, expected.after):
        raise BrokenError(f"neither the state before nor after: {found.difference(expected.before)}")
    if reported_done(killed, expected) and found != expected.after:
        raise BrokenError(f"it said {killed.out.strip()!r}, but {found.difference(expected.after)}")
    was_done = expected.changes and found == expected.after
    _run_again(stage, work, kind, expected, was_done=was_done)
    stage.check_sound(work, quick=True)
    return was_done


def _run_again(stage: Stage, work: Path, kind: Kind, expected: Expected, *, was_done: bool) -> None:
    again = stage.run(work, *kind.arguments)
    state = stage.state(work)
    code, wanted = expected.twice(stage, kind) if was_done else (expected.ended.code, expected.after)
    if again.code != code:
        raise BrokenError(f"run again when it was {'' if was_done else 'not '}done: {again}")
    if state != wanted:
        raise BrokenError(f"run again it did something else: {state.difference(wanted)}")


def reported_done(ended: Ended, expected: Expected) -> bool:
    """Whether what was printed is what the command prints when it is done: its first line of result is there."""
    line = _result(expected.ended)
    return len(line) > 1 and _result(ended) == line


def check_repeats(ended: Ended, expected: Expected) -> None:
    """Raises BrokenError where a second run that nobody stopped prints another result, since `reported_done` would then
    never see that a command had said it was done."""
    if _result(ended) != _result(expected.ended):
        raise BrokenError(f"two runs print different results: {ended.out!r}, {expected.ended.out!r}")


def _result(ended: Ended) -> str:
    """The first line that was printed, if it was to its end, without what differs between two runs."""
    line, end, _ = ended.out.partition("\n")
    return _ID.sub("ID", line) + end if end else ""
