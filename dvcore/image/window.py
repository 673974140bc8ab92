"""A file that can be looked into like bytes, in bounded memory, for images that are too large to be held."""

from __future__ import annotations

import os
from io import FileIO
from struct import Struct
from typing import Any, Final, overload

_PAGE_BYTES: Final = 256 << 10


class FileWindow:
    """The operations of `bytes` that reading an image's facts takes. A slice is copied: take small ones.

    Every one raises OSError where the file cannot be read.
    """

    def __init__(self, file: FileIO) -> None:
        self.file = file
        self._size = os.fstat(file.fileno()).st_size
        self._page_at = 0
        self._page = b""

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, at: int) -> int: ...

    @overload
    def __getitem__(self, at: slice) -> bytes: ...

    def __getitem__(self, at: int | slice) -> int | bytes:
        if isinstance(at, int):
            return self._read(at, at + 1)[0]  # IndexError behind the end, as of bytes
        start, end, _ = at.indices(self._size)
        return self._read(start, max(start, end))

    def startswith(self, prefix: bytes) -> bool:
        """Whether the file begins with these bytes."""
        return self[: len(prefix)] == prefix

    def find(self, sub: bytes) -> int:
        """The first place of `sub`, or -1."""
        for start in range(0, self._size, _PAGE_BYTES):
            found = self._read(start, start + _PAGE_BYTES + len(sub) - 1).find(sub)
            if found >= 0:
                return start + found
        return -1

    def rfind(self, sub: bytes, start: int, end: int | None = None) -> int:
        """The last place of `sub` (shorter than a page) that lies within `start` and `end`, or -1."""
        stop = self._size if end is None else min(end, self._size)
        while stop - start >= len(sub):
            begin = max(start, stop - _PAGE_BYTES)
            found = self._read(begin, stop).rfind(sub)
            if found >= 0:
                return begin + found
            if begin == start:
                break
            stop = begin + len(sub) - 1
        return -1

    def _read(self, start: int, end: int) -> bytes:
        if end - start > _PAGE_BYTES:
            return os.pread(self.file.fileno(), end - start, start)
        if not self._page_at <= start <= end <= self._page_at + len(self._page):
            self._page_at, self._page = start, os.pread(self.file.fileno(), _PAGE_BYTES, start)
        return self._page[start - self._page_at : end - self._page_at]


ImageBytes = bytes | FileWindow
"""The bytes of an image, held or looked into."""


def unpack_at(layout: Struct, data: ImageBytes, place: int) -> tuple[Any, ...]:
    """The values at a place. Raises struct.error where the bytes end before they do."""
    return layout.unpack(data[place : place + layout.size])
