"""Lists of values by key that grow in any order: in memory while they are few, in a `ScratchMap` beyond."""

from pathlib import Path as FolderPath
from typing import Any, Final

import msgpack

from dvcore.store.scratch import ScratchMap

MEMORY_BYTES: Final = 24 << 20
"""What is packed and what Python adds to it: some 100,000 boxes on 20,000 images."""
_KEY_COST: Final = 250
"""Headers of a key and its bytes, and their slot in a dict."""
_NUMBER_BYTES: Final = 4


class StatedBits:
    """Bits are arrays that msgpack holds. `folder` is where the scratch file is made, if any; methods raise
    StorageError where it cannot be made or cannot grow."""

    def __init__(self, folder: FolderPath | None) -> None:
        self._folder = folder
        self._recent: dict[bytes, bytearray] = {}
        self._recent_bytes = 0
        self._turns = 0
        self._older: ScratchMap | None = None
        self._pack = msgpack.Packer().pack

    def append(self, key: bytes, bit: list[Any]) -> None:
        """One more, behind the others of this key."""
        packed = self._pack(bit)
        held = self._recent.get(key)
        if held is None:
            self._recent[key] = bytearray(packed)
            self._recent_bytes += _KEY_COST
        else:
            held += packed
        self._recent_bytes += len(packed)
        if self._recent_bytes > MEMORY_BYTES:
            self._spill()

    def get(self, key: bytes) -> list[Any]:
        """Those of one key, in the order in which they came."""
        older = () if self._older is None else (value for _, value in self._older.iter_items(key))
        packed = b"".join((*older, self._recent.get(key, b"")))
        if not packed:
            return []
        unpacker = msgpack.Unpacker(max_buffer_size=len(packed))
        unpacker.feed(packed)
        return list(unpacker)

    def close(self) -> None:
        """Give the room back. Closing twice is no error."""
        self._recent = {}
        if self._older is not None:
            self._older.close()
            self._older = None

    def _spill(self) -> None:
        """Under the key and the number of the turn, so that nothing is ever read to be written again."""
        if self._older is None:
            self._older = ScratchMap(self._folder)
        number = self._turns.to_bytes(_NUMBER_BYTES)
        self._older.put_many((key + number, bytes(packed)) for key, packed in sorted(self._recent.items()))
        self._turns += 1
        self._recent = {}
        self._recent_bytes = 0
