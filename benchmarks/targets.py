"""What dset must reach, as ratios: seconds differ from machine to machine and from hour to hour.

Where the aim was set in seconds, on the machine where the peer took `reference` seconds for the same, the ratio of the
two is what counts on any other machine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from measure import Run
from own import HELP, PASSED_THROUGH, STATUS, VERSION
from results import Results, Spread
from workloads import AGAIN, BOXES, CHANGE, DIFF, FIRST


@dataclass(frozen=True, slots=True)
class Ratio:
    """dset's seconds over a peer's, at most; of an aim in seconds, with what the peer took."""

    workload: str
    step: str
    peer: str
    times: float = 1.0
    seconds: float | None = None
    reference: float = 1.0

    @property
    def most(self) -> float:
        return self.times if self.seconds is None else self.seconds / self.reference


@dataclass(frozen=True, slots=True)
class Seconds:
    """dset's seconds, at most, where no peer is measured."""

    workload: str
    step: str
    most: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line of the table."""

    work: str
    must: str
    measured: str
    met: bool


RATIOS: Final = (
    Ratio("images", FIRST.name, "restic", 0.7),
    Ratio("images", FIRST.name, "cp + sync"),
    Ratio("images", AGAIN.name, "restic", seconds=0.5, reference=1.1),
    Ratio("images", CHANGE.name, "restic", seconds=0.3, reference=1.2),
    Ratio("images", DIFF.name, "restic", seconds=0.15, reference=1.3),
    Ratio("tiny", FIRST.name, "restic"),
    Ratio("tiny", AGAIN.name, "restic", seconds=2.0, reference=5.4),
    Ratio("tiny", CHANGE.name, "restic", seconds=0.5, reference=5.2),
    Ratio("large", FIRST.name, "borg"),
    Ratio("large", CHANGE.name, "borg"),
    Ratio("start", VERSION, "dvc", seconds=0.12, reference=0.27),
)
SECONDS: Final = (
    Seconds("start", HELP, 0.12),
    Seconds("start", STATUS, 0.2),
    Seconds("images", BOXES.name, 5.0),
    Seconds("snapshots", PASSED_THROUGH, 5.0),
)
_MEGABYTE: Final = 1_000_000
_GROWTH: Final = 10
"""Megabytes that 1 MB inserted into the large file may add."""
_MEMORY: Final = 300
_SNAPSHOT_MEMORY: Final = 150


def verdicts(results: Results) -> Iterator[Verdict]:
    """The targets that were measured."""
    for ratio in RATIOS:
        if spread := results.ratio(ratio.workload, ratio.step, "dset", ratio.peer):
            yield _of_ratio(ratio, spread, _seconds(results, ratio.workload, ratio.step))
    for target in SECONDS:
        if taken := results.spread(target.workload, target.step, "dset", _take_seconds):
            work = f"{target.workload}: {target.step}"
            yield Verdict(work, f"{target.most:g} s", f"{taken.median:.2f} s", taken.median <= target.most)
    if grown := results.spread("large", CHANGE.name, "dset", lambda run: run.growth):
        yield _of_bytes(f"large: {CHANGE.name}: growth", _GROWTH, grown.greatest)
    yield from _of_memory(results)


def _of_ratio(target: Ratio, measured: Spread, seconds: float) -> Verdict:
    must = f"{target.most:.2g} x {target.peer}"
    if target.seconds is not None:
        must += f" ({target.seconds:g} s where it takes {target.reference:g} s)"
    said = f"{measured.median:.2f} x ({measured.least:.2f}-{measured.greatest:.2f}); {seconds:.2f} s"
    return Verdict(f"{target.workload}: {target.step}", must, said, measured.median <= target.most)


def _of_memory(results: Results) -> Iterator[Verdict]:
    if greatest := results.memory("dset"):
        yield _of_bytes("peak memory of any step", _MEMORY, greatest)
    if greatest := results.memory("dset", workload="snapshots"):
        yield _of_bytes("peak memory of a snapshot", _SNAPSHOT_MEMORY, greatest)


def _of_bytes(work: str, megabytes: int, measured: float) -> Verdict:
    return Verdict(work, f"{megabytes} MB", f"{measured / _MEGABYTE:.1f} MB", measured <= megabytes * _MEGABYTE)


def _seconds(results: Results, workload: str, step: str) -> float:
    spread = results.spread(workload, step, "dset", _take_seconds)
    return spread.median if spread else 0.0


def _take_seconds(run: Run) -> float:
    return run.seconds
