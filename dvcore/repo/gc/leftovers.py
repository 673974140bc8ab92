"""What killed processes left in the repository's folder, and older generations that nobody reads any more.

What cannot be removed stays, and is named: it is in nobody's way, and the next collection tries again.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from dvcore.errors import StorageError
from dvcore.repo.layout import BLOBS, MAKING, OBJECTS, Layout, iter_unfounded, remove_unfounded
from dvcore.store.durable import sync_folder
from dvcore.store.file_lock import FileLock

_STORE: Final = re.compile(rf"({OBJECTS}|{BLOBS})\.(\d+)\.lmdb(-lock)?")
_TEMPORARY: Final = re.compile(r"\..+\.\d+\.tmp")
_SHORT_LIVED: Final = ("scratch-", "damaged-")
"""Scratch files and damaged caches have a name for a moment only, but no lock that says whose they are."""
_ABANDONED_SECONDS: Final = 3600
"""By then that moment is over."""


class Leftovers:
    """Tidies one repository; in memory (`layout` is None) nothing is left. `removed` counts what went, `stuck` names
    what could not be removed."""

    def __init__(self, layout: Layout | None) -> None:
        self.removed = 0
        self.stuck: dict[Path, None] = {}
        self._layout = layout

    def remove_newer(self) -> None:
        """Remove stores that were never put into use. Nobody must be making one.

        Raises CorruptError, StorageError where `current` cannot be read.
        """
        self._remove_stores(lambda number, current: number > current)

    def remove_older(self) -> None:
        """Remove stores that are no longer in use, but for those that somebody has open.

        Raises CorruptError, StorageError where `current` cannot be read or made durable.
        """
        if self._layout is not None:
            sync_folder(self._layout.folder)  # what took their place must be there after a crash
        self._remove_stores(lambda number, current: number < current)

    def remove_temporary(self) -> None:
        """Remove what was to have its name for a moment only, or to get another. No writer must be at work."""
        if self._layout is None:
            return
        for path in self._iter_temporary(self._layout):
            self._remove(path, _remove_tree)
        for path in iter_unfounded(self._layout.root):
            self._remove(path, remove_unfounded)

    def _remove_stores(self, is_unused: Callable[[int, int], bool]) -> None:
        if self._layout is None:
            return
        numbers = self._layout.generations()
        current = {OBJECTS: numbers.objects, BLOBS: numbers.blobs}
        for path in self._entries(self._layout.folder):
            match = _STORE.fullmatch(path.name)
            if match is not None and is_unused(int(match[2]), current[match[1]]):
                self._remove(path, _remove_locks if match[3] else _remove_store)

    def _iter_temporary(self, layout: Layout) -> Iterator[Path]:
        snapshots = self._entries(layout.snapshots)
        for folder in (layout.folder, *(one for one in snapshots if one.is_dir() and not one.is_symlink())):
            yield from (path for path in self._entries(folder) if _TEMPORARY.fullmatch(path.name))
        yield from (path for path in snapshots if path.name.startswith(MAKING))
        yield from (path for path in self._entries(layout.cache) if path.name.startswith(_SHORT_LIVED))

    def _remove(self, path: Path, remove: Callable[[Path], bool]) -> None:
        try:
            self.removed += remove(path)
            self.stuck.pop(path, None)
        except (OSError, StorageError):
            if path.exists():  # or somebody else was quicker
                self.stuck[path] = None

    def _entries(self, folder: Path) -> list[Path]:
        try:
            return sorted(folder.iterdir()) if folder.is_dir() else []
        except OSError:
            self.stuck[folder] = None
            return []


def free_number(layout: Layout, what: str) -> int:
    """A generation of the store `objects` or `blobs` that is newer than all that there is anything of.

    Raises StorageError.
    """
    try:
        matches = [_STORE.fullmatch(path.name) for path in layout.folder.iterdir()]
    except OSError as error:
        raise StorageError(f"cannot look into {layout.folder}: {error.strerror}") from None
    return 1 + max(int(match[2]) for match in matches if match is not None and match[1] == what)


def _remove_tree(path: Path) -> bool:
    if not _is_abandoned(path):
        return False
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    return True


def _remove_store(path: Path) -> bool:
    """The data before the file of LMDB's locks: without data nobody opens it, and two such files for one store would
    lock nothing."""
    with FileLock(path, create=False) as lock:
        if not lock.try_take():
            return False
        path.unlink()
        path.with_name(f"{path.name}-lock").unlink(missing_ok=True)
    return True


def _remove_locks(path: Path) -> bool:
    """Remove a file of LMDB's locks that has lost its store."""
    if path.with_name(path.name.removesuffix("-lock")).exists():
        return False
    path.unlink(missing_ok=True)
    return True


def _is_abandoned(path: Path) -> bool:
    if path.name.startswith(MAKING):
        with FileLock(path, create=False) as lock:
            return lock.try_take()
    if path.name.startswith(_SHORT_LIVED):
        return path.stat().st_mtime < time.time() - _ABANDONED_SECONDS
    return True  # a file that a writer was to rename, and there is no writer
