"""How the histories of two commits stand to each other: what one leads to and the other does not.

The walk goes from new to old and ends where nothing is left that the first side alone reaches, so it costs what lies
between the two. It looks a little further, at whatever is not older than what it has counted, since commits of one
moment come in any order.
"""

from collections.abc import Iterable
from heapq import heappop, heappush

from dvcore.ids import CommitId
from dvcore.model.commit import LATEST_TIME, Commit
from dvcore.repo.objects import Objects

_OURS = 1
_THEIRS = 2


def count_beyond(objects: Objects, ours: CommitId, theirs: Iterable[CommitId]) -> int:
    """How many commits lead to `ours`, itself among them, and to none of `theirs`.

    Exact as long as no commit is dated before its parent. Raises CorruptError, NeedsNewerError.
    """
    walk = _Walk(objects)
    walk.reach(ours, _OURS)
    for one in theirs:
        walk.reach(one, _THEIRS)
    walk.run()
    return len(walk.beyond)


def ahead_and_behind(objects: Objects, ours: CommitId | None, theirs: CommitId | None) -> tuple[int, int]:
    """How many commits each side has that the other has not; None is a side without commits."""
    return _beyond(objects, ours, theirs), _beyond(objects, theirs, ours)


def _beyond(objects: Objects, ours: CommitId | None, theirs: CommitId | None) -> int:
    return 0 if ours is None else count_beyond(objects, ours, () if theirs is None else (theirs,))


class _Walk:
    """Paints commits with the sides that lead to them. One that is painted anew hands that on to its parents."""

    def __init__(self, objects: Objects) -> None:
        self.beyond: set[CommitId] = set()
        """Those that only our side leads to, as far as is known."""
        self._objects = objects
        self._sides: dict[CommitId, int] = {}
        self._loaded: dict[CommitId, Commit] = {}
        self._queue: list[tuple[int, CommitId]] = []
        self._pending: set[CommitId] = set()
        """Queued ones of `beyond`."""
        self._oldest = LATEST_TIME
        """The time of the oldest commit that was ever in `beyond`."""

    def reach(self, id_: CommitId, sides: int) -> None:
        """Paint a commit; where that says something new, its parents will be too."""
        before = self._sides.get(id_, 0)
        if before | sides == before:
            return
        self._sides[id_] = before | sides
        if id_ not in self._loaded:
            self._loaded[id_] = self._objects.load_commit(id_)
        time = self._loaded[id_].time
        heappush(self._queue, (-time, id_))
        if self._sides[id_] == _OURS:
            self.beyond.add(id_)
            self._pending.add(id_)
            self._oldest = min(self._oldest, time)
        else:
            self.beyond.discard(id_)
            self._pending.discard(id_)

    def run(self) -> None:
        """Walk until no commit can come that only our side leads to, nor one that takes such a commit away."""
        while self._queue and (self._pending or (self.beyond and -self._queue[0][0] >= self._oldest)):
            _, id_ = heappop(self._queue)
            self._pending.discard(id_)
            for parent in self._loaded[id_].parents:
                self.reach(parent, self._sides[id_])
