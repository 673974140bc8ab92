"""Objects on their way from a remote: read from here where they are here, from there where they are not; judged, then
stored in batches.

Objects that are stored before anything refers to them hurt nobody, and an interrupted fetch finds them when it is run
again. That one is here says nothing of what it refers to: who follows links goes through it all the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from types import TracebackType
from typing import Final, Self

from dvcore.errors import CorruptError, DamagedHereError, DsetError
from dvcore.ids import digest, format_id
from dvcore.remote.contents.opened import Contents
from dvcore.remote.contents.reading import read_many
from dvcore.remote.exchange.fetch_checks import FetchChecks, word_for
from dvcore.remote.packs.naming import naming
from dvcore.repo.fsck.values import ANNOTATIONS_HEAD
from dvcore.repo.links import Kind, Link
from dvcore.store import ObjectReader, Store, Table, WriteTransaction

_LOOKED_UP: Final = 256
"""Objects read in one transaction: nodes of some 32 KiB, so 8 MiB."""
_BATCH_BYTES: Final = 16 << 20
_ENTRY_BYTES: Final = 4 << 10
"""What an object adds to a batch beside its value: ids are random, so that LMDB holds a page for nearly each."""


class ObjectSaver:
    """Stores objects a batch at a time, each batch durable before the next, and the last one when the `with` ends: also
    where the remote fails, so that the next try need not ask for what has come."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._batch: dict[bytes, bytes] = {}
        self._batch_bytes = 0
        self.count = 0
        """Objects that were added."""
        self.bytes = 0
        """Their bytes."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._flush()
        elif isinstance(error, DsetError):
            with suppress(DsetError):
                self._flush()

    def add(self, id_: bytes, data: bytes) -> None:
        """An object, proved. Raises StorageError."""
        self._batch[id_] = data
        self._batch_bytes += len(data) + _ENTRY_BYTES
        self.count += 1
        self.bytes += len(data)
        if self._batch_bytes >= _BATCH_BYTES:
            self._flush()

    def read(self, id_: bytes) -> bytes:
        """An object that is stored or about to be. Raises CorruptError where it is neither, or damaged."""
        return self._batch.get(id_) or _proved_here(
            id_, ObjectReader(self._store).read(id_), f"object {format_id(id_)}"
        )

    def iter_here(self, links: Iterable[Link]) -> Iterator[tuple[Link, bytes | None]]:
        """What links lead to, as far as it is stored or about to be. Raises DamagedHereError."""
        waiting = iter(links)
        while batch := list(islice(waiting, _LOOKED_UP)):
            with self._store.read() as transaction:
                found = [self._batch.get(link.id) or transaction.get(Table.OBJECTS, link.id) for link in batch]
            for link, data in zip(batch, found, strict=True):
                yield link, data if data is None else _proved_here(link.id, data, word_for(link))

    def _flush(self) -> None:
        batch = self._batch

        def put(transaction: WriteTransaction) -> None:
            transaction.put_many(Table.OBJECTS, batch.items())

        if batch:
            self._store.update(put)
        self._batch, self._batch_bytes = {}, 0


class ObjectLoader:
    """Reads what links lead to, and remembers what came from afar until it is saved."""

    def __init__(self, saver: ObjectSaver, contents: Contents, checks: FetchChecks) -> None:
        self._saver = saver
        self._contents = contents
        self._checks = checks
        self._arrived: set[bytes] = set()

    def load(self, links: Sequence[Link]) -> Iterator[tuple[Link, bytes]]:
        """The objects, in any order. Those that came from the remote are what the links take them for.

        Raises CorruptError naming the remote and the object, NeedsNewerError, NotFoundError, StorageError.
        """
        absent: defaultdict[bytes, list[Link]] = defaultdict(list)
        for link, data in self._saver.iter_here(links):
            if data is None:
                absent[link.id].append(link)
            else:
                with naming(self._contents.storage, word_for(link)):
                    self._checks.compare(link, data)
                yield link, data
        for value in read_many(self._contents, [(Table.OBJECTS, id_) for id_ in absent]):
            self._arrived.add(value.id)
            for link in absent[value.id]:  # of two kinds, where both maps are empty
                with naming(self._contents.storage, word_for(link)):
                    self._checks.check(link, value.data)
                yield link, value.data

    def save_arrived(self, objects: Sequence[tuple[Link, bytes]]) -> None:
        """Those of the objects, which were loaded just now, that came from the remote. Raises StorageError,
        CorruptError."""
        self._checks.accept(link for link, _ in objects)
        for link, data in objects:
            if link.id in self._arrived:
                self._arrived.discard(link.id)
                self._saver.add(link.id, data)
            else:  # here before, but perhaps as something else
                with naming(self._contents.storage, word_for(link)):
                    self._checks.check(link, data)


def iter_annotations(
    store: Store, contents: Contents, checks: FetchChecks, ids: Iterable[bytes]
) -> Iterator[tuple[bytes, bytes]]:
    """Those of these annotation sets that are not here, judged. Raises like `ObjectLoader.load`."""
    for value in read_many(contents, ((Table.OBJECTS, id_) for id_ in _iter_missing(store, contents, ids))):
        link = Link(Kind.ANNOTATIONS, value.id)
        with naming(contents.storage, word_for(link)):
            checks.check(link, value.data)
        yield value.id, value.data


def _iter_missing(store: Store, contents: Contents, ids: Iterable[bytes]) -> Iterator[bytes]:
    waiting = iter(ids)
    while batch := list(islice(waiting, _LOOKED_UP)):
        with store.read() as transaction:
            here = [transaction.get(Table.OBJECTS, id_) for id_ in batch]
        for id_, data in zip(batch, here, strict=True):
            if data is None:
                yield id_
            elif not data.startswith(ANNOTATIONS_HEAD):
                link = Link(Kind.ANNOTATIONS, id_)
                _proved_here(id_, data, word_for(link))
                with naming(contents.storage, word_for(link)):
                    raise CorruptError("it is no annotation set, which a file says it is")


def _proved_here(id_: bytes, data: bytes, what: str) -> bytes:
    """What the store here gave. A local read trusts the disk; but who compares must not take its faults for lies of the
    remote. Raises DamagedHereError."""
    if digest(data) != id_:
        raise DamagedHereError(
            f"{what} is damaged here, in the repository's own store", hint="'dset fsck' tells what it concerns"
        )
    return data
