"""A large blob as a seekable file that holds one chunk in memory."""

from __future__ import annotations

import io
import os
from bisect import bisect_right
from collections.abc import Callable

from dvcore.ids import ChunkId
from dvcore.store.chunk_list import ChunkList

ReadChunk = Callable[[ChunkId, int], bytes]


class ChunkedFile(io.RawIOBase):
    """Reads the chunks of a list with `read_chunk(id, length)` as they are needed."""

    def __init__(self, chunks: ChunkList, read_chunk: ReadChunk) -> None:
        self._chunks = chunks.chunks
        self._starts = chunks.starts()
        self._size = chunks.size
        self._read_chunk = read_chunk
        self._position = 0
        self._held_index = -1
        self._held = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move; to before the start raises OSError, as of a file on disk."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError(f"cannot seek to {base + offset}")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Fill the buffer, at most to the end of the chunk."""
        if self._position >= self._size:
            return 0
        index = bisect_right(self._starts, self._position) - 1
        if index != self._held_index:
            self._held = self._read_chunk(*self._chunks[index])
            self._held_index = index
        start = self._position - self._starts[index]
        part = memoryview(self._held)[start : start + len(buffer)]
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)
