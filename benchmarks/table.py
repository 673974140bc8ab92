"""Results as markdown tables, for a terminal and for `docs/performance.md`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from measure import Run
from results import Results, Spread
from targets import verdicts


def tables(results: Results, workload: str) -> Iterator[str]:
    """Of one workload: seconds, memory, and growth on disk, of the tools that did any of it."""
    tools = results.tools(workload)
    for column in _COLUMNS:
        lines = [_line(results, workload, step, tools, column) for step in results.steps(workload)]
        if any(lines):
            yield f"| {workload}: {column.name} | {' | '.join(tools)} |"
            yield f"| --- | {' | '.join('---:' for _ in tools)} |"
            yield from filter(None, lines)
            yield ""


def target_table(results: Results) -> Iterator[str]:
    """What dset must reach, and whether it does."""
    yield "| work | at most | measured | met |"
    yield "| --- | --- | --- | --- |"
    for verdict in verdicts(results):
        yield f"| {verdict.work} | {verdict.must} | {verdict.measured} | {'yes' if verdict.met else '**no**'} |"


def _line(results: Results, workload: str, step: str, tools: Sequence[str], column: "_Column") -> str | None:
    """None where there is nothing to say: most steps add nothing to the disk."""
    spreads = [results.spread(workload, step, tool, column.value) for tool in tools]
    if all(spread is None or abs(spread.median) < column.least for spread in spreads):
        return None
    return f"| {step} | {' | '.join(column.text(spread) if spread else '' for spread in spreads)} |"


def _format_seconds(spread: Spread) -> str:
    return f"{spread.median:.2f} ({spread.least:.2f}-{spread.greatest:.2f})"


def _format_megabytes(spread: Spread) -> str:
    return f"{spread.median:,.1f}" if abs(spread.median) < 10 else f"{spread.median:,.0f}"


@dataclass(frozen=True, slots=True)
class _Column:
    """A quantity: where it comes from, how it is written, and the least that is worth a line."""

    name: str
    value: Callable[[Run], float]
    text: Callable[[Spread], str]
    least: float = 0.05


_COLUMNS: Final = (
    _Column("seconds", lambda run: run.seconds, _format_seconds, least=0.0),
    _Column("peak memory, MB", lambda run: run.memory / 1e6, _format_megabytes),
    _Column("growth on disk, MB", lambda run: run.growth / 1e6, _format_megabytes),
)
