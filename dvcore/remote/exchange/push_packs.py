"""The packs of one push, through all its attempts to replace the root: what they hold is sent once."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dvcore.errors import StorageError
from dvcore.remote.exchange.push_index import PushIndex
from dvcore.remote.exchange.sending import Sender
from dvcore.remote.exchange.unfinished import Unfinished, find_listed
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.packs.names import IndexRef, PackRef
from dvcore.remote.packs.pack import Placed, new_salt
from dvcore.remote.packs.packing import Value
from dvcore.remote.roots.root import Root
from dvcore.remote.storages.storage import Storage
from dvcore.store import Table
from dvcore.store.spilling import SpillingMap

LONG: Final = 3600.0
"""Seconds after which the packs of a push are looked for again before the root is written; also where the clock went
back."""


class PushPacks:
    """Sends values in packs and indexes them. `folder` is where what they hold is noted where it is much. Close it.

    Its names have a salt of their own, so that no collection removes what is counted on here: see
    `docs/format/remote.md`.
    """

    def __init__(
        self,
        storage: Storage,
        cache: IndexCache,
        unfinished: Unfinished,
        folder: Path | None,
        *,
        clock: Callable[[], float] = time.time,  # the time that a machine sleeps counts, too
    ) -> None:
        self.values = Counter[Table]()
        """How many values went there."""
        self.bytes = 0
        """Of all packs."""
        self.resumed = 0
        """Packs that an earlier try had sent."""
        self._storage = storage
        self._cache = cache
        self._unfinished = unfinished
        self._clock = clock
        self._since = 0.0
        self._salt: bytes | None = None
        self._index = PushIndex(storage, cache, folder)
        self._held = SpillingMap(folder)
        """Values in packs, sent or on their way, by table and id; with chunk lists as far as they are known."""
        self._packs: set[PackRef] = set()

    @property
    def number(self) -> int:
        """How many packs there are."""
        return len(self._packs)

    def close(self) -> None:
        """Give the room back."""
        self._held.close()
        self._index.close()

    def has(self, table: Table, value_id: bytes) -> bool:
        """Whether a pack of this push has a value."""
        return self._held.get(table.value + value_id) is not None

    def chunk_list(self, blob: bytes) -> bytes:
        """The chunk list of a blob that this push has sent; nothing where an earlier try did, or none has."""
        return self._held.get(Table.CHUNK_LISTS.value + blob) or b""

    @contextmanager
    def sending(self, root: Root) -> Iterator[Callable[[Value], None]]:
        """Gives what takes values to be sent; each that is new to this push, once. When the `with` ends well, all are
        on the remote. `root` is the one that the push rests on at first.

        Raises InvalidInputError for a value that no pack takes, StorageError.
        """
        salt = self._salt = self._salt or self._begin(root)
        with Sender(self._storage, salt, sent=self._take, note=self._unfinished.note) as sender:

            def offer(value: Value) -> None:
                self._held.put(value.table.value + value.id, value.data if value.table is Table.CHUNK_LISTS else b"")
                sender.add(value)

            yield offer
            sender.finish()

    def join(self, root: Root) -> tuple[IndexRef, ...]:
        """Send the index, and give the indexes that a root is to list that comes after this one.

        Raises StorageError where packs have gone since they were sent, CorruptError.
        """
        if not self._packs:
            return root.indexes
        self._check_there(root)
        return self._index.join(root)

    def _begin(self, root: Root) -> bytes:
        """The salt: that of an earlier try which rested on this root, with the packs that it sent, or a new one."""
        self._since = self._clock()
        taken = self._unfinished.take_up(self._storage, root)
        if taken is None:
            salt = new_salt()
            self._unfinished.begin(root, salt)
            return salt
        for pack, entries in taken.packs.items():
            for entry, _ in entries:
                self._held.put(entry.table.value + entry.id, b"")
            self._take(pack, entries)
        self.resumed = len(taken.packs)
        return taken.salt

    def _take(self, pack: PackRef, entries: Sequence[Placed]) -> None:
        """A pack is there."""
        self._index.add(pack, entries)
        self._packs.add(pack)
        self.values.update(entry.table for entry, _ in entries)
        self.bytes += pack.size

    def _check_there(self, root: Root) -> None:
        """A collection takes packs that no root lists for what somebody left, after a day: it sets tombstones in a
        root, and removes the packs after another day.

        Raises StorageError.
        """
        there = {pack for pack in self._packs if pack.id not in root.dead_packs}
        if not 0 <= self._clock() - self._since <= LONG:
            there &= find_listed(self._storage, there).keys()
        gone = len(self._packs) - len(there)
        if gone:
            raise StorageError(
                f"{gone} of {len(self._packs)} packs that were sent to {self._storage.describe()} are gone",
                hint="run the command again: it sends them, and what else is missing, again",
            )
