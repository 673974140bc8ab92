"""Objects: immutable bytes under the BLAKE3 of the bytes, read from the store and gathered for it.

What the bytes mean is for the layers above. Everything here may be used by several threads.
"""

from collections.abc import Iterable
from threading import Lock
from typing import Final, Protocol

from dvcore.errors import CorruptError
from dvcore.ids import digest, format_id
from dvcore.store.base import Store, Table, WriteTransaction
from dvcore.store.gate import TRANSACTIONS

SPILL_BYTES: Final = 16 << 20
"""Objects that annotating makes are small, and each is put into another page of the store. Until the transaction ends,
LMDB keeps those pages in memory: some 130 MB for so many bytes in objects of 500."""


class ObjectSource(Protocol):
    """Something that objects can be read from."""

    def read(self, object_id: bytes) -> bytes:
        """The object's bytes; CorruptError where it is missing."""


class ObjectReader:
    """The objects in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, object_id: bytes) -> bytes | None:
        """The object's bytes, or None.

        They are not hashed again: a local read trusts the disk, `dset fsck` does not.
        """
        with self._store.read() as transaction:
            return transaction.get(Table.OBJECTS, object_id)

    def read(self, object_id: bytes) -> bytes:
        """The object's bytes. Raises CorruptError where it is missing."""
        return _present(object_id, self.find(object_id))

    def read_many(self, object_ids: Iterable[bytes]) -> list[bytes]:
        """The same of several in one transaction, which takes an eighth of the time."""
        with self._store.read() as transaction:
            return [_present(one, transaction.get(Table.OBJECTS, one)) for one in object_ids]


class ObjectDraft:
    """New objects over those of a store: kept in memory until the transaction that makes them matter.

    Beyond `spill_bytes` they move to the store ahead of it. Objects never change and nothing refers to them yet, so a
    draft that is given up leaves at worst bytes for the garbage collection. A draft that is filled inside an update
    stays in memory whatever its size, since updates cannot be nested.
    """

    def __init__(self, store: Store, *, spill_bytes: int = SPILL_BYTES) -> None:
        self._store = store
        self._stored = ObjectReader(store)
        self._spill_bytes = spill_bytes
        self._pending: dict[bytes, bytes] = {}
        self._pending_bytes = 0
        self._lock = Lock()

    def put(self, data: bytes) -> bytes:
        """Add an object; its id."""
        object_id = digest(data)
        with self._lock:
            if object_id not in self._pending:
                self._pending[object_id] = data
                self._pending_bytes += len(data)
            if self._pending_bytes > self._spill_bytes and not TRANSACTIONS.is_inside():
                self._spill()
        return object_id

    def find(self, object_id: bytes) -> bytes | None:
        """The object's bytes, new or stored, or None."""
        # What is spilled leaves memory after it is in the store, so that looking in this order never misses it.
        data = self._pending.get(object_id)
        return self._stored.find(object_id) if data is None else data

    def read(self, object_id: bytes) -> bytes:
        """The object's bytes, new or stored. Raises CorruptError where it is missing."""
        return _present(object_id, self.find(object_id))

    def flush_into(self, transaction: WriteTransaction) -> None:
        """Write what is still in memory as part of the transaction; it stays, since the action may be run again."""
        transaction.put_many(Table.OBJECTS, list(self._pending.items()))

    def forget(self) -> None:
        """Give up what is still in memory, for a plan that is made again."""
        with self._lock:
            self._pending = {}
            self._pending_bytes = 0

    def _spill(self) -> None:
        self._store.update(self.flush_into)
        self._pending = {}
        self._pending_bytes = 0


class UnkeptDraft(ObjectDraft):
    """A draft for a plan that is only looked at: objects get their ids and are kept nowhere."""

    def put(self, data: bytes) -> bytes:
        """The id that the object would have."""
        return digest(data)


def _present(object_id: bytes, data: bytes | None) -> bytes:
    if data is None:
        raise CorruptError(f"object {format_id(object_id)} is missing", hint="'dset fsck' tells what it concerns")
    return data
