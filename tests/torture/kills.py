"""How many of those that were to be killed were. A torture in which nobody dies finds nothing, and must not pass.

Where threads take turns, an instant may not come in a run that came in the one before: such a run ends by itself.
"""

from dataclasses import dataclass

from torture.processes import Ended
from torture.stage import Stage

_SHIFTED_SHARE = 0.05
"""Of the runs, those that may end by themselves; one always may."""


@dataclass(slots=True)
class Kills:
    """What came of runs that were to die."""

    runs: int = 0
    died: int = 0

    def note(self, ended: Ended) -> Ended:
        """Count a run; gives it back."""
        self.runs += 1
        self.died += ended.was_killed
        return ended

    def check(self, stage: Stage, where: str) -> str:
        """Fails where too few died. Gives the figures."""
        shifted = self.runs - self.died
        figures = f"{self.died} kills in {self.runs} runs at {where}"
        stage.require(
            self.died > 0 and shifted <= max(1, _SHIFTED_SHARE * self.runs), "kills", f"too few died: {figures}"
        )
        return f"{figures}, {shifted} ended before their instant came"
