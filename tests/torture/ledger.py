"""What finished commands reported: it must be there for ever after, whatever is killed later."""

from torture.stage import BrokenError
from torture.state import State

_COUNTERS = "counter/"


class Ledger:
    """The log and the counters as they were last seen."""

    def __init__(self) -> None:
        self._last: State | None = None

    def note(self, state: State) -> None:
        """Take in a newer state. Raises BrokenError where something that was there before is lost."""
        last = self._last
        if last is not None:
            if state.log[: len(last.log)] != last.log:
                raise BrokenError(
                    f"operations that were reported done are lost: {last.log[-3:]} became {state.log[-3:]}"
                )
            for name, value in last.cells.items():
                if name.startswith(_COUNTERS) and int(state.cells.get(name, "0")) < int(value):
                    raise BrokenError(f"{name} went back from {value}: a snapshot's number would be given again")
        self._last = state
