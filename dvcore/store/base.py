"""The seam to the disk: a transactional store of byte values in a few tables.

Promises of every implementation (`tests/support/store_contract.py` is their common suite):

- `update` is atomic and durable: when it has returned, all that the action wrote survives a crash; when it raises,
  nothing of it is there. Actions run one after the other, across threads and processes; an action may be run again from
  the start (the store had to grow), so it must depend on nothing but the transaction and its own inputs.
- `read` sees one state of all tables, however much is written meanwhile, and blocks no writer.
- Values are bytes of their own; none is a view that ends with the transaction.
- Reads may be nested, in updates too. An update inside another transaction of its thread, of whatever store, raises
  StateError: growing has to wait for all transactions of the process, so that one would wait for itself.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from enum import Enum
from typing import Final, Protocol, TypeVar

from dvcore.errors import InvalidInputError
from dvcore.progress import Progress

T = TypeVar("T")

MAX_KEY_BYTES: Final = 510
"""LMDB takes 511 with its usual page size; one tells the table."""


class Table(Enum):
    """What is kept apart, each with the byte that its keys begin with on disk.

    Keys of CELLS are names, all others are ids.
    """

    OBJECTS = b"o"
    CELLS = b"c"
    BLOBS = b"b"
    CHUNK_LISTS = b"l"
    CHUNKS = b"k"
    ABSENT = b"a"


class ReadTransaction(Protocol):
    """One state of the store, to be used within the `with` or the action that it was made for.

    Keys are 1 to 510 bytes; every method raises InvalidInputError for others.
    """

    def get(self, table: Table, key: bytes) -> bytes | None:
        """The value, or None."""

    def contains(self, table: Table, key: bytes) -> bool:
        """Whether the key has a value, without reading it."""

    def size(self, table: Table, key: bytes) -> int | None:
        """The value's length in bytes, without reading it, or None."""

    def iter_items(self, table: Table, prefix: bytes = b"", *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Keys under the prefix with their values, in the order of the keys.

        Keys that the consumer puts or deletes on the way may or may not be seen.
        """

    def iter_sizes(self, table: Table, *, after: bytes = b"") -> Iterator[tuple[bytes, int]]:
        """Keys that come after `after`, with the lengths of their values in bytes, in order; no value is read.

        A scan of many may so be cut into short transactions: one that is open for long keeps the space of what is
        changed meanwhile from being used again.
        """

    def iter_strays(self, tables: Collection[Table]) -> Iterator[bytes]:
        """Keys of entries that are in none of these tables, with the byte that they begin with, in order.

        A key whose first byte was damaged is in a table that nobody reads, or in none. The tables themselves are
        stepped over, not read.
        """


class WriteTransaction(ReadTransaction, Protocol):
    """One state of the store and the changes to it; reads see the changes."""

    def put(self, table: Table, key: bytes, value: bytes) -> None:
        """Set a value, replacing any."""

    def put_many(self, table: Table, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Set many values; keys that are present keep theirs. Meant for ids, where both are the same."""

    def delete(self, table: Table, key: bytes) -> bool:
        """Remove a key; whether it was there."""


class Store(Protocol):
    """See the module for what it promises."""

    def read(self) -> AbstractContextManager[ReadTransaction]:
        """One state, for the time of the `with`. Keep it short: no network, no callbacks, no decoding inside."""

    def update(self, action: Callable[[WriteTransaction], T]) -> T:
        """Run the action in a write transaction, make it durable, return its result."""

    def check_structure(self, progress: Progress) -> None:
        """Raises CorruptError where that which holds the entries is damaged, StorageError where it cannot be read; the
        store must not be used any more then. Values are not looked at."""

    def close(self) -> None:
        """Release the store; using it afterwards is an error. Closing twice is none."""


def check_key(key: bytes) -> None:
    """Raises InvalidInputError for a key that no store takes."""
    if not 1 <= len(key) <= MAX_KEY_BYTES:
        raise InvalidInputError(
            f"a key of {len(key)} bytes cannot be stored", hint=f"names have 1 to {MAX_KEY_BYTES} bytes"
        )
