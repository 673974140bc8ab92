"""How long work tells how far it is, without printing."""

from typing import Final, Protocol

BYTES: Final = "bytes"
"""The unit of steps that are counted in bytes, which are shown as MB and MB/s."""


class Progress(Protocol):
    """Told by the library, shown by whoever called it. Steps come one after the other, from one thread."""

    def start(self, what: str, total: int | None, *, unit: str = "") -> None:
        """A step begins: what it does, in how many parts if that is known; `unit` is `BYTES` or nothing."""

    def advance(self, amount: int = 1) -> None:
        """So many more parts are done."""

    def finish(self) -> None:
        """The step has ended."""


class Silent:
    """Progress that nobody watches."""

    def start(self, what: str, total: int | None, *, unit: str = "") -> None:
        """Ignored."""

    def advance(self, amount: int = 1) -> None:
        """Ignored."""

    def finish(self) -> None:
        """Ignored."""
