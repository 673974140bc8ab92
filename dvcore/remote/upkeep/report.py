"""What a collection on a remote found and did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from dvcore.remote.packs.names import PackRef


class Tally(NamedTuple):
    """How many packs or values, and their bytes."""

    number: int = 0
    size: int = 0


NOTHING: Final = Tally()


@dataclass(frozen=True, slots=True)
class RemoteGcReport:
    """`kept` are the packs that are listed and stay. `condemned` are those that got a tombstone: dead, rewritten, or
    left by pushes that never ended. `copied` are the values that were alive in them, with the bytes of their new packs.
    Of packs that had a tombstone before, `removed` are gone now, and `waiting` are within their grace. `indexes` counts
    indexes that were removed."""

    kept: Tally = NOTHING
    condemned: Tally = NOTHING
    copied: Tally = NOTHING
    removed: Tally = NOTHING
    waiting: Tally = NOTHING
    indexes: int = 0


def tally(packs: Iterable[PackRef]) -> Tally:
    """How many packs there are, and their bytes."""
    sizes = [pack.size for pack in packs]
    return Tally(len(sizes), sum(sizes))
