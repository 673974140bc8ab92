"""How long a remote is waited for, and how often it is asked again."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import random


@dataclass(frozen=True, slots=True)
class Patience:
    """Times in seconds. The values given suit bodies of 64 MiB over a line of 0.5 Mbit/s or better."""

    retries: int = 6
    """Tries after the first."""
    first_delay: float = 0.2
    """Before the second try; it doubles from try to try, up to `longest_delay`, less a random part."""
    longest_delay: float = 10.0
    give_up: float = 170.0
    """From the first try on, after which no other begins. Below five minutes, which signatures last."""
    connect: float = 10.0
    stall: float = 60.0
    """Without a byte of an answer's body, or for an answer to a small request."""
    transfer: float = 1200.0
    """For a whole body, either way. While a body is sent there is no answer to wait for, so nothing else tells a slow
    line from a dead one."""

    def delays(self) -> Iterator[float]:
        """How long to wait before each try, the first of them with 0."""
        yield 0.0
        for attempt in range(self.retries):
            yield min(self.longest_delay, self.first_delay * 2**attempt) * (0.5 + random() / 2)
