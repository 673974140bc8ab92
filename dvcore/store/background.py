"""One action in a thread of its own, with its failure kept for the one who waits."""

from collections.abc import Callable
from threading import Thread


class Task:
    """An action that has started. (`concurrent.futures` imports `logging`: 18 ms for every command.)"""

    def __init__(self, action: Callable[[], None]) -> None:
        self._action = action
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._run)
        self._thread.start()

    def wait(self) -> None:
        """Until it has ended, in whatever way."""
        self._thread.join()

    def result(self) -> None:
        """Wait, then raise what the action raised."""
        self.wait()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            self._action()
        except BaseException as error:  # noqa: BLE001  # raised again by `result`
            self._failure = error
