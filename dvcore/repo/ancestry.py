"""How the histories of commits stand to each other: what one leads to and the others do not, and where they were one.

A walk paints commits with the sides that lead to them, from new to old. It ends where nothing that it looks for can
come any more, so it costs what lies between the commits and not the whole history. It looks a little further where
that can take away something found: at whatever is not older, since commits of one moment come in any order.

Clocks go wrong. Then nothing is missed, as nothing is left out because of its time; but where a commit is dated before
its parent, the walk may end before it sees that something found is none. Each function says what that means.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag
from heapq import heappop, heappush
from typing import Final

from dvcore.ids import CommitId
from dvcore.model.commit import LATEST_TIME, Commit
from dvcore.repo.objects import Objects


class _Side(IntFlag):
    """Who leads to a commit. `STALE`: something that both sides lead to does."""

    OURS = 1
    THEIRS = 2
    BOTH = 3
    STALE = 4


@dataclass(frozen=True, slots=True)
class _Sought:
    """What a walk looks for: commits that are painted as `found`, which commits painted as one of `open` lead to."""

    found: _Side
    open: tuple[_Side, ...]


_BEYOND: Final = _Sought(_Side.OURS, (_Side.OURS,))
_BEST: Final = _Sought(_Side.BOTH, (_Side.OURS, _Side.THEIRS))


def count_beyond(objects: Objects, ours: CommitId, theirs: Iterable[CommitId], *, is_certain: bool = False) -> int:
    """How many commits lead to `ours`, itself among them, and to none of `theirs`.

    Where a commit is dated before its parent, it may be more than there are, never fewer, unless it is to be certain:
    then, where there are any, the whole history is looked at. Raises CorruptError, NeedsNewerError.
    """
    return len(_walk(objects, _BEYOND, (ours,), theirs, is_certain=is_certain))


def ahead_and_behind(objects: Objects, ours: CommitId | None, theirs: CommitId | None) -> tuple[int, int]:
    """How many commits each side has that the other has not; None is a side without commits."""
    return _beyond(objects, ours, theirs), _beyond(objects, theirs, ours)


def merge_bases(objects: Objects, commit: CommitId, *others: CommitId) -> list[CommitId]:
    """Where a commit and a merge of the others parted: the best common ancestors, newest first, of one time by their
    ids; none where the histories have nothing in common.

    A best one is before no other. There may be several, after merges that crossed each other. Where a commit is dated
    before its parent, some may be among them that are before a best one, which makes no difference to a merge. Raises
    CorruptError, NeedsNewerError.
    """
    found = _walk(objects, _BEST, (commit,), others)
    return sorted(found, key=lambda one: (-found[one].time, one))


def _beyond(objects: Objects, ours: CommitId | None, theirs: CommitId | None) -> int:
    return 0 if ours is None else count_beyond(objects, ours, () if theirs is None else (theirs,))


def _walk(
    objects: Objects,
    sought: _Sought,
    ours: Iterable[CommitId],
    theirs: Iterable[CommitId],
    *,
    is_certain: bool = False,
) -> dict[CommitId, Commit]:
    """What is found between two sides."""
    walk = _Walk(objects, sought, trusts_clocks=not is_certain)
    for side, commits in ((_Side.OURS, ours), (_Side.THEIRS, theirs)):
        for one in commits:
            walk.reach(one, side)
    walk.run()
    return walk.found


class _Walk:
    """Paints commits with the sides that lead to them. One that is painted anew hands that on to its parents."""

    def __init__(self, objects: Objects, sought: _Sought, *, trusts_clocks: bool) -> None:
        self.found: dict[CommitId, Commit] = {}
        """As far as is known."""
        self._objects = objects
        self._sought = sought
        self._trusts_clocks = trusts_clocks
        self._sides: dict[CommitId, _Side] = {}
        self._loaded: dict[CommitId, Commit] = {}
        self._queue: list[tuple[int, CommitId]] = []
        self._open: set[CommitId] = set()
        """Queued commits that can still lead to one that is sought."""
        self._oldest = LATEST_TIME
        """The time of the oldest commit that was ever in `found`."""

    def reach(self, id_: CommitId, sides: _Side) -> None:
        """Paint a commit; where that says something new, its parents will be too."""
        before = self._sides.get(id_, _Side(0))
        painted = before | sides
        if painted == before:
            return
        self._sides[id_] = painted
        if id_ not in self._loaded:
            self._loaded[id_] = self._objects.load_commit(id_)
        commit = self._loaded[id_]
        heappush(self._queue, (-commit.time, id_))
        (self._open.add if painted in self._sought.open else self._open.discard)(id_)
        if painted == self._sought.found:
            self.found[id_] = commit
            self._oldest = min(self._oldest, commit.time)
        else:
            self.found.pop(id_, None)

    def run(self) -> None:
        """Walk until no commit can come that is sought, nor one that leads to what was found."""
        while self._queue and (self._open or (self.found and self._may_lose(-self._queue[0][0]))):
            _, id_ = heappop(self._queue)
            self._open.discard(id_)
            sides = self._sides[id_]
            handed_on = sides | _Side.STALE if _Side.BOTH in sides else sides
            for parent in self._loaded[id_].parents:
                self.reach(parent, handed_on)

    def _may_lose(self, newest: int) -> bool:
        """Whether what is no newer than this may lead to something that was found."""
        return newest >= self._oldest or not self._trusts_clocks
