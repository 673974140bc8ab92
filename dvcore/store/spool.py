"""A list of byte strings that may be far longer than memory: appended to, and read from its start any number of times.

Small ones stay in memory; beyond a limit, blocks move to a file that has no name, so that a crash leaves nothing
behind. To be used by one thread at a time.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dvcore.errors import StorageError
from dvcore.store.unnamed import make_private_file

BLOCK_BYTES: Final = 256 * 1024
MEMORY_BLOCKS: Final = 32
"""8 MiB: an import of some ten thousand files never touches the disk for it."""


class Spool:
    """Blocks of bytes in order; each `append` ends up whole in one block. `folder` is where a file is made, if any."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._open = bytearray()
        self._blocks: list[bytes] = []
        self._descriptor: int | None = None
        self._lengths: list[int] = []  # of the blocks in the file

    def append(self, data: bytes) -> None:
        """Add at the end. Raises StorageError where the file cannot be made or cannot grow."""
        self._open += data
        if len(self._open) >= BLOCK_BYTES:
            self._close_block()

    def iter_blocks(self) -> Iterator[bytes]:
        """What was appended before this call, some of it in one piece. Raises StorageError, as a disk may fail."""
        blocks, last, at = list(self._blocks), bytes(self._open), 0
        for length in list(self._lengths):
            yield self._read(at, length)
            at += length
        yield from blocks
        if last:
            yield last

    def close(self) -> None:
        """Give the file's room back. Closing twice is no error."""
        self._open, self._blocks, self._lengths = bytearray(), [], []
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _close_block(self) -> None:
        self._blocks.append(bytes(self._open))
        self._open.clear()
        if len(self._blocks) >= MEMORY_BLOCKS:
            self._spill()

    def _spill(self) -> None:
        if self._descriptor is None:
            self._descriptor, path = make_private_file(self._folder)
            path.unlink()
        try:
            for block in self._blocks:
                _write_whole(self._descriptor, block)
        except OSError as error:
            raise StorageError(f"cannot write a scratch file: {error.strerror}", hint="make room") from None
        self._lengths += map(len, self._blocks)
        self._blocks = []

    def _read(self, at: int, length: int) -> bytes:
        assert self._descriptor is not None, "blocks have lengths only where there is a file"
        try:
            return os.pread(self._descriptor, length, at)
        except OSError as error:
            raise StorageError(f"cannot read a scratch file: {error.strerror}") from None


def _write_whole(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
