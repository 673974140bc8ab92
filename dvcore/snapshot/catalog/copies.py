"""The copies of shards in `.dset/cache/shards`, of which no more stay than there is room for.

A copy whose path was given out may be read at any later time: TensorFlow opens files anew in every epoch. So each
process notes the copies that it uses, in a file of its own under `cache/shards-used` which it has locked until it ends,
and nobody removes them. `cache/shards-used/lock` is held alone by who removes, and shared by who notes, or makes a
snapshot, for which any copy may be a source.

Nothing here raises: where nothing can be noted or locked, nothing is removed.
"""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dvcore.errors import StorageError
from dvcore.ids import format_id
from dvcore.model.manifest import Shard
from dvcore.repo.layout import Layout
from dvcore.store.file_lock import FileLock

LIMIT: Final = 20 << 30
"""Bytes of copies above which the least recently used go."""
_LOCK: Final = "lock"
_LEFT_BEHIND: Final = 24 * 3600
"""Seconds after which nobody is still writing a file."""

_notes: dict[tuple[Path, int], FileLock] = {}
"""The locked note of each process, this one and those that it was forked from, for a folder."""


@dataclass(frozen=True, slots=True)
class _Copy:
    """`used` is when it was last used, in nanoseconds."""

    path: Path
    used: int
    size: int


def hold(layout: Layout, shards: Iterable[Shard]) -> None:
    """Keep the copies of these shards, those too that are yet to come, for as long as this process lives."""
    with suppress(OSError, StorageError), _opened(layout) as lock:
        lock.share()
        names = [format_id(shard.blake3) for shard in shards]
        with _note(lock.path.parent).path.open("a") as note:
            note.writelines(f"{name}\n" for name in names)
        for name in names:
            _touch(layout.shards / name)


@contextmanager
def kept(layout: Layout | None) -> Iterator[None]:
    """No copy goes while this goes on; afterwards those that are too many do."""
    lock = None
    if layout is not None and layout.shards.is_dir():
        with suppress(OSError, StorageError):
            lock = _opened(layout)
            lock.share()
    try:
        yield
    finally:
        if lock is not None:
            lock.close()
    if layout is not None and layout.shards.is_dir():
        trim(layout)


def trim(layout: Layout, limit: int | None = None) -> None:
    """Remove the least recently used copies until they take at most `limit` bytes (None: `LIMIT`), those apart that
    somebody uses. One that has another name as well takes no room. Also what killed processes left half written."""
    with suppress(OSError, StorageError), _opened(layout) as lock:
        if not lock.try_take():
            return
        _remove_unfinished(layout.shards)
        used = _used_names(lock.path.parent)
        copies = sorted(_iter_copies(layout.shards), key=lambda copy: copy.used)
        excess = sum(copy.size for copy in copies) - (LIMIT if limit is None else limit)
        for copy in copies:
            if excess > 0 and copy.path.name not in used:
                copy.path.unlink(missing_ok=True)
                excess -= copy.size


def _opened(layout: Layout) -> FileLock:
    folder = layout.cache / "shards-used"
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / _LOCK)


def _note(folder: Path) -> FileLock:
    """This process's own, made anew where somebody deleted it."""
    key = folder, os.getpid()
    known = _notes.get(key)
    if known is not None and _is_there(known):
        return known
    note = FileLock(folder / f"by-{os.getpid()}-{os.urandom(4).hex()}")
    note.take()
    _notes[key] = note  # of two threads at once both stay locked: nobody closes the one that is not found again
    return note


def _is_there(note: FileLock) -> bool:
    try:
        status = note.path.stat()
    except FileNotFoundError:
        return False
    return (status.st_dev, status.st_ino) == note.identity()


def _touch(path: Path) -> None:
    """Somebody uses it now. When it was written stays."""
    with suppress(OSError):
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))


def _used_names(folder: Path) -> set[str]:
    """Those that processes have noted that still live; the notes of others are removed."""
    names: set[str] = set()
    for path in folder.glob("by-*"):
        with FileLock(path, create=False) as note:
            if note.try_take():
                path.unlink()
            else:
                names.update(path.read_text().split())
    return names


def _iter_copies(folder: Path) -> Iterator[_Copy]:
    """Those that would leave room."""
    with os.scandir(folder) as entries:
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            if status.st_nlink == 1 and not entry.name.startswith("."):
                yield _Copy(Path(entry.path), status.st_atime_ns, status.st_size)


def _remove_unfinished(folder: Path) -> None:
    """A name is of the thread that writes it, which need no longer live."""
    oldest = time.time() - _LEFT_BEHIND
    for path in folder.glob(".*.tmp"):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
