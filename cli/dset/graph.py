"""Lines beside a list of commits: which came of which.

Every commit has a lane, drawn down to its parents. A merge opens another lane; lanes that wait for the same parent join
as soon as they do, the right one going to the left, below (`_`) those between.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from dvcore.ids import CommitId


class Graph:
    """Draws commits one after the other, children before their parents. A parent that came too early, since clocks were
    wrong, gets no line."""

    def __init__(self) -> None:
        self._lanes: list[CommitId] = []
        """The commit that each lane leads down to."""
        self._drawn: set[CommitId] = set()

    def rows(
        self, commit: CommitId, parents: Sequence[CommitId], text: Sequence[str], mark: str = "*"
    ) -> Iterator[str]:
        """A commit with the lines of text that stand beside it."""
        at = self._lane(commit)
        node = ["|"] * len(self._lanes)
        node[at] = mark
        drawn = [" ".join(node), *self._go_on(at, parents)]
        below = " ".join("|" * len(self._lanes))
        width = max(map(len, (*drawn, below)))
        for row, line in zip_longest(drawn, text):
            yield f"{below if row is None else row:<{width}}  {line or ''}".rstrip()

    def pass_over(self, commit: CommitId, parents: Sequence[CommitId]) -> Iterator[str]:
        """A commit that is not shown: its lane goes on to its parent."""
        return self._go_on(self._lane(commit), parents)

    def _lane(self, commit: CommitId) -> int:
        self._drawn.add(commit)
        if commit not in self._lanes:
            self._lanes.append(commit)
        return self._lanes.index(commit)

    def _go_on(self, at: int, parents: Sequence[CommitId]) -> Iterator[str]:
        """The rows in which the lane of a commit becomes those of its parents."""
        waiting = [one for one in dict.fromkeys(parents) if one not in self._drawn]
        if not waiting:
            yield from self._end(at)
            return
        self._lanes[at] = waiting[0]
        for place, parent in enumerate(waiting[1:], at):
            yield " ".join("|" * (place + 1)) + "\\" + " \\" * (len(self._lanes) - place - 1)
            self._lanes.insert(place + 1, parent)
        yield from self._join()

    def _end(self, at: int) -> Iterator[str]:
        """The lane ends; those to its right move up."""
        del self._lanes[at]
        if at < len(self._lanes):
            yield "| " * at + " /" * (len(self._lanes) - at)

    def _join(self) -> Iterator[str]:
        """Lanes that lead to the same commit become one."""
        while len(set(self._lanes)) < len(self._lanes):
            right = next(lane for lane, commit in enumerate(self._lanes) if commit in self._lanes[:lane])
            left = self._lanes.index(self._lanes[right])
            between = "_".join("|" * (right - left))
            yield "| " * left + between + "/" + " /" * (len(self._lanes) - right - 1)
            del self._lanes[right]
