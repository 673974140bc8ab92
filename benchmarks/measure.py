"""Runs whole processes and measures them: wall time, and peak anonymous memory (`RssAnon`: mapped pages of a store
belong to the page cache) of the process and all that it starts. Samples are 5 ms apart, so the figure of a process
that lives shorter is too small.
"""

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SAMPLE_SECONDS: Final = 0.005
_BLOCK: Final = 512
"""Bytes of a block as `stat` counts them, whatever the file system's own are."""

Command = Sequence[str | Path]


class FailedError(Exception):
    """A command failed, so its time says nothing."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one process, or several in turn, took: seconds, peak bytes of anonymous memory, bytes on disk added."""

    seconds: float
    memory: int
    growth: int = 0

    def then(self, other: "Run") -> "Run":
        """Both in turn."""
        return Run(self.seconds + other.seconds, max(self.memory, other.memory), self.growth + other.growth)


def measure(command: Command, *, folder: Path, environment: Mapping[str, str]) -> Run:
    """Run a command to its end. Raises FailedError with what it said."""
    began = time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    ) as process:
        peak = _Peak(process.pid)
        peak.start()
        _, said = process.communicate()
        seconds = time.perf_counter() - began
        peak.stop()
    if process.returncode:
        raise FailedError(f"{' '.join(map(str, command))}: exit code {process.returncode}\n{said}")
    return Run(seconds, peak.memory)


def disk_usage(folder: Path) -> int:
    """The bytes that a folder's files occupy: holes of sparse files do not count, slack of small files does."""
    total = 0
    for parent, _, names in os.walk(folder):
        total += sum(os.lstat(f"{parent}/{name}").st_blocks * _BLOCK for name in names)
    return total


def shown(runs: Sequence[Run]) -> str:
    """Median, all of them in their order, and the peak of memory."""
    seconds = [run.seconds for run in runs]
    memory = max(run.memory for run in runs)
    listed = ", ".join(f"{one:.2f}" for one in seconds)
    return f"{statistics.median(seconds):.2f} s ({listed}), {memory / 1e6:.0f} MB"


class _Peak(threading.Thread):
    """Looks at the memory of a process and its descendants until told to stop."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.memory = 0
        self._pid = pid
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(_SAMPLE_SECONDS):
            self.memory = max(self.memory, sum(map(_anonymous_memory, _descendants(self._pid))))

    def stop(self) -> None:
        self._stopped.set()
        self.join()


def _descendants(pid: int) -> Iterator[int]:
    """The process itself, then what it and its threads have started; what outlives its parent is not found."""
    yield pid
    try:
        children = [
            child for thread in Path(f"/proc/{pid}/task").iterdir() for child in _read(thread / "children").split()
        ]
    except OSError:  # it has ended
        return
    for child in children:
        yield from _descendants(int(child))


def _anonymous_memory(pid: int) -> int:
    line = next((line for line in _read(Path(f"/proc/{pid}/status")).splitlines() if line.startswith("RssAnon:")), None)
    return int(line.split()[1]) * 1024 if line else 0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:  # it has ended
        return ""
