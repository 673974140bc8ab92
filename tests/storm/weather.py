"""The bad day: an S3 server behind a proxy that fails, in a process of its own, since the harness forks and must have
no threads.

The proxy's faults of a run follow from the run's name, which is the first part of every path under the bucket, and
which says the seed and the share of requests that something happens to: `run-SEED-PERCENT`. With the same seed the n-th
request of a run meets the same fault; which request that is depends on how the processes meet.
"""

import random
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Final
from urllib.parse import unquote

from _pytest.outcomes import Skipped
from support.fault_proxy import HARD, Fault, FaultProxy
from support.servers import s3_server

_RUN: Final = re.compile(r"\brun-(\d+)-(\d+)\b")
_FAULTS: Final = (*HARD, *HARD, Fault.STALE_LIST, Fault.FLIPPED_BIT)
"""What a client can see for itself is twice as frequent."""
_DELAY: Final = 0.05


@dataclass(frozen=True, slots=True)
class Weather:
    """Endpoints of S3: through the proxy, and of the server itself."""

    stormy: str
    calm: str


class NoWeatherError(Exception):
    """The server cannot be had here."""


@contextmanager
def weather() -> Iterator[Weather]:
    """Server and proxy for the time of the `with`. Raises NoWeatherError where there is no server."""
    command = [sys.executable, "-m", "storm.weather"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first, _, second = process.stdout.readline().strip().partition(" ")
        try:
            if not first.startswith("http"):
                raise NoWeatherError(process.stdout.readline().strip() or "the server has not started")
            yield Weather(first, second)
        finally:
            process.terminate()


@dataclass
class Dice:
    """A fault or none for each request, by the run that it is of."""

    _lock: Lock = field(default_factory=Lock)
    _of_runs: dict[str, random.Random] = field(default_factory=dict)

    def plan(self, _number: int, _method: str, path: str) -> Fault:
        """What happens to a request."""
        found = _RUN.search(unquote(path))
        if found is None:
            return Fault.NONE
        with self._lock:
            dice = self._of_runs.setdefault(found[0], random.Random(found[0]))
            return dice.choice(_FAULTS) if dice.random() * 100 < int(found[2]) else Fault.NONE


def main() -> None:
    """Print the endpoints, and serve until the standard input ends."""
    try:
        with s3_server() as server, FaultProxy(server.address, Dice().plan, delay=_DELAY) as proxy:
            sys.stdout.write(f"{proxy.url} {server.url}\n")
            sys.stdout.flush()
            sys.stdin.read()
    except Skipped as reason:
        sys.stdout.write(f"none\n{reason}\n")


if __name__ == "__main__":
    main()
