"""Progress on stderr: a bar on a terminal, a line for each long step elsewhere."""

import sys
import time
from typing import TYPE_CHECKING, Final

import click

from dset.output import format_size
from dvcore.progress import BYTES

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

_NOTICEABLE: Final = 1.0
"""Seconds; shorter steps are not worth a line."""


class TerminalProgress:
    """A bar with count, rate and time left, gone when the step is."""

    def __init__(self) -> None:
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def start(self, what: str, total: int | None, *, unit: str = "") -> None:
        """Begin a step, also where the one before was broken off."""
        self.finish()
        self._bar = _make_bar(unit)
        self._task = self._bar.add_task(what, total=total)
        self._bar.start()

    def advance(self, amount: int = 1) -> None:
        """Count."""
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, amount)

    def finish(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


class LineProgress:
    """A line when a step that took noticeable time ends."""

    def __init__(self) -> None:
        self._what = ""
        self._unit = ""
        self._done = 0
        self._begun = 0.0

    def start(self, what: str, total: int | None, *, unit: str = "") -> None:
        """Begin a step."""
        self._what, self._unit, self._done, self._begun = what, unit, 0, time.monotonic()

    def advance(self, amount: int = 1) -> None:
        """Count."""
        self._done += amount

    def finish(self) -> None:
        """Say how long it took."""
        elapsed = time.monotonic() - self._begun
        if elapsed >= _NOTICEABLE:
            done, rate = _amount(self._done, self._unit), _amount(self._done / elapsed, self._unit)
            click.echo(f"{self._what}: {done} in {elapsed:.1f} s, {rate}/s", err=True)


def shown_progress() -> TerminalProgress | LineProgress:
    """What fits stderr. A command that fails or is interrupted leaves no bar, and the terminal's cursor as it was."""
    if not sys.stderr.isatty():
        return LineProgress()
    progress = TerminalProgress()
    click.get_current_context().call_on_close(progress.finish)
    return progress


def _amount(number: float, unit: str) -> str:
    """`1,234`, or `55.2 kB`."""
    return format_size(round(number)) if unit == BYTES else f"{number:,.0f}"


def _make_bar(unit: str) -> "Bar":
    from rich import console, progress, text  # noqa: PLC0415 - 50 ms, which only a bar that is seen needs

    class Done(progress.ProgressColumn):
        """How many, of how many where that is known."""

        def render(self, task: progress.Task) -> text.Text:
            done = _amount(task.completed, unit)
            return text.Text(done if task.total is None else f"{done}/{_amount(task.total, unit)}")

    class Rate(progress.ProgressColumn):
        """How many a second, as soon as that is known."""

        def render(self, task: progress.Task) -> text.Text:
            return text.Text("" if task.speed is None else f"{_amount(task.speed, unit)}/s")

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        Done(),
        Rate(),
        progress.TimeRemainingColumn(),
    )
    return progress.Progress(*columns, console=console.Console(stderr=True), transient=True)
