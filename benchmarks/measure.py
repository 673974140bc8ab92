"""Runs whole processes and measures them: wall time, and peak anonymous memory (`RssAnon`: mapped pages of the store
belong to the page cache). Samples are 5 ms apart, so the figure of a process that lives shorter is too small.
"""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SAMPLE_SECONDS: Final = 0.005

Command = Sequence[str | Path]


class FailedError(Exception):
    """A measured command failed, so its time says nothing."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one process, or several in turn, took: seconds, and peak bytes of anonymous memory."""

    seconds: float
    memory: int

    def then(self, other: "Run") -> "Run":
        """Both in turn."""
        return Run(self.seconds + other.seconds, max(self.memory, other.memory))


def measure(command: Command, *, folder: Path, environment: Mapping[str, str]) -> Run:
    """Run a command to its end. Raises FailedError with what it said."""
    began = time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        peak = _Peak(process.pid)
        peak.start()
        _, said = process.communicate()
        seconds = time.perf_counter() - began
        peak.stop()
    if process.returncode:
        raise FailedError(f"{' '.join(map(str, command))}: exit code {process.returncode}\n{said}")
    return Run(seconds, peak.memory)


class _Peak(threading.Thread):
    """Looks at a process's memory until told to stop."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.memory = 0
        self._status = Path(f"/proc/{pid}/status")
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(_SAMPLE_SECONDS):
            self.memory = max(self.memory, self._sample())

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def _sample(self) -> int:
        try:
            text = self._status.read_text()
        except OSError:  # it has ended
            return 0
        line = next((line for line in text.splitlines() if line.startswith("RssAnon:")), "RssAnon: 0")
        return int(line.split()[1]) * 1024
