"""Collecting garbage beside commands that need it: none finds a blob or an object present and loses it.

What is imported is in the store, and nothing refers to it: an import of it was undone, and its operation has let go. At
that moment an import finds its blobs present, a copy of a state gives the same objects, and so on, while gc removes
them. Each command goes on, waits or begins at random or at a chosen instant of the other.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from blake3 import blake3
from torture.instants import Dawdling, Deadly, Waiting, use_small_batches, watch
from torture.judging import Expected, rehearse
from torture.processes import Ended, Running, start_dset
from torture.scene import Kind, Sources
from torture.stage import BrokenError, Stage, orderly

_GC = ("gc", "--keep-operations", "0d")
_LIMIT = 0.12
"""Seconds that one waits at an instant for the other, which may be locked out until then."""


@dataclass(frozen=True, slots=True)
class _Race:
    """Two one of them at an instant of which the other starts and ends: `at` of the first (from 1), or random
    delays in both where it is 0."""

    name: str
    first: Kind
    second: Kind
    at: int


def race(stage: Stage, *, interleavings: int, seed: int) -> str:
    """So many interleavings of an import with gc, a quarter as many of other commands with it, and of two gcs. Gives
    the figures."""
    if "gc" not in stage.commands:
        stage.skipped.append("gc beside writers: there is no gc")
        return ""
    random, done = Random(seed), 0
    for rewrites in (True, False):
        races = _Races(stage, random, rewrites, seed)
        done += races.run_imports(interleavings // 2)
        done += races.run_others(max(1, interleavings // 8))
    return f"{done} interleavings of gc with an import and other commands, rewriting and sweeping"


@dataclass(frozen=True, slots=True)
class _Races:
    """The interleavings with one way of collecting."""

    stage: Stage
    random: Random
    rewrites: bool
    seed: int

    def run_imports(self, number: int) -> int:
        """Imports of what is garbage."""
        sources = self.stage.sources
        imported = Kind("import", ("import", sources.folder("more"), "--to", "new", "--format", "images"))
        return self._run_pairs([imported], number, _garbage(sources), _GC)

    def run_others(self, number: int) -> int:
        """Other whose objects are garbage; gc keeps the operations, or there would be nothing to undo."""
        sources = self.stage.sources
        others = [
            Kind("chunks", ("import", sources.folder("bins2"), "--to", "new", "--format", "files")),
            Kind("annotate", ("annotate", "nuts", "--set", "checked=false")),
            Kind("mirror", ("mirror", "nuts", "new")),
            Kind("copy", ("copy", "nuts", "new", "--without-instances")),
            Kind("commit", ("commit", "-m", "torture")),
            Kind("snapshot", ("snapshot", "kinds", "--at", "HEAD")),
            Kind("gc", _GC),
        ]
        kept = [Kind("undo", ("undo",)), Kind("redo", ("redo",))]
        done = self._run_pairs(others, number, _garbage(sources), _GC)
        return done + self._run_pairs(kept, max(1, number // 4), (*_garbage(sources), ("undo",)), ("gc",))

    def _run_pairs(
        self, others: list[Kind], number: int, setup: tuple[tuple[str, ...], ...], collect: tuple[str, ...]
    ) -> int:
        gc = Kind("gc", collect)
        base = self.stage.prepared(*setup)
        expected = {other.name: rehearse(self.stage, base, other) for other in others}
        counts = {one.name: self._count(base, one) for one in (gc, *others)}
        for place in range(number):
            other = others[place % len(others)]
            self._run(base, _choose(self.random, place, number, gc, other, counts), other, expected[other.name])
        return number

    def _count(self, base: Path, kind: Kind) -> int:
        """How many instants a command has."""
        record = self.stage.output / "instants"
        self._start(self.stage.copy(base), kind, Deadly(record)).wait()
        return len(record.read_text("utf-8").splitlines())

    def _run(self, base: Path, race: _Race, other: Kind, expected: Expected) -> None:
        work = self.stage.copy(base)
        way = "rewriting" if self.rewrites else "sweeping"
        with self.stage.trial(work, f"{way} gc, seed {self.seed}: {race.name}"):
            self._check_ends(other, *self._both(work, race))
            self._check(work, other, expected)

    def _check_ends(self, other: Kind, *both: Ended) -> None:
        for ended in both:
            if orderly(ended).code != 0 and not (other.name == "gc" and "another 'dset gc'" in ended.err):
                raise BrokenError(str(ended))

    def _both(self, work: Path, race: _Race) -> tuple[Ended, Ended]:
        """Run the two, the second from the chosen instant of the first on, or both from about now."""
        here, go = self.stage.output / "here", self.stage.output / "go"
        for flag in (here, go):
            flag.unlink(missing_ok=True)
        if race.at:
            first = self._start(work, race.first, Waiting(race.at, here, go, _LIMIT), "first")
            while not here.exists() and first.is_running():
                time.sleep(0.0005)
        else:
            first = self._start(work, race.first, self._dawdling(), "first")
            time.sleep(self.random.random() * 0.02)
        second = self._start(work, race.second, self._dawdling(), "second")
        ended = second.wait()
        go.touch()
        return first.wait(), ended

    def _dawdling(self) -> Dawdling:
        return Dawdling(Random(self.random.random()), share=0.3, longest=0.004)

    def _start(self, work: Path, kind: Kind, handler: Callable[[str], None], output: str = "first") -> Running:
        def prepare() -> None:
            _force_way(rewrites=self.rewrites)
            use_small_batches()
            watch(handler)

        return start_dset(work, *kind.arguments, output=self.stage.output / output, prepare=prepare)

    def _check(self, work: Path, other: Kind, expected: Expected) -> None:
        self.stage.check_sound(work)
        found, wanted = self.stage.state(work).cells, expected.after.cells
        differing = [name for name in wanted if found.get(name) != wanted[name]]
        if other.name != "gc" and differing:
            raise BrokenError(f"{other.name} beside gc left other values in {differing}")
        if other.name == "import":
            _check_files(self.stage, work)


def _garbage(sources: Sources) -> tuple[tuple[str, ...], ...]:
    """Imports, annotations and copies that were undone: what they stored is there, and nothing refers to it."""
    return (
        ("import", sources.folder("more"), "--to", "new", "--format", "images"),
        ("undo",),
        ("import", sources.folder("bins2"), "--to", "new", "--format", "files"),
        ("undo",),
        ("annotate", "nuts", "--set", "checked=false"),
        ("undo",),
        ("mirror", "nuts", "new"),
        ("undo",),
        ("mkdir", "uncommitted"),
    )


def _choose(  # noqa: PLR0917  # all of one try
    random: Random, place: int, number: int, gc: Kind, other: Kind, counts: dict[str, int]
) -> _Race:
    """The `place`th of a number: in turn the other at an instant of gc, gc at an instant of the other, both as it
    comes. The instants are spread evenly over the command."""
    if place % 3 == 2:
        first, second = random.sample([gc, other], 2)
        return _Race(f"{first.name} and {second.name}, number {place}", first, second, at=0)
    first, second = (gc, other) if place % 3 == 0 else (other, gc)
    at = 1 + int((place + random.random() * 3) / (number + 3) * counts[first.name])
    return _Race(f"{second.name} at instant {at} of {first.name}, number {place}", first, second, at)


def _check_files(stage: Stage, work: Path) -> None:
    """Every file that was imported is there with its bytes."""
    folder = Path(stage.sources.folder("more"))
    wanted = {f"new/{path.name}": blake3(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    rows = map(json.loads, stage.run(work, "ls", "-R", "new", "--json").out.splitlines())
    found = {row["path"]: row["blob"] for row in rows}
    if found != wanted:
        raise BrokenError(f"imported files are missing: {sorted(wanted.keys() - found.keys())[:3]}")


def _force_way(*, rewrites: bool) -> None:
    """Have gc write each store anew, or sweep it in place, whatever would come back to the disk."""
    from dvcore.repo.gc import ways

    ways.LEAST_GAIN = 0 if rewrites else 1 << 60  # type: ignore[misc]
    ways.COPIED_PER_BYTE = 1 << 40 if rewrites else 0  # type: ignore[misc]
