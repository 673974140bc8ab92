"""What a check of a remote finds: problems, each named by the thing on the remote that it is in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from dvcore.errors import DsetError
from dvcore.ids import ID_BYTES, SHORT_DIGITS, format_id
from dvcore.remote.packs.names import IndexRef, PackRef

LISTED: Final = 10_000
"""Beyond so many a remote is lost as a whole; the others are counted, so that memory stays bounded."""
_CUT: Final = 2 * ID_BYTES - SHORT_DIGITS


@dataclass(frozen=True, slots=True)
class RemoteProblem:
    """Something wrong on `remote`. `thing` is what it is in: `root`, `ref NAME`, or `pack`, `index`, `object`, `blob`,
    `chunk` or `chunk list of blob` with an id in hex. Where they are known, `pack` is the id in hex of the pack that a
    value is in, and `ref` the name of a ref that leads to it."""

    remote: str
    thing: str
    reason: str
    pack: str | None = None
    ref: str | None = None

    def __str__(self) -> str:
        """One line."""
        where = "" if self.pack is None else f" in pack {self.pack}"
        led = "" if self.ref is None else f"; {self.ref} leads to it"
        return f"{self.remote}: {self.thing}{where}: {self.reason}{led}"


class Problems:
    """The problems of one remote, in the order in which they are found, each thing once: what is found first stands. To
    be used by one thread."""

    def __init__(self, remote: str) -> None:
        self._remote = remote
        self._found: dict[str, RemoteProblem] = {}
        self.unlisted = 0
        """How many are not listed; some may be of the same thing."""

    def __iter__(self) -> Iterator[RemoteProblem]:
        return iter(self._found.values())

    def __len__(self) -> int:
        return len(self._found) + self.unlisted

    def add(self, thing: str, reason: str, *, pack: PackRef | None = None, ref: str | None = None) -> None:
        """Note one."""
        if thing in self._found:
            self.lead(thing, ref)
        elif len(self._found) >= LISTED:
            self.unlisted += 1
        else:
            in_pack = None if pack is None else format_id(pack.id)
            self._found[thing] = RemoteProblem(self._remote, thing, reason, in_pack, ref)

    def add_error(self, thing: str, error: DsetError, *, ref: str | None = None) -> None:
        """Note what an error says, but for the remote and the thing, which it may begin with."""
        reason = error.message
        for prefix in (self._remote, "its root", thing, thing[:-_CUT]):
            reason = reason.removeprefix(f"{prefix}: ")
        self.add(thing, reason, ref=ref)

    def lead(self, thing: str, ref: str | None) -> None:
        """Note that a ref leads to something, where that has a problem."""
        known = self._found.get(thing)
        if known is not None and known.ref is None:
            self._found[thing] = replace(known, ref=ref)


def name_pack(pack: PackRef) -> str:
    """What problems call a pack."""
    return f"pack {format_id(pack.id)}"


def name_index(index: IndexRef) -> str:
    """What problems call an index."""
    return f"index {format_id(index.id)}"
