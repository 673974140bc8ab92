"""Locks between processes: a file, shared or exclusive, by `flock`.

Promises:

- a lock ends with the process that holds it, however it ends, and never outlasts it on disk;
- each `FileLock` has a descriptor of its own, so that two of one process exclude each other as two processes do;
- a forked child holds nothing of its parent's, which therefore ends when the parent lets go. Only a lock that
  `outlives_fork` goes on until both have closed it.

`flock` belongs to the open file, unlike POSIX record locks, which any `close` of the same file in the process drops. On
network file systems the kernel makes record locks of it: the second promise does not hold there, and a file has to be
open for writing to be locked exclusively, which is why it is opened so where that is allowed.
"""

import errno
import fcntl
import os
from pathlib import Path
from threading import RLock
from typing import Final, Self

from dvcore.errors import StorageError

_MODE: Final = 0o666
"""Whoever may use the repository may lock it; the umask takes away what it should."""
_BUSY: Final = (errno.EWOULDBLOCK, errno.EACCES)
_NOT_WRITABLE: Final = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR)

_forking = RLock()
"""Held while a lock is opened or closed, and by who forks: a child knows every descriptor that it has to close."""
_ending_with_fork: set["FileLock"] = set()


class FileLock:
    """An open file or folder to lock, a file made where it is not there; `close` gives the lock up.

    Raises StorageError where it cannot be opened or locked.
    """

    def __init__(self, path: Path, *, create: bool = True, outlives_fork: bool = False) -> None:
        self.path = path
        with _forking:
            try:
                self._descriptor: int | None = _open(path, os.O_CREAT if create else 0)
            except OSError as error:
                raise _failure(path, error) from None
            if not outlives_fork:
                _ending_with_fork.add(self)

    def share(self) -> None:
        """Wait until nobody holds it exclusively, and hold it with others."""
        self._lock(fcntl.LOCK_SH)

    def take(self) -> None:
        """Wait until nobody else holds it, and hold it alone."""
        self._lock(fcntl.LOCK_EX)

    def try_take(self) -> bool:
        """Hold it alone, if nobody else holds it now; what this very lock shared is given up first, and is lost where
        somebody else does."""
        try:
            fcntl.flock(self._opened(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _BUSY:
                return False
            raise _failure(self.path, error) from None
        return True

    def identity(self) -> tuple[int, int]:
        """Device and inode of what was opened, which need no longer be what the path names."""
        status = os.fstat(self._opened())
        return status.st_dev, status.st_ino

    def close(self) -> None:
        """Give it up. Closing twice is no error."""
        with _forking:
            descriptor, self._descriptor = self._descriptor, None
            if descriptor is not None:
                os.close(descriptor)
            _ending_with_fork.discard(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _lock(self, how: int) -> None:
        try:
            fcntl.flock(self._opened(), how)
        except OSError as error:
            raise _failure(self.path, error) from None

    def _opened(self) -> int:
        if self._descriptor is None:
            raise StorageError(f"the lock {self.path} is closed")
        return self._descriptor


def _open(path: Path, flags: int) -> int:
    try:
        return os.open(path, os.O_RDWR | flags, _MODE)
    except OSError as error:
        if error.errno not in _NOT_WRITABLE:
            raise
        return os.open(path, os.O_RDONLY | flags, _MODE)


def _after_fork_in_child() -> None:
    _forking.release()
    while _ending_with_fork:
        _ending_with_fork.pop().close()


os.register_at_fork(before=_forking.acquire, after_in_parent=_forking.release, after_in_child=_after_fork_in_child)


def _failure(path: Path, error: OSError) -> StorageError:
    return StorageError(f"cannot lock {path}: {error.strerror}", hint="check its permissions and its file system")
