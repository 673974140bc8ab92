"""Who may change a repository: many writers at once, or the garbage collection alone.

A writer locks `format` shared from its first "is it there already?" to the transaction that makes it matter, so that
what it found is not collected in between. Readers hold nothing here. It is that file because nobody removes it: a lock
whose file is gone excludes nobody, and a file called `lock` looks like one to remove.

Writers that come and go without a gap would keep the collection waiting for ever. So they pass through `gate`: holding
it shared for the moment in which they lock. The collection closes the gate for `TURN_SECONDS` at most, while those
inside finish, then opens it for as long, and so on. A long import delays it; it delays an annotation by one turn.

What the flock of a file promises is in `dvcore.store.file_lock`. A forked child is not inside, whatever its parent was.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import local
from typing import Final

from dvcore.errors import StateError
from dvcore.store.file_lock import FileLock
from dvcore.store.gate import TRANSACTIONS

TURN_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.02


class _Thread(local):
    """The process in which the current thread holds the lock, in whatever way: a forked child has a copy of this."""

    inside: int | None = None


class WritersLock:
    """The lock of the repository in a folder `.dset`. Re-entrant in a thread, and open to several threads at once."""

    def __init__(self, folder: Path) -> None:
        self._lock_path = folder / "format"
        self._gate_path = folder / "gate"
        self._thread = _Thread()

    def is_held(self) -> bool:
        """Whether this thread holds it."""
        return self._thread.inside == os.getpid()

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Held with other writers for the time of the `with`; not to be entered by a thread that holds it.

        Raises StateError inside a transaction, StorageError.
        """
        TRANSACTIONS.check_outside()  # the collection may be waiting for that very transaction
        with FileLock(self._lock_path, create=False) as lock:
            with FileLock(self._gate_path) as gate:
                gate.share()
                lock.share()
            with self._inside():
                yield

    @contextmanager
    def exclusive(self, wait: float) -> Iterator[None]:
        """Held alone for the time of the `with`.

        Raises StateError where others have not let go within `wait` seconds, inside a transaction, and for a thread
        that holds it and would wait for itself; StorageError.
        """
        self.check_outside()
        with FileLock(self._lock_path, create=False) as lock:
            self._take(lock, time.monotonic() + wait)
            with self._inside():
                yield

    def check_outside(self) -> None:
        """Raises StateError for a thread that is in a transaction or holds the lock."""
        TRANSACTIONS.check_outside()
        if self.is_held():
            raise StateError("nothing can be collected by who is writing", hint="leave 'writing' before")

    @contextmanager
    def _inside(self) -> Iterator[None]:
        self._thread.inside = os.getpid()
        try:
            yield
        finally:
            self._thread.inside = None

    def _take(self, lock: FileLock, deadline: float) -> None:
        while True:
            with FileLock(self._gate_path) as gate:
                gate.take()
                if _try_for_a_turn(lock, deadline):
                    return
            if _try_for_a_turn(lock, deadline):
                return
            if time.monotonic() >= deadline:
                raise StateError("others are writing to the repository", hint="try again when they are through")


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """No other collection, and no repair, in the repository of a folder `.dset`.

    Raises StateError where there is one, StorageError.
    """
    with FileLock(folder / "gc") as lock:
        if not lock.try_take():
            raise StateError("another 'dset gc' or 'dset fsck --repair' is at work", hint="wait until it is through")
        yield


def _try_for_a_turn(lock: FileLock, deadline: float) -> bool:
    end = min(deadline, time.monotonic() + TURN_SECONDS)
    while not lock.try_take():
        if time.monotonic() >= end:
            return False
        time.sleep(_POLL_SECONDS)
    return True
