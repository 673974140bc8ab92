"""Where two histories were one: the commits that a merge compares both sides with.

A best common ancestor is reachable from both commits and from no other common ancestor. There may be several, after
merges that crossed each other. The walk goes from new to old and stops where nothing unknown can come any more, so it
costs what lies between the commits, not the whole history.
"""

import heapq
from enum import IntFlag

from dvcore.ids import CommitId
from dvcore.model.commit import Commit
from dvcore.repo.objects import Objects


class _Side(IntFlag):
    """Who reaches a commit. `STALE`: a common ancestor does, so that this one is no best."""

    OURS = 1
    THEIRS = 2
    BOTH = 3
    STALE = 4


def merge_bases(objects: Objects, ours: CommitId, theirs: CommitId) -> list[CommitId]:
    """The best common ancestors of two commits, newest first, of one time by their ids; none where the histories have
    nothing in common.

    Raises CorruptError, NeedsNewerError.
    """
    walk = _Walk(objects)
    walk.reach(ours, _Side.OURS)
    walk.reach(theirs, _Side.THEIRS)
    walk.run()
    best = [one for one, sides in walk.sides.items() if sides == _Side.BOTH]
    return _without_ancestors(objects, sorted(best, key=lambda one: (-objects.load_commit(one).time, one)))


class _Walk:
    """Paints commits with who reaches them, the newest first. Clocks may be wrong, so a commit may be painted again."""

    def __init__(self, objects: Objects) -> None:
        self.sides: dict[CommitId, _Side] = {}
        self._objects = objects
        self._loaded: dict[CommitId, Commit] = {}
        self._queue: list[tuple[int, CommitId]] = []
        self._fresh: set[CommitId] = set()
        """Queued commits that may still lead to a best one."""

    def reach(self, id_: CommitId, sides: _Side) -> None:
        """Paint a commit; where that says something new, its parents will be too."""
        before = self.sides.get(id_, _Side(0))
        if before | sides == before:
            return
        self.sides[id_] = before | sides
        if id_ not in self._loaded:
            self._loaded[id_] = self._objects.load_commit(id_)
        heapq.heappush(self._queue, (-self._loaded[id_].time, id_))
        (self._fresh.discard if self.sides[id_] & _Side.STALE else self._fresh.add)(id_)

    def run(self) -> None:
        """Walk until all that is left is behind a common ancestor."""
        while self._fresh and self._queue:
            _, id_ = heapq.heappop(self._queue)
            self._fresh.discard(id_)
            sides = self.sides[id_]
            handed_on = sides | _Side.STALE if sides & _Side.BOTH == _Side.BOTH else sides
            for parent in self._loaded[id_].parents:
                self.reach(parent, handed_on)


def _without_ancestors(objects: Objects, candidates: list[CommitId]) -> list[CommitId]:
    """Those that no other one of them descends from. Where a clock was wrong, the walk may have ended before it saw."""
    if len(candidates) < 2:
        return candidates
    return [one for one in candidates if not any(_reaches(objects, other, one) for other in candidates if other != one)]


def _reaches(objects: Objects, new: CommitId, old: CommitId) -> bool:
    seen, pending = {new}, [new]
    while pending:
        for parent in objects.load_commit(pending.pop()).parents:
            if parent == old:
                return True
            if parent not in seen:
                seen.add(parent)
                pending.append(parent)
    return False
