"""An object of any length read from its beginning to its end, in pieces of bounded size, several at a time."""

from collections.abc import Iterator
from typing import Final

from dvcore.remote.storages.storage import Storage
from dvcore.store.background import iter_results

PIECE_BYTES: Final = 8 << 20
"""A connection that breaks costs no more than this; a bucket takes 20 ms to answer, in which a megabyte comes."""
_AT_ONCE: Final = 4


def iter_pieces(storage: Storage, name: str, size: int) -> Iterator[bytes]:
    """The first `size` bytes of an object, in order; of none nothing is asked.

    Raises NotFoundError, StorageError; CorruptError where the object is shorter.
    """

    def read(start: int) -> bytes:
        return storage.get_range(name, start, min(PIECE_BYTES, size - start))

    return iter_results(read, range(0, size, PIECE_BYTES), _AT_ONCE)


class PiecesReader:
    """A file to read from once, over pieces of bytes."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end only."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = memoryview(piece)
        part, self._rest = self._rest[:size], self._rest[size:]
        return bytes(part)
