"""A repository that goes on through hundreds of commands, each killed after a random time and then run again.

Most run in forked children. Every `SCRIPT_EVERY`th is the console script in a new interpreter, as users start it: it is
killed when it has a store open, a random share of the time later that it goes on when nobody kills it.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from torture.instants import Dawdling, use_small_batches, watch
from torture.judging import Expected, judge, rehearse
from torture.ledger import Ledger
from torture.processes import Ended, Running, start_dset, start_script
from torture.scene import Kind, Sources
from torture.stage import Stage
from torture.written import contents

SCRIPT_EVERY = 10
_DAWDLING = 0.012
"""Seconds that a command dawdles from its first write to its end, about."""
_TIDY_EVERY = 10
_FULL_EVERY = 10
"""Of so many checks one reads all bytes."""
_STEPS_PER_KILL = 6
"""At most: some commands end before they are killed, and some cannot be done."""
_SOME = 20
"""From so many scripts on, a quarter must have written something: else the kills come too early to show anything."""
_LABELS = ("--label", "walnut=label = 'walnut'", "--label", "almond=label = 'almond'", "--shards", "2")


@dataclass(slots=True)
class _Numbers:
    """What came of the kills."""

    kills: int = 0
    after: int = 0
    too_late: int = 0
    unwritten: int = 0
    scripts: int = 0
    scripts_unwritten: int = 0
    by_command: Counter[str] = field(default_factory=Counter)

    def note(self, kind: Kind, *, was_done: bool, wrote: bool, as_script: bool) -> None:
        """A command that was killed."""
        self.kills += 1
        self.after += was_done
        self.unwritten += not wrote
        self.scripts += as_script
        self.scripts_unwritten += as_script and not wrote
        self.by_command[kind.arguments[0]] += 1

    def line(self) -> str:
        names = ", ".join(f"{name} {number}" for name, number in sorted(self.by_command.items()))
        states = f"{self.kills - self.after} left the state before, {self.after} that after"
        early = f"{self.unwritten} died before their first write"
        scripts = f"{self.scripts} were new interpreters, {self.scripts_unwritten} of them before their first write"
        return f"{self.kills} kills: {states}; {early}; {scripts}; {self.too_late} were over already ({names})"


def kill_at_random(stage: Stage, *, kills: int, seed: int) -> str:
    """Kill until so many commands died; each time the state must be that before or after, and all earlier ones kept.
    Gives the figures."""
    numbers, random = _Numbers(), Random(seed)
    life, ledger = stage.copy(stage.prepared(), "life"), Ledger()
    for step, kind in enumerate(_endless(random, stage.sources, stage.commands)):
        if numbers.kills >= kills or step > _STEPS_PER_KILL * kills:
            break
        expected = rehearse(stage, life, kind)
        if expected.ended.code != 0:
            continue  # such as a redo with nothing to redo: another one
        with stage.trial(life, f"seed {seed}, step {step}, '{' '.join(kind.arguments)}'"):
            _try(stage, life, kind, expected, random, numbers, step)
            ledger.note(stage.state(life))
            if step % _TIDY_EVERY == 0:
                stage.check_tidy(life)
        if not life.exists():
            life, ledger = stage.copy(stage.prepared(), "life"), Ledger()
    _check_numbers(stage, numbers, kills)
    return numbers.line()


def _try(  # noqa: PLR0917  # all of one try
    stage: Stage, life: Path, kind: Kind, expected: Expected, random: Random, numbers: _Numbers, step: int
) -> None:
    as_script = (step + 1) % SCRIPT_EVERY == 0
    goes_on = _seconds_of_script(stage, life, kind) if as_script else 0.0
    before = contents(life)
    killed = (
        _kill_script(stage, life, kind, goes_on * random.random())
        if as_script
        else _kill_child(stage, life, kind, expected, random)
    )
    wrote = contents(life) != before
    was_done = judge(stage, life, kind, expected, killed, quick=step % _FULL_EVERY != 0)
    if killed.was_killed:
        numbers.note(kind, was_done=was_done, wrote=wrote, as_script=as_script)
    else:
        numbers.too_late += 1


def _check_numbers(stage: Stage, numbers: _Numbers, kills: int) -> None:
    stage.require(numbers.kills >= kills, "random kills", f"{numbers.kills} died of {kills} that were to")
    enough = numbers.scripts < _SOME or numbers.scripts_unwritten <= 0.75 * numbers.scripts
    stage.require(enough, "random kills", f"the scripts died too early: {numbers.line()}")


def _kill_child(stage: Stage, life: Path, kind: Kind, expected: Expected, random: Random) -> Ended:
    if random.random() < 0.3:
        running = start_dset(life, *kind.arguments, output=stage.output, prepare=use_small_batches)
        time.sleep(random.random() * expected.ended.seconds)
    else:
        running = _start_to_first_write(stage, life, kind, random.randrange(1 << 30))
        time.sleep(random.random() * _DAWDLING)
    return _kill(running)


def _kill_script(stage: Stage, life: Path, kind: Kind, after: float) -> Ended:
    running = start_script(life, *kind.arguments, output=stage.output)
    _wait_for_store(running)
    time.sleep(after)
    return _kill(running)


def _seconds_of_script(stage: Stage, life: Path, kind: Kind) -> float:
    """How long the console script goes on, when it has a store open."""
    running = start_script(stage.copy(life), *kind.arguments, output=stage.output)
    _wait_for_store(running)
    began = time.monotonic()
    running.wait()
    return time.monotonic() - began


def _wait_for_store(running: Running) -> None:
    """Until a process has a store open, or has ended."""
    while running.is_running() and not any(name.endswith(".lmdb") for name in running.open_files()):
        time.sleep(0.0005)


def _kill(running: Running) -> Ended:
    if running.is_running():
        running.kill()
    return running.wait()


def _start_to_first_write(stage: Stage, life: Path, kind: Kind, seed: int) -> Running:
    """Start a command and come back when it is about to write to a store for the first time, or has ended. From then on
    it dawdles, so that the moments around its writes are not over in microseconds."""
    here, there = os.pipe()
    dawdle = Dawdling(Random(seed), share=0.5, longest=0.002, at="after commit", pause=0.004)
    writes = False

    def tell(name: str) -> None:
        nonlocal writes
        if not writes and "write transaction" in name:
            writes = True
            os.write(there, b".")
        if writes:
            dawdle(name)

    def prepare() -> None:
        use_small_batches()
        watch(tell)

    running = start_dset(life, *kind.arguments, output=stage.output, prepare=prepare)
    os.close(there)
    os.read(here, 1)
    os.close(here)
    return running


def _endless(random: Random, sources: Sources, commands: frozenset[str]) -> Iterator[Kind]:
    """Commands with names of their own, in random order; some of them refer to what others made, or did not."""
    number = 0
    while True:
        number += 1
        some, new = f"d{random.randrange(max(1, number - 8), number + 1)}", f"d{number}"
        arguments = random.choice(_candidates(random, sources, some, new, number))
        if arguments[0] in commands:
            yield Kind(arguments[0], arguments)


def _candidates(random: Random, sources: Sources, some: str, new: str, number: int) -> list[tuple[str, ...]]:
    folder = random.choice(["more", "photos", "other"])
    value = random.choice(["true", "false"])
    return [
        ("import", sources.folder(folder), "--to", new),
        ("import", sources.folder(folder), "--to", some, "--on-existing", "replace"),
        ("import", sources.folder("bins2"), "--to", new, "--format", "files"),
        ("import", sources.folder("photos"), "--to", new, "--annotations", sources.folder("boxes.json")),
        ("annotate", "nuts", "--set", f"checked={value}"),
        ("annotate", some, "--clear-instances", "--done"),
        ("commit", "-m", f"commit {number}"),
        ("mirror", "nuts", new),
        ("copy", some, new, "--without-instances"),
        ("move", some, new),
        ("remove", some),
        ("mkdir", f"{new}/inside"),
        ("undo",),
        ("undo",),
        ("redo",),
        ("branch", new),
        ("switch", random.choice(["main", "side"])),
        ("tag", new),
        ("project", "create", new, "--directory", "nuts", *_LABELS),
        ("snapshot", "kinds", "--at", "HEAD"),
        ("snapshot", some, "--at", "HEAD"),
        ("gc",),
        ("gc", "--keep-operations", "0d"),
    ]
