"""What the operation log says that cells hold, held against what they do hold.

Refs, working states and HEAD only change with an entry of the log. So the last entry that names a cell says what it
holds; where it holds something else, a ref was lost, put under another name, or changed by nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from dvcore.errors import CorruptError
from dvcore.repo.cells import HEAD, work_cell
from dvcore.repo.operations import Operation
from dvcore.repo.repository import FIRST_BRANCH

_FOUNDED: Final = frozenset({HEAD, work_cell(FIRST_BRANCH)})
"""What a new repository has before its first operation."""


class Logged:
    """What the log, read in order, says. An entry for each name that a ref ever had."""

    def __init__(self) -> None:
        self._left: dict[str, Any] = {}
        self._is_whole = True

    def note(self, operation: Operation) -> None:
        """The next operation."""
        for change in operation.changes:
            self._left[change.cell] = change.after

    def lose_track(self) -> None:
        """An entry cannot be read, or some are missing: any cell may have changed there."""
        self._left.clear()
        self._is_whole = False

    def take(self, cell: str, value: Any) -> None:
        """Hold a cell against the log, once.

        Raises CorruptError where they do not agree.
        """
        if cell not in self._left:
            if self._is_whole and cell not in _FOUNDED:
                raise CorruptError("no operation has put it there")
        elif self._left.pop(cell) != value:
            raise CorruptError("it does not hold what the last operation on it has left there")

    def iter_lost(self) -> Iterator[str]:
        """Cells that should be there and were not taken: they are gone, or cannot be read."""
        return (cell for cell, value in sorted(self._left.items()) if value is not None)
