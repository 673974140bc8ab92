"""Which threads of this process are inside a transaction, and how to wait until none is.

Growing a map and forking must not happen beside a running transaction of the process. There is one gate for all stores:
a thread that is inside passes at once into a second store, so that none waits for another in a circle.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, get_ident
from typing import Final

from dvcore.errors import StateError

_LOOK_SECONDS: Final = 0.5
"""How long to wait for those inside before looking whether they still can leave."""


class Gate:
    """Many threads inside, or one that has closed it."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._inside: dict[int, int] = {}  # thread -> transactions
        self._closing = False
        self._closed_by: int | None = None

    @contextmanager
    def passage(self) -> Iterator[None]:
        """Inside for the time of the `with`, once the gate is open."""
        # Remembered, because a forgotten generator may be finished by another thread's garbage collection.
        thread = get_ident()
        with self._changed:
            self._changed.wait_for(lambda: not self._closing or thread in self._inside)
            self._inside[thread] = self._inside.get(thread, 0) + 1
        try:
            yield
        finally:
            self._leave(thread)

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Alone for the time of the `with`: nobody is inside.

        Raises StateError for a thread that is inside itself, and where a thread that has ended never left.
        """
        self.check_outside()
        try:
            self.close()
            yield
        finally:
            self.open()

    @contextmanager
    def entry_held(self) -> Iterator[None]:
        """Nobody enters for the time of the `with`; those inside go on."""
        self._closing = True
        try:
            yield
        finally:
            self.open()

    def close(self) -> None:
        """Let nobody in and wait for those inside; `open` undoes it. Raises StateError as `closed` does."""
        # Seen by all who are about to enter. The lock alone would let busy readers in again and again before us.
        self._closing = True
        with self._changed:
            self._changed.wait_for(lambda: self._closed_by is None)
            self._closing = True
            self._closed_by = get_ident()
            while not self._changed.wait_for(lambda: not self._inside, _LOOK_SECONDS):
                self._check_living()

    def open(self) -> None:
        """Let all in again, unless another thread has closed the gate."""
        with self._changed:
            if self._closed_by in (None, get_ident()):
                self._closing = False
                self._closed_by = None
                self._changed.notify_all()

    def is_inside(self) -> bool:
        """Whether this thread is inside."""
        return get_ident() in self._inside

    def check_outside(self) -> None:
        """Raises StateError for a thread that is inside."""
        if self.is_inside():
            raise StateError("a store cannot be changed inside another transaction of the same thread")

    def forget_other_threads(self) -> None:
        """Start again in a forked child, where only the forking thread lives on."""
        thread = get_ident()
        self._changed = Condition()  # the old one may have been held by a thread that is gone
        self._inside = {thread: self._inside[thread]} if thread in self._inside else {}
        self._closing = False
        self._closed_by = None

    def _check_living(self) -> None:
        if not self._inside.keys() <= sys._current_frames().keys():
            raise StateError(
                "a thread has ended inside a transaction, which is still open",
                hint="leave every 'with store.read()', and finish what iterates in it, in the thread that began it",
            )

    def _leave(self, thread: int) -> None:
        with self._changed:
            count = self._inside.pop(thread, 0) - 1
            if count > 0:
                self._inside[thread] = count
            else:
                self._changed.notify_all()


TRANSACTIONS: Final = Gate()
"""The gate of this process."""
