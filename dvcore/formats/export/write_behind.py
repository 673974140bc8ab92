"""Actions that other threads carry out, in no fixed order, while the one that hands them over goes on.

Writing files is the system's work, so that it goes on beside Python's. What fails is raised where the next action is
handed over, or at the end; what was handed over after it is dropped.
"""

from collections.abc import Callable
from queue import Queue
from threading import Thread
from typing import Final, Self

_THREADS: Final = 2
"""More only wait for each other: they make files in the same folders."""
_WAITING: Final = 64
"""Actions that wait at most, so that memory does not grow where the disk is slow."""


class WriteBehind:
    """To be used in a `with`, which ends the threads whatever happens, and finished where all went well."""

    def __init__(self) -> None:
        self._actions: Queue[Callable[[], None] | None] = Queue(_WAITING)
        self._failure: BaseException | None = None
        self._threads = [Thread(target=self._work, daemon=True) for _ in range(_THREADS)]
        for thread in self._threads:
            thread.start()

    def submit(self, action: Callable[[], None]) -> None:
        """Have an action done. Raises what an earlier one raised."""
        self._raise()
        self._actions.put(action)

    def finish(self) -> None:
        """Wait until all is done. Raises what an action raised."""
        self._end()
        self._raise()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        self._failure = self._failure or error  # what waits still is no longer wanted
        self._end()

    def _end(self) -> None:
        for _ in self._threads:
            self._actions.put(None)
        for thread in self._threads:
            thread.join()
        self._threads = []

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        while (action := self._actions.get()) is not None:
            if self._failure is None:
                try:
                    action()
                except BaseException as error:  # noqa: BLE001 - raised again by whoever hands over the next action
                    self._failure = error
