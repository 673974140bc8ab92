"""What becomes of a store: written anew, swept in place, or left as it is.

LMDB's files never shrink by themselves, so room only comes back to the disk from a new file. That costs a copy of what
is alive: it pays where at least a byte comes back for every `COPIED_PER_BYTE` that are copied.

Blobs are written anew only together with objects. Who has the older stores open then has two that nobody changes any
more. With the objects in use beside blobs that are not, it would find new names and none of their blobs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from dvcore.store.lmdb_room import Room

COPIED_PER_BYTE: Final = 4
LEAST_GAIN: Final = 64 << 10
"""Less is not worth another file."""
_MARGIN: Final = 16 << 20
"""Left free at most: where little is alive, a full disk gets its room back."""


class Way(Enum):
    """What a collection does to a store."""

    REWRITE = "rewrite"
    """Write what is alive into a new file, and put that into use."""
    SWEEP = "sweep"
    """Remove dead entries; the file keeps its size, and their room is used again."""
    NOTHING = "nothing"
    """Nothing is dead, and nothing would come back to the disk."""
    POSTPONE = "postpone"
    """Others have the store open, and too little would come back to write it anew."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What it would mean to write a store anew, in bytes: what comes back to the disk, and what is copied."""

    gain: int
    live: int

    def pays(self) -> bool:
        """Whether it is worth the copy."""
        return self.gain >= LEAST_GAIN and self.gain * COPIED_PER_BYTE >= self.live

    def fits(self, free: int) -> bool:
        """Whether a disk with `free` bytes takes the copy, and has some left."""
        return free >= self.live + self.live // 8 + min(_MARGIN, self.live // 2 + LEAST_GAIN)

    def __add__(self, other: Worth) -> Worth:
        return Worth(self.gain + other.gain, self.live + other.live)


def worth_of(room: Room, dead_room: int) -> Worth:
    """Of a store whose file has this room, of which dead entries take `dead_room`."""
    return Worth(room.file - room.used + dead_room, room.used - dead_room)


def choose_ways(objects: Worth, blobs: Worth, free: int) -> tuple[Way, Way]:
    """How to go about the two stores on a disk with `free` bytes left."""
    both = objects + blobs
    if blobs.pays() and both.pays() and both.fits(free):
        return Way.REWRITE, Way.REWRITE
    alone = Way.REWRITE if objects.pays() and objects.fits(free) else Way.SWEEP
    return alone, Way.SWEEP
