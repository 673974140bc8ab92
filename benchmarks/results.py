"""What was measured: for each step and tool one run a repetition, or that it failed."""

import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from measure import FailedError, Run


@dataclass(frozen=True, slots=True, order=True)
class Spread:
    """The median of several repetitions, and the least and the greatest."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(statistics.median(values), min(values), max(values))


class Results:
    """Runs by workload, step and tool, in the order in which they came."""

    def __init__(self) -> None:
        self._runs: dict[tuple[str, str, str], dict[int, Run]] = {}
        self.failures: list[str] = []

    def add(self, workload: str, step: str, tool: str, repetition: int, run: Run) -> None:
        self._runs.setdefault((workload, step, tool), {})[repetition] = run

    def fail(self, where: str, error: FailedError) -> None:
        self.failures.append(f"{where}: {error}")
        print(f"  {self.failures[-1]}", file=sys.stderr, flush=True)

    def steps(self, workload: str) -> list[str]:
        return list(dict.fromkeys(step for name, step, _ in self._runs if name == workload))

    def tools(self, workload: str) -> list[str]:
        """Those with a figure, in the order of their first turns."""
        return list(dict.fromkeys(tool for name, _, tool in self._runs if name == workload))

    def spread(self, workload: str, step: str, tool: str, value: Callable[[Run], float]) -> Spread | None:
        """None where the tool never ran the step to its end."""
        runs = self._runs.get((workload, step, tool), {})
        return Spread.of([value(run) for run in runs.values()]) if runs else None

    def ratio(self, workload: str, step: str, tool: str, other: str) -> Spread | None:
        """A tool's seconds over another's. Taken within each repetition, since the machine drifts between them."""
        mine = self._runs.get((workload, step, tool), {})
        theirs = self._runs.get((workload, step, other), {})
        ratios = [mine[number].seconds / theirs[number].seconds for number in mine.keys() & theirs.keys()]
        return Spread.of(ratios) if ratios else None

    def memory(self, tool: str, *, workload: str | None = None) -> int:
        """The greatest peak of a tool's steps, in one workload or in all; 0 where it ran none."""
        chosen = (
            run.memory
            for (name, _, whose), runs in self._runs.items()
            for run in runs.values()
            if whose == tool and workload in (None, name)
        )
        return max(chosen, default=0)
