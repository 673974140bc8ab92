"""Content-defined chunks of large blobs: an insertion changes the chunks around it and leaves the others as they are.

A chunk ends behind the first byte, at least 64 KiB and at most 1 MiB from its start, where the 32 bytes up to it hash
under a limit; the mean is about 255 KiB. The idea is that of FastCDC (Xia et al., USENIX ATC 2016), the rule is made
for vector operations: an 8-bit sum over three bytes singles out one position in 256, and only there a hash is computed.
`docs/format/store.md` states it exactly. Cuts depend on the bytes alone, never on how they were read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import numpy as np

MIN_CHUNK: Final = 64 << 10
MAX_CHUNK: Final = 1 << 20

_WINDOW: Final = 32
_SUM: Final = 0xDD
"""A run of one byte b sums to 71 b: this to 0xBB, which is neither black, white, transparent nor ASCII."""
_MULTIPLIER: Final = 0x9E3779B97F4A7C15  # 2**64 / golden ratio, odd
_LIMIT: Final = 2**64 // 768
"""One candidate in 768, so one byte in 196,608: with the 64 KiB before it and the cap at 1 MiB, 255 KiB on average."""

_BUFFER_BYTES: Final = 16 << 20  # the rest behind the last chunk, under 1 MiB, is searched twice
_PIECE_BYTES: Final = 1 << 20
_BLOCK: Final = 256 << 10  # what is worked on at a time stays in the processor's cache


class Reader(Protocol):
    """Something to read bytes from: an open file, a response."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end only."""


def read_up_to(reader: Reader, size: int) -> bytes:
    """`size` bytes, or fewer at the end only, however few come with each read."""
    parts = []
    while size > 0 and (part := reader.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def iter_chunks(reader: Reader, head: bytes = b"") -> Iterator[bytes]:
    """The bytes of `head` (at most 1 MiB + 1) and what `reader` still holds, in chunks, in bounded memory."""
    buffer = bytearray(head)
    ended = False
    while not ended:
        ended = not _fill(buffer, reader)
        boundaries = find_boundaries(buffer)
        start = 0
        while len(buffer) - start >= MAX_CHUNK or (ended and start < len(buffer)):
            end = _chunk_end(boundaries, start, len(buffer))
            yield bytes(memoryview(buffer)[start:end])
            start = end
        del buffer[:start]


def find_boundaries(data: bytes | bytearray) -> list[int]:
    """Offsets behind the bytes of `data` at which a chunk may end, ascending; none within the first 32 bytes."""
    import numpy as np  # noqa: PLC0415 - 0.1 s, which only large blobs need

    values = np.frombuffer(data, np.uint8)
    found = [np.empty(0, np.int64)]
    for start in range(_WINDOW - 1, len(data), _BLOCK):
        block = values[start - _WINDOW + 1 : start + _BLOCK]
        found.append(_boundaries_in(block) + start)
    boundaries: list[int] = np.concatenate(found).tolist()
    return boundaries


def _fill(buffer: bytearray, reader: Reader) -> bool:
    """Append to the buffer until it is full; False where the reader ended before."""
    while len(buffer) < _BUFFER_BYTES:
        piece = reader.read(min(_PIECE_BYTES, _BUFFER_BYTES - len(buffer)))
        if not piece:
            return False
        buffer += piece
    return True


def _chunk_end(boundaries: list[int], start: int, length: int) -> int:
    last = min(start + MAX_CHUNK, length)
    index = bisect_left(boundaries, start + MIN_CHUNK)
    return min(boundaries[index], last) if index < len(boundaries) else last


def _boundaries_in(block: np.ndarray) -> np.ndarray:
    """Offsets behind the bytes from the 32nd of the block on that end a window under the limit, less 31."""
    import numpy as np  # noqa: PLC0415 - loaded by then: its caller needs it too

    first = _WINDOW - 1
    sums = block[first - 1 : -1] * np.uint8(13)
    sums += block[first - 2 : -2] * np.uint8(57)
    sums += block[first:]
    candidates = np.flatnonzero(sums == _SUM)
    words = np.ndarray(shape=(len(block) - 7,), dtype="<u8", buffer=block, strides=(1,))
    hashes = np.zeros(len(candidates), np.uint64)
    for offset in range(0, _WINDOW, 8):
        hashes ^= words[candidates + offset]
        hashes *= np.uint64(_MULTIPLIER)
        hashes ^= hashes >> np.uint64(32)
    return candidates[hashes < np.uint64(_LIMIT)] + 1
