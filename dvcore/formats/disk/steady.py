"""Files read in one state: what is given was in the file while it had the state that is given with it.

The state is taken from the open file, not from its place, which may lead to another one by now. A file whose state is
another after reading was changed meanwhile, and what was read may be half of one content and half of the next.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.formats.disk.source_folder import pack_state

CHANGED: Final = "was changed while it was read"


def open_ahead(place: str) -> int:
    """A descriptor of the file, whose bytes the system starts to bring into memory.

    Raises OSError.
    """
    descriptor = _open(place)
    with suppress(OSError):  # a pipe; reading says so
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_WILLNEED)
    return descriptor


def read_steady(descriptor: int, size: int) -> tuple[bytes, bytes] | None:
    """Bytes and state of an open file, which is closed; None where it has more than `size` bytes.

    Raises InvalidInputError, worded as a fault of the file, where it is no regular file or was changed; OSError.
    """
    try:
        before = _regular(descriptor)
        data = os.read(descriptor, size + 1)  # FileIO would ask the system three things more
        while len(data) < size and (more := os.read(descriptor, size + 1 - len(data))):
            data += more
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if len(data) > size:
        return None
    return data, _same(before, after)


@contextmanager
def opened_steady(place: str) -> Iterator[tuple[FileIO, bytes]]:
    """An open file and its state, for the time of the `with`. Raises at its end what `read_steady` raises."""
    with FileIO(_open(place)) as file:
        before = _regular(file.fileno())
        yield file, pack_state(before)
        _same(before, os.fstat(file.fileno()))


def _open(place: str) -> int:
    # A pipe that has taken the place since it was looked at would be waited for.
    return os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)


def _regular(descriptor: int) -> os.stat_result:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise InvalidInputError("is no regular file")
    return status


def _same(before: os.stat_result, after: os.stat_result) -> bytes:
    """The one state. Device and inode are those of the open file, whatever happens."""
    if (before.st_ctime_ns, before.st_mtime_ns, before.st_size) != (
        after.st_ctime_ns,
        after.st_mtime_ns,
        after.st_size,
    ):
        raise InvalidInputError(CHANGED)
    return pack_state(before)
