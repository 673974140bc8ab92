"""A remote in a folder: on a disk, a stick, or a server's share that is mounted.

- An object is written under a name of its own, synced, then given its name, and the folder is synced: it is there
  whole or not at all, also after a crash. What a crash leaves under the other name is removed a day later.
- Conditions are looked at under a lock on `.lock`, which ends with the process that holds it. Where the file system
  has hard links, `Absent` is one step of the kernel's besides. On a network file system both are as good as its locks.
- The folder is made when it is asked for, never on the way: an unmounted share must not fill the disk under it.
"""

import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Final

from dvcore.errors import AccessDeniedError, ConflictError, DsetError, NotFoundError, StorageError
from dvcore.remote.storages.storage import (
    ALWAYS,
    GET_LIMIT,
    Absent,
    Always,
    Capabilities,
    Condition,
    Data,
    Listed,
    Matches,
    Stored,
    Tag,
    check_length,
    check_name,
    check_prefix,
    check_range,
    check_size,
    content_tag,
    is_name,
)
from dvcore.store.durable import sync_folder
from dvcore.store.file_lock import FileLock
from dvcore.store.folders import storage_errors

_UNFINISHED: Final = ".unfinished"
_LOCK: Final = ".lock"
_LEFT_BEHIND: Final = 24 * 3600
"""Seconds by the store's clock after which nobody is still writing a file."""

_COPIED: Final = 1 << 20
"""Bytes of a file that are in memory while it is copied."""
_DENIED: Final = (errno.EACCES, errno.EPERM, errno.EROFS)
_NO_LINKS: Final = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)
_HINTS: Final = {
    errno.ENOSPC: "make room on its disk, and try again",
    errno.EDQUOT: "make room within the quota, and try again",
    errno.EROFS: "mount it for writing",
    errno.EFBIG: "its file system, or a limit of this process, takes no file of that size",
}


class LocalStorage:
    """See `storage.Storage`. `create` makes the folder where it is not there.

    Raises StorageError where it is not there and is not to be made, or cannot be.
    """

    capabilities = Capabilities()

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self._folder = folder
        self._in_process = Lock()
        self._swept = False
        if create:
            with self._failures("make"):
                folder.mkdir(parents=True, exist_ok=True)
        self._check_folder()

    def describe(self) -> str:
        """See `storage.Storage`."""
        return str(self._folder)

    def get(self, name: str, *, limit: int = GET_LIMIT) -> Stored:
        """See `storage.Storage`."""
        with self._reading(name) as descriptor:
            size = os.fstat(descriptor).st_size
            check_size(size, limit, name, self.describe())
            data = _read(descriptor, 0, size)
        return Stored(data, content_tag(data))

    def get_range(self, name: str, start: int, length: int) -> bytes:
        """See `storage.Storage`."""
        check_name(name)
        check_range(start, length)
        if not length:
            return b""
        with self._reading(name) as descriptor:
            there = max(0, min(length, os.fstat(descriptor).st_size - start))
            return check_length(_read(descriptor, start, there), start, length, name, self.describe())

    def put(self, name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
        """See `storage.Storage`."""
        self._put(check_name(name), lambda file: file.write(data), condition)

    def put_file(self, name: str, path: Path) -> None:
        """See `storage.Storage`."""
        check_name(name)
        with storage_errors(path), path.open("rb") as source:
            self._put(name, lambda file: shutil.copyfileobj(source, file, _COPIED), ALWAYS)

    def iter_names(self, prefix: str = "") -> Iterator[Listed]:
        """See `storage.Storage`."""
        folder = check_prefix(prefix)
        self._check_folder()
        yield from self._iter_under(folder)

    def is_empty(self) -> bool:
        """See `storage.Storage`."""
        self._check_folder()
        with self._failures("list"), os.scandir(self._folder) as entries:
            return all(entry.name in (_UNFINISHED, _LOCK) for entry in entries)

    def remove(self, name: str) -> None:
        """See `storage.Storage`."""
        check_name(name)
        self._check_folder()
        with self._failures(f"remove {name} from"), suppress(FileNotFoundError, NotADirectoryError):
            (self._folder / name).unlink()

    def _iter_under(self, folder: str) -> Iterator[Listed]:
        with self._failures("list"):
            try:
                with os.scandir(self._folder / folder) as entries:
                    found = sorted(entries, key=lambda entry: entry.name)
            except (FileNotFoundError, NotADirectoryError):
                return
        for entry in found:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if not is_name(name):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._iter_under(name)
            elif entry.is_file(follow_symlinks=False):
                yield from self._listed(name, entry)

    def _listed(self, name: str, entry: os.DirEntry[str]) -> tuple[Listed, ...]:
        """The one file; none where it has gone meanwhile."""
        with self._failures("list"), suppress(FileNotFoundError):
            status = entry.stat(follow_symlinks=False)
            return (Listed(name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC)),)
        return ()

    def _put(self, name: str, fill: Callable[[BinaryIO], object], condition: Condition) -> None:
        place = self._folder / name
        self._check_folder()
        with self._failures(f"write {name} to"):
            self._sweep()
            unfinished = self._write(fill)
            try:
                self._make_folders(place.parent)
                self._give_name(unfinished, place, name, condition)
                sync_folder(place.parent)
            finally:
                with suppress(OSError):
                    unfinished.unlink()

    def _give_name(self, unfinished: Path, place: Path, name: str, condition: Condition) -> None:
        match condition:
            case Always():
                unfinished.replace(place)
            case Absent():
                with self._alone():
                    self._link(unfinished, place, name)
            case Matches(tag):
                with self._alone():
                    if self._tag_at(place) != tag:
                        raise self._conflict(name)
                    unfinished.replace(place)

    def _link(self, unfinished: Path, place: Path, name: str) -> None:
        try:
            place.hardlink_to(unfinished)
        except FileExistsError:
            raise self._conflict(name) from None
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if place.exists():
                raise self._conflict(name) from None
            unfinished.replace(place)

    def _absence(self, name: str) -> NotFoundError:
        return NotFoundError(f"{self.describe()} has no {name}")

    def _conflict(self, name: str) -> ConflictError:
        return ConflictError(f"{name} in {self.describe()} is not what it was")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Excludes other processes, and this one's other threads, which some network file systems do not tell apart."""
        with self._in_process, FileLock(self._folder / _LOCK) as lock:
            lock.take()
            yield

    def _tag_at(self, place: Path) -> Tag | None:
        try:
            return content_tag(place.read_bytes())
        except FileNotFoundError:
            return None

    def _write(self, fill: Callable[[BinaryIO], object]) -> Path:
        """A synced file beside all names, of what is written by the function."""
        folder = self._folder / _UNFINISHED
        folder.mkdir(exist_ok=True)
        path = folder / os.urandom(12).hex()
        try:
            with path.open("xb") as file:
                fill(file)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                path.unlink()
            raise
        return path

    def _make_folders(self, folder: Path) -> None:
        """Folders down to this one, each of whose names is durable."""
        if folder.is_dir():
            return
        self._make_folders(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)

    def _sweep(self) -> None:
        """Remove, once, what writers left unfinished that were killed long ago. Another's clock is none of ours: a file
        made now says what time it is there."""
        if self._swept:
            return
        self._swept = True
        folder = self._folder / _UNFINISHED
        with suppress(OSError):
            left = list(folder.iterdir())
            if left:
                now = self._write(lambda _: None)
                oldest = now.stat().st_mtime - _LEFT_BEHIND
                for path in (now, *(path for path in left if path.stat().st_mtime < oldest)):
                    path.unlink(missing_ok=True)

    @contextmanager
    def _reading(self, name: str) -> Iterator[int]:
        path = self._folder / check_name(name)
        with self._failures(f"read {name} from"):
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            except (FileNotFoundError, NotADirectoryError):
                self._check_folder()
                raise self._absence(name) from None
            try:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise self._absence(name)
                yield descriptor
            finally:
                os.close(descriptor)

    def _check_folder(self) -> None:
        if not self._folder.is_dir():
            hint = "if it is on another disk or machine, mount it; 'dset remote add' makes a new one"
            raise StorageError(f"the remote's folder {self.describe()} is not there", hint=hint)

    @contextmanager
    def _failures(self, doing: str) -> Iterator[None]:
        """Turns an OSError into an error of the tree."""
        try:
            yield
        except DsetError:
            raise
        except OSError as error:
            kind = AccessDeniedError if error.errno in _DENIED else StorageError
            hint = _HINTS.get(error.errno or 0, "check its permissions and that it is still there")
            raise kind(f"cannot {doing} {self.describe()}: {error.strerror or error}", hint=hint) from None


def _read(descriptor: int, start: int, length: int) -> bytes:
    """Bytes of an open file; fewer where it ends before. One call reads at most 2 GB."""
    parts = []
    while length and (part := os.pread(descriptor, length, start)):
        parts.append(part)
        start += len(part)
        length -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
