"""Evicting: blobs go from here that a remote verifiably has, to come back when they are needed.

A blob may go where a ref of the remote's present root leads to it, and the remote's packs hold it: by its indexes, its
list of what it stores, and the packs' own footers. So nobody's only copy goes, committed or not. That it is absent is
recorded in the same transaction in which it goes (`dvcore.store.absent`).

Everything is looked at before the first blob goes. Then writers are locked out for as long as the store takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from dvcore.errors import StateError
from dvcore.ids import BlobId, ChunkId
from dvcore.progress import Progress, Silent
from dvcore.remote.absence.places import Places
from dvcore.remote.contents.opened import Contents, open_contents
from dvcore.remote.contents.reached import Reached
from dvcore.remote.contents.reading import read_many
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.packs.entry import HEADER
from dvcore.remote.packs.reading import Location
from dvcore.remote.roots.seen import Seen
from dvcore.remote.storages.storage import Storage
from dvcore.repo.images import Image
from dvcore.repo.repository import Repository
from dvcore.store import ObjectReader, ReadTransaction, Table
from dvcore.store.chunk_list import decode_chunk_list
from dvcore.store.spilling import SpillingMap
from dvcore.store.table_scan import iter_sizes

WAIT_SECONDS: Final = 60.0
_LOOKED_UP: Final = 4_096
_LISTS: Final = 64
"""Chunk lists that are compared at a time; one is 3 kB for each 20 MB of its blob."""
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class EvictReport:
    """What went: blobs, and their bytes. `kept` are those that were to go and are still the only copy that can be
    counted on; 0 where some were named, since then all of them go or none."""

    evicted: int
    bytes: int
    kept: int


def evict(
    repository: Repository,
    storage: Storage,
    cache: IndexCache,
    name: str,
    images: Iterable[Image] | None = None,
    *,
    seen: Seen | None = None,
    wait: float = WAIT_SECONDS,
    progress: Progress | None = None,
) -> EvictReport:
    """Give up the bytes of these images, which the remote `name` has; without any, of all that it has. What is not here
    is passed over. `seen` is what is remembered of the remote, `wait` for how many seconds other writers may go on.

    The room is used again; `dset gc` gives it back to the disk.

    Raises StateError, with nothing done, naming images that are not on the remote or that none of its refs leads to;
    also where other writers do not end, something is collected, or the remote can list nothing. CorruptError naming
    what is not on the remote as it should be; StorageError.
    """
    told = progress or Silent()
    repository.refresh()
    contents = open_contents(storage, cache, seen=seen)
    if contents is None:
        raise StateError(f"nothing was ever pushed to {name}", hint=f"'dset push {name}' does it")
    with closing(_Eviction(repository, contents, name, told)) as eviction:
        eviction.reach()
        if images is None:
            eviction.choose_all()
        else:
            eviction.choose(images)
        eviction.check()
        return eviction.run(wait)


class _Eviction:
    """The blobs of one eviction, from being chosen to being gone."""

    def __init__(self, repository: Repository, contents: Contents, name: str, progress: Progress) -> None:
        self._repository = repository
        self._contents = contents
        self._name = name
        self._progress = progress
        self._chosen = SpillingMap(repository.scratch)
        self._refused = SpillingMap(repository.scratch)
        self._places = Places(repository.scratch)
        self._reached = Reached(ObjectReader(repository.store), repository.scratch)
        self._bytes = 0

    def close(self) -> None:
        """Give the room back."""
        for one in (self._chosen, self._refused, self._places, self._reached):
            one.close()

    def reach(self) -> None:
        """Find out what the remote's refs lead to."""
        self._reached.add(dict.fromkeys(self._contents.root.refs.values()), self._progress)

    def choose(self, images: Iterable[Image]) -> None:
        """All of these that are here. Raises StateError where one of them cannot go."""
        waiting = iter(images)
        while batch := list(islice(waiting, _LOOKED_UP)):
            self._choose({image.blob: image.path for image in batch})
        if _count(self._refused):
            raise self._refusal()

    def choose_all(self) -> None:
        """All that can go."""
        store = self._repository.stores.blobs
        for table in (Table.BLOBS, Table.CHUNK_LISTS):
            waiting = (BlobId(blob) for blob, _ in iter_sizes(store, table))
            while batch := list(islice(waiting, _LOOKED_UP)):
                self._choose(dict.fromkeys(batch, ""))

    def check(self) -> None:
        """Whether what was chosen is where the remote's indexes say. Raises CorruptError, StateError, StorageError."""
        if next(self._chosen.iter_items(), None) is not None:
            self._places.check(self._contents.storage, self._progress)

    def run(self, wait: float) -> EvictReport:
        """Let them go."""
        with self._repository.uncollected(), self._repository.alone(wait):
            blobs = (BlobId(blob) for blob, _ in self._chosen.iter_items())
            evicted = self._repository.blobs.evict(blobs, self._repository.scratch)
        return EvictReport(evicted, self._bytes, _count(self._refused))

    def _choose(self, paths: Mapping[BlobId, str]) -> None:
        """Those that are here and can go; note the others that are here."""
        with self._repository.stores.blobs.read() as transaction:
            forms = {blob: _form(transaction, blob) for blob in paths if self._chosen.get(blob) is None}
        large = [blob for blob, form in forms.items() if form.table is Table.CHUNK_LISTS and blob in self._reached]
        sound = self._with_their_chunks(large)
        for blob, (table, size) in forms.items():
            if table is None:
                continue
            if table is Table.CHUNK_LISTS:
                location = self._contents.indexes.find(table, blob) if blob in sound else None
            else:
                location = self._find(table, blob, size) if blob in self._reached else None
            if location is None:
                self._refused.put(blob, paths[blob].encode())
            else:
                self._places.add(table, blob, location)
                self._chosen.put(blob, b"")
                self._bytes += size

    def _with_their_chunks(self, blobs: Iterable[BlobId]) -> set[BlobId]:
        """Those of these large blobs whose chunk list is on the remote, and all its chunks. It must be the list that is
        here: another one is proved by nothing but the bytes."""
        indexes = self._contents.indexes
        sound: set[BlobId] = set()
        there = iter([blob for blob in blobs if indexes.find(Table.CHUNK_LISTS, blob) is not None])
        while batch := list(islice(there, _LISTS)):
            with self._repository.stores.blobs.read() as transaction:
                ours = {blob: transaction.get(Table.CHUNK_LISTS, blob) for blob in batch}
            for value in read_many(self._contents, ((Table.CHUNK_LISTS, blob) for blob in batch)):
                if value.data == ours[BlobId(value.id)] and self._add_chunks(value.data):
                    sound.add(BlobId(value.id))
        return sound

    def _add_chunks(self, chunk_list: bytes) -> bool:
        """Whether the remote has all chunks of a list; they are to be looked for then."""
        for chunk, length in _chunks(chunk_list):
            location = self._find(Table.CHUNKS, chunk, length)
            if location is None:
                return False
            self._places.add(Table.CHUNKS, chunk, location)
        return True

    def _find(self, table: Table, value_id: bytes, length: int) -> Location | None:
        """Where a value is on the remote that is stored as it is, if it has its length there."""
        location = self._contents.indexes.find(table, value_id)
        return location if location is not None and location.length == HEADER.size + length else None

    def _refusal(self) -> StateError:
        number = _count(self._refused)
        paths = [path.decode() for _, path in islice(self._refused.iter_items(), _NAMED)]
        named = ", ".join(sorted(paths)) + (", …" if number > _NAMED else "")
        images = f"{number:,} images" if number > 1 else "an image"
        return StateError(
            f"{images} cannot be evicted, as no branch, tag or snapshot on {self._name} is known to hold them: {named}",
            hint=f"'dset push {self._name}' sends them; 'dset fetch {self._name}' tells what others pushed",
        )


class _Form(NamedTuple):
    """In which table a blob is, None where it is not here, and how long it is."""

    table: Table | None
    size: int


def _form(transaction: ReadTransaction, blob: BlobId) -> _Form:
    size = transaction.size(Table.BLOBS, blob)
    if size is not None:
        return _Form(Table.BLOBS, size)
    data = transaction.get(Table.CHUNK_LISTS, blob)
    return _Form(None, 0) if data is None else _Form(Table.CHUNK_LISTS, decode_chunk_list(data).size)


def _chunks(chunk_list: bytes) -> tuple[tuple[ChunkId, int], ...]:
    return decode_chunk_list(chunk_list).chunks


def _count(found: SpillingMap) -> int:
    return sum(1 for _ in found.iter_items())
