"""Those who work with one remote at the same time, each in a process of its own: pushers, a collector, a reader.

A pusher keeps account of what was reported done, in a file that a kill leaves whole: a line is written after the
command has ended with success, and before the next begins.
"""

import contextlib
import io
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Final

from support.noise import noise
from torture.processes import run_main

from dvcore.remote.exchange import push_packs, unfinished

GRACE: Final = timedelta(seconds=3)
"""After which collections remove bytes, so that they do within a storm. What pushers hold for long is a part of it, as
it is of a day."""
_ATTEMPTS: Final = 12
_REASONS: Final = (
    "fetch first",
    "by others",
    "not known",
    "does not have the bytes",
    "is not there",
    "damaged",
    "answer",
)
_FILES: Final = 3
_BYTES: Final = (300, 20_000, 90_000)


@dataclass(frozen=True, slots=True)
class Said:
    """What a command ended with."""

    code: int
    out: str
    err: str


class BrokenOffError(Exception):
    """A command ended in a way that no user was promised."""


@dataclass(frozen=True, slots=True)
class Pusher:
    """Adds files to a directory of its own, commits, pushes, and pulls where it has to, until its steps are done."""

    name: str
    root: Path
    accounts: Path
    branch: str
    steps: int
    seed: int

    @property
    def account(self) -> Path:
        """A line for each push that was reported done: branch, commit."""
        return self.accounts / self.name

    def work(self) -> int:
        """Go on from where an earlier process was killed; gives an exit code."""
        unfinished.YOUNG = GRACE / 2
        push_packs.LONG = GRACE.total_seconds() / 3
        while (step := self._done()) < self.steps:
            random = Random(f"{self.seed} {self.name} {step}")
            self._change(step, random)
            if random.random() < 0.3:
                self._leave_garbage(step)
            self._publish()
        return 0

    def _done(self) -> int:
        return len(self.account.read_text().splitlines()) if self.account.exists() else 0

    def _change(self, step: int, random: Random) -> None:
        source = self.accounts / f"{self.name}-source-{step}"
        source.mkdir(exist_ok=True)
        for number in range(random.randint(1, _FILES)):
            (source / f"{step}-{number}.bin").write_bytes(noise(random.choice(_BYTES), f"{self.name}{step}{number}"))
        must(self.root, "import", str(source), "--to", self.name, "--format", "files")
        said = dset(self.root, "commit", "-m", f"{self.name} {step}")
        if said.code != 0 and "nothing" not in said.err:
            raise BrokenOffError(f"commit: {said}")

    def _publish(self) -> None:
        for attempt in range(_ATTEMPTS):
            head = json.loads(must(self.root, "show", "HEAD", "--json").out)["commit"]
            said = dset(self.root, "push")
            if said.code == 0:
                self._note(head)
                return
            if "fetch first" in said.err:
                dset(self.root, "pull")
            time.sleep(0.02 * attempt)
        raise BrokenOffError(f"{self.name} could not push in {_ATTEMPTS} attempts: {said}")

    def _leave_garbage(self, step: int) -> None:
        """A branch that is pushed and deleted again: what only it held is garbage on the remote."""
        branch = f"gone-{self.name}-{step}"
        dset(self.root, "branch", branch)
        dset(self.root, "push", "origin", branch)
        dset(self.root, "push", "origin", "--delete", branch)

    def _note(self, commit: str) -> None:
        with self.account.open("a") as file:
            file.write(f"{self.branch} {commit}\n")
            file.flush()
            os.fsync(file.fileno())


def dset(root: Path, *arguments: str) -> Said:
    """A command in this process, noted beside the repository. Raises BrokenOffError for a traceback."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_main(root, arguments)
    said = Said(code, out.getvalue(), err.getvalue())
    if code not in (0, 1) or "Traceback" in said.err or "internal error" in said.err:
        raise BrokenOffError(f"dset {' '.join(arguments)}: {said}")
    with (root.parent / f"{root.name}.said").open("a") as file:
        file.write(f"{arguments[0]}: {_ending(said)}\n")
    return said


def _ending(said: Said) -> str:
    """How a command ended, in a word that can be counted."""
    if said.code == 0:
        return "done"
    return next((word for word in _REASONS if word in said.err), "refused")


def must(root: Path, *arguments: str) -> Said:
    """A command that must succeed, as nothing afar has a part in it."""
    said = dset(root, *arguments)
    if said.code != 0:
        raise BrokenOffError(f"dset {' '.join(arguments)}: {said}")
    return said


def collect(root: Path, until: Callable[[], bool]) -> int:
    """Collect the remote's garbage over and over; what fails, fails as users are promised."""
    for _ in _pauses(until, 0.2):
        dset(root, "gc", "--remote", "origin", "--grace", f"{GRACE.seconds}s")
    return 0


def read(root: Path, until: Callable[[], bool]) -> int:
    """Fetch over and over."""
    for _ in _pauses(until, 0.1):
        dset(root, "fetch")
    return 0


def _pauses(until: Callable[[], bool], seconds: float) -> Iterator[None]:
    while not until():
        yield
        time.sleep(seconds)
