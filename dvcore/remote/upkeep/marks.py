"""Marks: which values of a remote are alive, and what is still to be followed, on the disk however many there are."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Final, Self

from dvcore.repo.links import Kind, Link
from dvcore.store import Table
from dvcore.store.scratch import ScratchMap

_ENTERED: Final = b"e"
_PENDING: Final = b"p"
_LISTS: Final = b"q"
_SHARDS: Final = b"s"
_LIVE: Final = b"v"

_SET_OF: Final = {
    Table.OBJECTS: Table.OBJECTS.value,
    Table.BLOBS: Table.BLOBS.value,
    Table.CHUNK_LISTS: Table.BLOBS.value,
    Table.CHUNKS: Table.CHUNKS.value,
}
"""A blob has one mark, whichever its form."""


class Marks:
    """Marks are only ever added. To be used by one thread at a time; `folder` is where the scratch file is made."""

    def __init__(self, folder: Path | None) -> None:
        self._map = ScratchMap(folder)

    def follow(self, link: Link) -> bool:
        """Note what refers further, to be followed once; whether it is new."""
        key = link.kind.value + link.id
        is_new = self._map.add(_ENTERED + key)
        if is_new:
            self._map.put(_PENDING + key)
        return is_new

    def follow_list(self, blob: bytes) -> None:
        """Note a blob in chunks, whose chunk list is to be read."""
        self._map.put(_LISTS + blob)

    def take_links(self, most: int) -> list[Link]:
        """Some of what is to be followed, which it is no more then; commits come before what they lead to."""
        return [Link(Kind(key[:1]), key[1:]) for key in self._take(_PENDING, most)]

    def take_lists(self, most: int) -> list[bytes]:
        """Some of the blobs whose chunk lists are to be read."""
        return self._take(_LISTS, most)

    def add(self, table: Table, key: bytes) -> bool:
        """Mark a value; whether that is new."""
        return self._map.add(_LIVE + _SET_OF[table] + key)

    def is_live(self, table: Table, key: bytes) -> bool:
        """Whether a value is marked."""
        return _LIVE + _SET_OF[table] + key in self._map

    def keep_shard(self, shard: bytes) -> None:
        """Note a shard that the remote does not have, but may get."""
        self._map.put(_SHARDS + shard)

    def take_shards(self) -> list[bytes]:
        """All such shards, of which none is noted any more then."""
        return self._take(_SHARDS, None)

    def close(self) -> None:
        """Give the room back."""
        self._map.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self, prefix: bytes, most: int | None) -> list[bytes]:
        keys = [key for key, _ in islice(self._map.iter_items(prefix), most)]
        for key in keys:
            self._map.delete(key)
        return [key[len(prefix) :] for key in keys]
