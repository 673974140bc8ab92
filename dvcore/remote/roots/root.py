"""The root of a remote: the one object that changes, from which all else is reached.

Here it is a value; `roots.format` makes bytes of it, `roots.commit` reads and replaces them.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from dvcore.ids import CommitId
from dvcore.remote.packs.names import IndexRef, PackRef

FORMAT: Final = 1
"""The newest format of remotes that this version reads and writes: of root, indexes, packs and what holds them."""
KEPT_WRITES: Final = 64
"""Writes that a root remembers: who got no answer finds out as long as at most so many came after."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A pack that counts as absent, and whose bytes go some time after `time`, by the store's clock (aware)."""

    pack: PackRef
    time: datetime


@dataclass(frozen=True, slots=True)
class Root:
    """One state of a remote.

    `identity` (32 bytes) stays as long as the remote; `serial` counts its states from 1, with 0 for one that was never
    written. `writes` are the ids (16 bytes) of the last 64 writes, oldest first; the last one made this state. Names of
    `refs` are those of the repository's cells without `ref/`: `heads/main`, `tags/v1`, `projects/nuts`,
    `snapshots/nuts/1`. `head` is the branch that a clone begins with; `counters` are the highest snapshot numbers ever
    given, by project.
    """

    identity: bytes
    serial: int = 0
    writes: tuple[bytes, ...] = ()
    refs: Mapping[str, CommitId] = field(default_factory=dict)
    head: str | None = None
    counters: Mapping[str, int] = field(default_factory=dict)
    indexes: tuple[IndexRef, ...] = ()
    tombstones: tuple[Tombstone, ...] = ()
    oldest_reader: int = FORMAT

    @property
    def dead_packs(self) -> frozenset[bytes]:
        """Ids of the packs that have a tombstone."""
        return frozenset(tombstone.pack.id for tombstone in self.tombstones)

    def written(self, write: bytes) -> "Root":
        """The same as the next state, made by this write."""
        return replace(self, serial=self.serial + 1, writes=(*self.writes, write)[-KEPT_WRITES:])


def new_root() -> Root:
    """A remote that holds nothing and is not written yet."""
    return Root(os.urandom(32))
