"""What a remote lacks of some commits: found by walking what differs, read here, proved, and handed on.

Nothing is handed on that is not what its id says: a disk that flipped a bit here must not spoil the remote.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from dvcore.errors import CorruptError, StateError
from dvcore.ids import BlobId, ChunkId, CommitId, digest
from dvcore.progress import BYTES, Progress
from dvcore.remote.contents.difference import iter_difference
from dvcore.remote.exchange.push_there import There
from dvcore.remote.packs.entry import name_of
from dvcore.remote.packs.packing import Value
from dvcore.repo.batches import iter_batches
from dvcore.repo.bringing import describe_blobs
from dvcore.repo.generations import Stores
from dvcore.repo.links import Kind, Link
from dvcore.store import ObjectReader, ReadTransaction, Store, Table
from dvcore.store.absent import is_absent
from dvcore.store.chunk_list import decode_chunk_list
from dvcore.store.spilling import SpillingMap

Offer = Callable[[Value], None]
"""Sends a value that the remote does not have."""
AbsentSource = Callable[[Iterable[BlobId]], Iterator[Value]]
"""Gives blobs that are absent here: `absence.passing_on.AbsentSource`."""

_BATCH: Final = 1_024
_READ_BYTES: Final = 4 << 20
"""Blobs that are read in one transaction."""
_LENGTH_BYTES: Final = 4


class Missing:
    """What is to be sent besides the objects that refer further: annotation sets, and blobs in their three forms. They
    are handed on in the order of their ids, in which they are asked for again. Close it."""

    def __init__(self, stores: Stores, there: There, offer: Offer, folder: Path | None) -> None:
        self._stores = stores
        self._there = there
        self._offer = offer
        self._folder = folder
        self._annotations = SpillingMap(folder)
        self._whole = SpillingMap(folder)
        self._large = SpillingMap(folder)
        self._absent = SpillingMap(folder)
        self._bytes = 0

    def close(self) -> None:
        """Give the room back."""
        for one in (self._annotations, self._whole, self._large, self._absent):
            one.close()

    def walk(self, starts: Iterable[CommitId], bases: Iterable[CommitId], progress: Progress) -> None:
        """Find what the commits `starts` lead to and the remote lacks, if it has all that `bases` lead to, and hand on
        the objects that refer further.

        Raises CorruptError where something is missing or damaged here, and what handing on raises.
        """
        progress.start("looking for what is missing", None)
        load = partial(_load, ObjectReader(self._stores.objects))
        for objects, finals in iter_difference(load, starts, bases, self._folder):
            for link, data in objects:
                if not self._there.has(Table.OBJECTS, link.id):
                    self._offer(Value(Table.OBJECTS, link.id, data))
            self._note(finals)
            progress.advance(len(objects) + len(finals))
        progress.finish()

    def send(self, source: AbsentSource | None, progress: Progress) -> None:
        """Hand on the rest.

        Raises StateError, before anything of it is handed on, where blobs are absent here and there is no `source`;
        CorruptError where a blob is missing or damaged; what `source` and handing on raise.
        """
        absent = [BlobId(id_) for id_, _ in islice(self._absent.iter_items(), _BATCH)]
        if absent and source is None:
            raise StateError(
                f"{describe_blobs(absent)} on another remote and not here", hint="'dset fetch --for' brings them"
            )
        progress.start("sending", self._bytes or None, unit=BYTES)
        for value in self._iter_values(source):
            if not self._there.has(value.table, value.id):
                self._offer(value)
                progress.advance(len(value.data))
        progress.finish()

    def _iter_values(self, source: AbsentSource | None) -> Iterator[Value]:
        yield from self._iter_annotations()
        yield from self._iter_whole()
        for blob, _ in self._large.iter_items():
            yield from self._iter_large(blob)
        if source is not None:
            yield from source(BlobId(id_) for id_, _ in self._absent.iter_items())

    def _note(self, finals: Sequence[Link]) -> None:
        with self._stores.blobs.read() as transaction:
            for kind, id_ in finals:
                if kind is Kind.BLOB:
                    self._note_blob(transaction, BlobId(id_))
                elif not self._there.has(Table.OBJECTS, id_):
                    self._annotations.put(id_, b"")

    def _note_blob(self, transaction: ReadTransaction, blob: BlobId) -> None:
        """Raises CorruptError where it should be here and is not."""
        if self._there.has_blob(blob):
            return
        size = transaction.size(Table.BLOBS, blob)
        if size is not None:
            self._whole.put(blob, size.to_bytes(_LENGTH_BYTES, "big"))
            self._bytes += size
            return
        chunk_list = transaction.get(Table.CHUNK_LISTS, blob)
        if chunk_list is not None:
            self._large.put(blob, b"")
            self._bytes += sum(self._lengths(blob, chunk_list).values())
        elif is_absent(transaction, blob):
            self._absent.put(blob, b"")
        else:
            raise _lost(Table.BLOBS, blob)

    def _iter_annotations(self) -> Iterator[Value]:
        objects = ObjectReader(self._stores.objects)
        for batch in iter_batches((id_ for id_, _ in self._annotations.iter_items()), lambda _: 1, _BATCH):
            for id_, data in zip(batch, objects.read_many(batch), strict=True):
                yield _proved(Table.OBJECTS, id_, data)

    def _iter_whole(self) -> Iterator[Value]:
        sized = self._whole.iter_items()
        for batch in iter_batches(sized, lambda item: int.from_bytes(item[1], "big"), _READ_BYTES):
            yield from _read(self._stores.blobs, Table.BLOBS, [id_ for id_, _ in batch])

    def _iter_large(self, blob: bytes) -> Iterator[Value]:
        """The chunks of a blob that are missing, then its chunk list."""
        (chunk_list,) = _read(self._stores.blobs, Table.CHUNK_LISTS, [blob])
        lengths = self._lengths(blob, chunk_list.data)
        for batch in iter_batches(lengths, lengths.__getitem__, _READ_BYTES):
            yield from _read(self._stores.blobs, Table.CHUNKS, batch)
        yield chunk_list

    def _lengths(self, blob: bytes, ours: bytes) -> dict[ChunkId, int]:
        """The missing chunks of a blob with their lengths: of the list that is there, if there is one."""
        chunk_list = self._there.find_chunk_list(blob) or decode_chunk_list(ours)
        return {chunk: length for chunk, length in chunk_list.chunks if not self._there.has(Table.CHUNKS, chunk)}


def _load(reader: ObjectReader, links: Sequence[Link]) -> Iterator[tuple[Link, bytes]]:
    for link, data in zip(links, reader.read_many([link.id for link in links]), strict=True):
        yield link, _proved(Table.OBJECTS, link.id, data).data


def _read(store: Store, table: Table, ids: Sequence[bytes]) -> list[Value]:
    with store.read() as transaction:
        found = [transaction.get(table, id_) for id_ in ids]
    return [_proved(table, id_, data) for id_, data in zip(ids, found, strict=True)]


def _proved(table: Table, id_: bytes, data: bytes | None) -> Value:
    """Raises CorruptError where it is not here, or not what its id says; a chunk list is not proved by its id."""
    if data is None:
        raise _lost(table, id_)
    if table is not Table.CHUNK_LISTS and digest(data) != id_:
        raise CorruptError(
            f"{name_of(table, id_)} is damaged here, and cannot be pushed", hint="'dset fsck' tells what it concerns"
        )
    return Value(table, id_, data)


def _lost(table: Table, id_: bytes) -> CorruptError:
    return CorruptError(
        f"{name_of(table, id_)} is missing here, and cannot be pushed", hint="'dset fsck' tells what it concerns"
    )
