"""Making packs: values go in one by one, and a pack comes out whenever one is full.

At most 64 MiB of blobs and 16 MiB of metadata are in memory at a time. Same values in the same order with the same salt
are the same packs.
"""

import mmap
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, NamedTuple

from dvcore.ids import digest
from dvcore.remote.packs.entry import HEADER, KINDS, Entry, make_entry
from dvcore.remote.packs.names import PackKind, PackRef
from dvcore.remote.packs.pack import HEAD, MAX_ENTRIES, MAX_PACK_BYTES, Placed, encode_footer, encode_head
from dvcore.store import Table

FULL: Final[Mapping[PackKind, int]] = {PackKind.BLOBS: 64 << 20, PackKind.METADATA: 16 << 20}
"""Bytes of entries in a pack, unless it holds a single larger one. A lazy clone reads all metadata, so that smaller
packs of it, more of them at a time, cost nothing and keep memory low."""


class Value(NamedTuple):
    """Something to be packed: a value and its key in the store."""

    table: Table
    id: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack that is ready to be sent. `data` belongs to nobody else, and is not copied on the way."""

    ref: PackRef
    data: memoryview
    entries: tuple[Placed, ...]


class PackWriter:
    """One pack that is being filled. Used by one thread."""

    def __init__(self, kind: PackKind, salt: bytes) -> None:
        self._kind = kind
        # Joining pieces at the end would hold a pack twice.
        self._data = _new_room()
        self._end = 0
        self._entries: list[Entry] = []
        self._append(encode_head(kind, salt))

    def has_room(self, length: int) -> bool:
        """Whether a value of so many bytes still goes in; one that is larger than a full pack has a pack of its own."""
        end = self._end - HEAD.size + HEADER.size + length
        return end <= FULL[self._kind] and len(self._entries) < MAX_ENTRIES

    def add(self, value: Value) -> None:
        """Append a value that belongs into packs of this kind; there is room, or nothing in it yet.

        Raises InvalidInputError for one that no pack takes.
        """
        assert KINDS[value.table] is self._kind
        entry, stored = make_entry(*value)
        self._append(entry.encode())
        self._append(stored)
        self._entries.append(entry)

    def finish(self) -> Pack | None:
        """The pack, or None where nothing was added. The writer is of no more use."""
        if not self._entries:
            return None
        self._append(encode_footer(self._entries))
        data = memoryview(self._data)[: self._end].toreadonly()
        offsets = accumulate((entry.length for entry in self._entries), initial=HEAD.size)
        placed = tuple(map(Placed, self._entries, offsets))
        return Pack(PackRef(self._kind, digest(data), len(data)), data, placed)

    def _append(self, data: bytes) -> None:
        end = self._end + len(data)
        self._data[self._end : end] = data
        self._end = end


def iter_packs(values: Iterable[Value], salt: bytes) -> Iterator[Pack]:
    """The values in packs, each as soon as it is full; equal ones are for the caller to leave out.

    `salt` is a `pack.new_salt()`. Raises InvalidInputError for a value that no pack takes.
    """
    writers = {kind: PackWriter(kind, salt) for kind in PackKind}
    for value in values:
        kind = KINDS[value.table]
        if not writers[kind].has_room(len(value.data)):
            yield from _finished(writers[kind])
            writers[kind] = PackWriter(kind, salt)
        writers[kind].add(value)
    for writer in writers.values():
        yield from _finished(writer)


def _new_room() -> mmap.mmap:
    """Memory for the largest pack, none of which is taken before it is written to. In large pages, where the system has
    them, that costs a sixth of what a growing `bytearray` does."""
    room = mmap.mmap(-1, MAX_PACK_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):
            room.madvise(mmap.MADV_HUGEPAGE)
    return room


def _finished(writer: PackWriter) -> Iterator[Pack]:
    pack = writer.finish()
    if pack is not None:
        yield pack
