"""What is alive in each pack, and which packs are to go.

A pack that holds nothing alive goes. One of which more than half is dead is rewritten: so a remote never takes more
than twice what is alive, and a byte is copied only after as many have died. A value that several packs hold counts as
alive in one of them.

A dead chunk list does not stay, however little of its pack that is: its chunks, in packs of blobs, may go, and whoever
finds the list would count on them. So packs of metadata go first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from dvcore.remote.packs.entry import HEADER
from dvcore.remote.packs.names import PackKind, PackRef
from dvcore.remote.packs.pack import HEAD, TRAILER
from dvcore.remote.upkeep.marks import Marks
from dvcore.remote.upkeep.view import View
from dvcore.store import Table

BATCH_ENTRIES: Final = 1 << 19
"""Values that are copied for one new root: what an interrupted collection has to do again. 23 MiB of records."""
BATCH_BYTES: Final = 4 << 30


@dataclass(slots=True)
class Usage:
    """What of a pack is alive: values, and the bytes that a pack of them alone would have; and whether it has chunk
    lists that are not."""

    entries: int = 0
    size: int = HEAD.size + TRAILER.size
    has_dead_lists: bool = False

    def count(self, length: int) -> None:
        """One more value, of so many bytes with its header, which stands in the footer again."""
        self.entries += 1
        self.size += length + HEADER.size

    def is_to_go(self, pack: PackRef) -> bool:
        """Whether nothing of the pack is alive, more than half is dead, or a chunk list is."""
        return not self.entries or 2 * self.size < pack.size or self.has_dead_lists


class Going(NamedTuple):
    """A pack that is to go, how many of its values are alive and are copied before, and about how many bytes."""

    pack: PackRef
    live: int
    size: int


def survey(view: View, marks: Marks) -> dict[PackRef, Usage]:
    """Every pack that counts, and what of it is alive. Raises CorruptError."""
    dead = view.root.dead_packs
    usages = {pack: Usage() for pack in view.packs() if pack.id not in dead}
    find = view.contents.indexes.find
    for table, value_id, location in view.contents.indexes.iter_located():
        if not marks.is_live(table, value_id):
            usages[location.pack].has_dead_lists |= table is Table.CHUNK_LISTS
        elif len(view.indexes) == 1 or find(table, value_id) == location:
            usages[location.pack].count(location.length)
    return usages


def choose(usages: Mapping[PackRef, Usage]) -> list[tuple[Going, ...]]:
    """The packs that are to go, in batches for a new root each; those of metadata before those of blobs, and of either
    first those of which nothing has to be copied."""
    going = [
        Going(pack, usage.entries, usage.size if usage.entries else 0)
        for pack, usage in usages.items()
        if usage.is_to_go(pack)
    ]
    batches: list[list[Going]] = [[]]
    entries = size = 0
    for one in sorted(going, key=lambda one: (one.pack.kind is PackKind.BLOBS, one.live > 0)):
        if one.live and (entries + one.live > BATCH_ENTRIES or size + one.size > BATCH_BYTES):
            batches.append([])
            entries = size = 0
        batches[-1].append(one)
        entries += one.live
        size += one.size
    return [tuple(batch) for batch in batches if batch]
