"""Reading metadata in larger pieces than is asked for, and keeping them.

Whoever follows a commit to its tree, the tree to its maps and these to their nodes asks for a few hundred bytes at a
time, one after the other, and mostly for neighbours, since a push sends in one order what is fetched in the same. So a
few large requests do for many small ones: a push of ten changes is fetched with one for all its metadata.
"""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Final

from dvcore.remote.packs.names import PackRef
from dvcore.remote.packs.reading import Ranges
from dvcore.remote.storages.storage import Storage

PIECE_BYTES: Final = 4 << 20
"""Packs of metadata up to this size come whole."""
KEPT_BYTES: Final = 32 << 20

_Key = tuple[bytes, int]
"""A pack's id, and the number of a piece in it."""


class ReadAhead:
    """Pieces of packs, those that were used last, about 32 MiB. They are not proved: that is done value by value."""

    def __init__(self) -> None:
        self._pieces: OrderedDict[_Key, bytes] = OrderedDict()
        self._used = 0
        self._lock = Lock()

    def over(self, storage: Storage, pack: PackRef) -> Ranges:
        """Ranges of one pack, for `packs.reading.read_values`."""
        return _RangesOfPack(self, storage, pack)

    def get_range(self, storage: Storage, pack: PackRef, start: int, length: int) -> bytes:
        """These bytes of a pack, with the pieces that they lie in. Raises like `Storage.get_range`."""
        first, last = start // PIECE_BYTES, max(start, start + length - 1) // PIECE_BYTES
        data = b"".join(self._piece(storage, pack, number) for number in range(first, last + 1))
        offset = start - first * PIECE_BYTES
        return data[offset : offset + length]

    def _piece(self, storage: Storage, pack: PackRef, number: int) -> bytes:
        """Two threads may fetch the same piece at once: that costs, no more."""
        key = pack.id, number
        with self._lock:
            kept = self._pieces.get(key)
            if kept is not None:
                self._pieces.move_to_end(key)
                return kept
        start = number * PIECE_BYTES
        data = storage.get_range(pack.name, start, max(0, min(PIECE_BYTES, pack.size - start)))
        self._keep(key, data)
        return data

    def _keep(self, key: _Key, data: bytes) -> None:
        with self._lock:
            if key not in self._pieces:
                self._pieces[key] = data
                self._used += len(data)
            while self._used > KEPT_BYTES:
                self._used -= len(self._pieces.popitem(last=False)[1])


@dataclass(frozen=True, slots=True)
class _RangesOfPack:
    ahead: ReadAhead
    storage: Storage
    pack: PackRef

    def describe(self) -> str:
        return self.storage.describe()

    def get_range(self, name: str, start: int, length: int) -> bytes:
        assert name == self.pack.name
        return self.ahead.get_range(self.storage, self.pack, start, length)
