"""Actions in threads of their own, with their failures kept for the one who waits."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from threading import Thread
from typing import Generic, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Task:
    """An action that has started. (`concurrent.futures` imports `logging`: 18 ms for every command.)"""

    def __init__(self, action: Callable[[], None]) -> None:
        self._action: Callable[[], None] | None = action
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._run)
        self._thread.start()

    @property
    def has_failed(self) -> bool:
        """Whether it has ended with a failure, as far as is known now."""
        return self._failure is not None

    def wait(self) -> None:
        """Until it has ended, in whatever way."""
        self._thread.join()

    def result(self) -> None:
        """Wait, then raise what the action raised."""
        self.wait()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        # What the action holds may refer to the task: let go of it, no collection of cycles comes soon enough.
        action, self._action = self._action, None
        assert action is not None, "a task runs once"
        try:
            action()
        except BaseException as error:  # noqa: BLE001  # raised again by `result`
            self._failure = error


class Call(Generic[_Result]):
    """A call that has started."""

    _result: _Result

    def __init__(self, function: Callable[[_Item], _Result], item: _Item) -> None:
        def run() -> None:
            self._result = function(item)

        self._task = Task(run)

    @property
    def has_failed(self) -> bool:
        """Whether it has ended with a failure, as far as is known now."""
        return self._task.has_failed

    def wait(self) -> None:
        """Until it has ended, in whatever way."""
        self._task.wait()

    def result(self) -> _Result:
        """Wait, then give what it gave, or raise what it raised."""
        self._task.result()
        return self._result


def iter_results(function: Callable[[_Item], _Result], items: Iterable[_Item], at_once: int) -> Iterator[_Result]:
    """What the function gives for each item, in the order of the items.

    At most `at_once` calls are under way or have given what nobody took yet; items are taken as they are needed, in the
    caller's thread. What a call raises is raised in its place; no thread is left behind, also where nobody goes on.
    """
    running: deque[Call[_Result]] = deque()
    try:
        for item in items:
            if len(running) == at_once:
                yield running.popleft().result()
            running.append(Call(function, item))
        while running:
            yield running.popleft().result()
    finally:
        for call in running:
            call.wait()
