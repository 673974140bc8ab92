"""Commits in an order that lines can be drawn in: none before one that comes of it.

Without a look at the whole history that rests on the clocks of those who committed. So some is looked ahead: where
clocks agree to `SKEW` the order is right, and else a child may come after its parent.
"""

from collections import Counter
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Final

from dvcore.ids import CommitId
from dvcore.model.commit import Commit
from dvcore.repo.objects import Objects

SKEW: Final = 10 * 60 * 1_000_000
"""Ten minutes, in microseconds."""
LOOKED_AHEAD: Final = 1_000
"""Commits that are known and not given out yet, at most; in a history where so many were made in ten minutes, one
computer made them. They take 40 ms."""

_Queue = list[tuple[int, CommitId]]
"""By the negated time: a heap gives the newest first."""


def iter_children_first(objects: Objects, start: CommitId) -> Iterator[tuple[CommitId, Commit]]:
    """A commit and all before it, each once, newest first as far as children come before their parents.

    Raises CorruptError, NeedsNewerError.
    """
    walk = _Walk(objects, start)
    while walk.known:
        yield walk.give_out()


class _Walk:
    def __init__(self, objects: Objects, start: CommitId) -> None:
        self.known: dict[CommitId, Commit] = {}
        """Commits that are known and not given out."""
        self._objects = objects
        self._queue: _Queue = []
        """Known commits whose parents are not known yet."""
        self._ready: _Queue = []
        """Those that no known child kept back. One may turn up, so that a commit can be here twice."""
        self._seen: set[CommitId] = set()
        self._children: Counter[CommitId] = Counter()
        """Of known commits: how many known children are not given out."""
        self._see(start)
        self._let_go(start)

    def give_out(self) -> tuple[CommitId, Commit]:
        """The next commit."""
        id_ = self._next()
        while id_ not in self.known or self._children[id_]:
            heappop(self._ready)
            id_ = self._next()
        commit = self.known.pop(id_)
        for parent in dict.fromkeys(commit.parents):
            self._children[parent] -= 1
            if not self._children[parent]:
                del self._children[parent]
                self._let_go(parent)
        return id_, commit

    def _next(self) -> CommitId:
        """What is to be given out, unless a child turns up on looking ahead, or it was already."""
        self._look_ahead(self._ready[0][0])
        return self._ready[0][1]

    def _let_go(self, id_: CommitId) -> None:
        if id_ in self.known:
            heappush(self._ready, (-self.known[id_].time, id_))

    def _look_ahead(self, newest: int) -> None:
        """Get to know the parents of all that may have to come before a commit of this (negated) time."""
        while self._queue and (
            self._queue[0][0] <= newest or (self._queue[0][0] < newest + SKEW and len(self.known) < LOOKED_AHEAD)
        ):
            for parent in dict.fromkeys(self.known[heappop(self._queue)[1]].parents):
                self._children[parent] += 1
                if parent not in self._seen:
                    self._see(parent)

    def _see(self, id_: CommitId) -> None:
        self._seen.add(id_)
        self.known[id_] = self._objects.load_commit(id_)
        heappush(self._queue, (-self.known[id_].time, id_))
