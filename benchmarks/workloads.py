"""The workloads that all tools share: the same steps on three kinds of data, step by step, the tools in turn.

Before each step everything is written back. Every repetition begins in an empty folder, and with another tool.
"""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from data import Files
from limits import NO_LIMIT, Limit
from measure import FailedError, Run, disk_usage, measure
from results import Results
from tools import Commands, Dset, Place, Tool

_SETTLE_SECONDS: Final = 2.5
"""git and dset read files again that are younger than their clocks' doubt; nobody's data is that fresh."""

_LEAST_STORED: Final = 0.8
"""What a tool must have stored of the data's bytes; they are hardly compressible. Less means that it did not work."""

Verb = Callable[[Tool], Commands]


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    commands: Verb


FIRST: Final = Step("first import + commit", lambda tool: tool.first())
AGAIN: Final = Step("look again, nothing changed", lambda tool: tool.again())
CHANGE: Final = Step("change + commit", lambda tool: tool.change())
DIFF: Final = Step("diff of the two", lambda tool: tool.diff())
CHECK: Final = Step("check all that is stored", lambda tool: tool.check())
COLLECT: Final = Step("collect garbage", lambda tool: tool.collect())
BOXES: Final = Step("boxes for the images that are there", lambda tool: tool.boxes())

STEPS: Final[Mapping[str, Sequence[Step]]] = {
    "images": (FIRST, AGAIN, CHANGE, DIFF, BOXES, CHECK, COLLECT),
    "tiny": (FIRST, AGAIN, CHANGE, DIFF, CHECK),
    "large": (FIRST, AGAIN, CHANGE, CHECK),
}
_NO_IMAGES: Final = ("tiny", "large")


class Turns:
    """One repetition of a workload: a folder, in which tools do their steps in turn."""

    def __init__(
        self,
        workload: str,
        number: int,
        folder: Path,
        *,
        environment: Mapping[str, str],
        results: Results,
        limit: Limit = NO_LIMIT,
    ) -> None:
        self.workload = workload
        self.folder = folder
        self.number = number
        self.environment = environment
        self.results = results
        self._limit = limit

    def run(self, tools: Sequence[type[Tool]], files: Files, steps: Iterable[Step]) -> None:
        """All steps for all tools. A tool that fails is named, and sits out the rest."""
        playing = self.set_up(tools, files)
        for step in steps:
            if step is CHANGE:
                self._change_data(playing)
            playing = [tool for tool in playing if self._try(tool, step)]

    def set_up(self, tools: Sequence[type[Tool]], files: Files) -> list[Tool]:
        """The data laid out, and every tool with an empty repository; the first of them is another each time."""
        first = self.number % len(tools)
        folders = {tool: self.folder / tool.name if tool.inside else self.folder for tool in tools}
        self.folder.mkdir()
        files.copy_changes(self.folder / "changes")
        for folder in dict.fromkeys(folders.values()):
            folder.mkdir(exist_ok=True)
            files.copy_source(folder / "data")
        playing = [tool(self._place(folders[tool], files)) for tool in (*tools[first:], *tools[:first])]
        for tool in playing:
            for command in tool.set_up():
                tool.place.do(command)
        os.sync()
        time.sleep(_SETTLE_SECONDS)
        return playing

    def time(self, tool: Tool, step: str, commands: Commands, *, number: int | None = None) -> None:
        """Measure commands as one step. Raises FailedError."""
        prefix = self._limit.prefix if isinstance(tool, Dset) else ()
        stored = tool.place.folder / tool.stored
        os.sync()
        before = disk_usage(stored)
        total = Run(0.0, 0)
        for command in commands:
            words = [*prefix, *shlex.split(command)]
            total = total.then(measure(words, folder=tool.place.folder, environment=self.environment))
        os.sync()
        total = total.then(Run(0.0, 0, disk_usage(stored) - before))
        print(f"  {self.workload}: {step}, {tool.name}: {total.seconds:.2f} s", file=sys.stderr, flush=True)
        self.results.add(self.workload, step, tool.name, self.number if number is None else number, total)

    def _try(self, tool: Tool, step: Step) -> bool:
        try:
            commands = step.commands(tool)
            if commands:
                self.time(tool, step.name, commands)
            if step is FIRST:
                _require_stored(tool)
        except FailedError as error:
            self.results.fail(f"{self.workload}, {step.name}, {tool.name}", error)
            return False
        return True

    def _change_data(self, tools: Iterable[Tool]) -> None:
        for folder in dict.fromkeys(tool.place.folder for tool in tools):
            changes = f"{self.folder}/changes/."
            subprocess.run(["cp", "-r", "--remove-destination", changes, "data"], cwd=folder, check=True)

    def _place(self, folder: Path, files: Files) -> Place:
        reader = "files" if self.workload in _NO_IMAGES else "folders"
        return Place(folder, files.changed, reader, self.environment)


def remove(folder: Path) -> None:
    """A folder with all repositories in it; some make theirs read-only, which only a user other than root notices."""
    subprocess.run(["chmod", "-R", "u+w", folder], check=True)
    shutil.rmtree(folder)


def _require_stored(tool: Tool) -> None:
    wanted = sum(path.stat().st_size for path in (tool.place.folder / "data").rglob("*") if path.is_file())
    stored = disk_usage(tool.place.folder / tool.stored)
    if stored < wanted * _LEAST_STORED:
        raise FailedError(f"stored {stored:,} bytes of {wanted:,}")
