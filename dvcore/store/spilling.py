"""A sorted byte map of any size: in memory while it is small, in a `ScratchMap` beyond.

For what an operation collects and mostly is little, but may be a million entries. To be used by one thread at a time.
"""

from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dvcore.store.scratch import ScratchMap

MEMORY_BYTES: Final = 12 << 20
"""Keys, values and what Python adds to them, before they move to the scratch map."""
_ENTRY_COST: Final = 200
"""Headers of two byte strings and their slot in a dict."""


class SpillingMap:
    """Keys of 1 to 511 bytes. `folder` is where the scratch file is made, if any.

    Methods raise StorageError where that file cannot be made or cannot grow.
    """

    def __init__(self, folder: Path | None, *, memory_bytes: int = MEMORY_BYTES) -> None:
        self._folder = folder
        self._memory_bytes = memory_bytes
        self._recent: dict[bytes, bytes] = {}
        self._recent_bytes = 0
        self._order: list[bytes] | None = None  # of `_recent`, while it does not change
        self._scratch: ScratchMap | None = None

    def get(self, key: bytes) -> bytes | None:
        """The value, or None."""
        value = self._recent.get(key)
        if value is None and self._scratch is not None:
            return self._scratch.get(key)
        return value

    def put(self, key: bytes, value: bytes) -> None:
        """Set a value, replacing any."""
        self._recent[key] = value
        self._order = None
        self._recent_bytes += len(key) + len(value) + _ENTRY_COST
        if self._recent_bytes > self._memory_bytes:
            self._spill()

    def delete(self, key: bytes) -> bool:
        """Remove a key; whether it was there."""
        was_recent = self._recent.pop(key, None) is not None
        self._order = None
        was_older = self._scratch is not None and self._scratch.delete(key)
        return was_recent or was_older

    def iter_items(self, prefix: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Keys under the prefix with their values, in order. The map must not change meanwhile."""
        if self._scratch is not None:
            self._spill()
            return self._scratch.iter_items(prefix)
        return self._iter_recent(prefix)

    def close(self) -> None:
        """Give the room back. Closing twice is no error."""
        self._recent = {}
        if self._scratch is not None:
            self._scratch.close()
            self._scratch = None

    def _iter_recent(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        if self._order is None:
            self._order = sorted(self._recent)
        order = self._order
        for at in range(bisect_left(order, prefix), len(order)):
            if not order[at].startswith(prefix):
                return
            yield order[at], self._recent[order[at]]

    def _spill(self) -> None:
        """In the order of the keys, so that the pages of the scratch map are changed one after the other."""
        if self._scratch is None:
            self._scratch = ScratchMap(self._folder)
        self._scratch.put_many(sorted(self._recent.items()))
        self._recent = {}
        self._recent_bytes = 0
        self._order = None
