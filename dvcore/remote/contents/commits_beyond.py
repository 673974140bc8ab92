"""Which commits some lead to and others do not, found in rounds, so that few reads bring them from afar.

As in `repo.ancestry`, the walk goes from new to old and ends where nothing is left that the first side alone reaches. A
commit that is dated before its parent may cost a longer walk, and commits that both sides have may be taken for new;
the other way round is not possible.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from heapq import heapify, heappop, heappush
from pathlib import Path
from typing import Final

from dvcore.errors import CorruptError, NeedsNewerError
from dvcore.ids import CommitId, format_short
from dvcore.model.commit import LATEST_TIME, Commit, decode_commit
from dvcore.repo.links import Kind, Link
from dvcore.store.spilling import SpillingMap

Load = Callable[[Sequence[Link]], Iterable[tuple[Link, bytes]]]
"""Gives the bytes of these objects (each link once, some hundred at most) in any order; raises where it cannot."""

_TOGETHER: Final = 256
_OURS = 1
_THEIRS = 2


class CommitsBeyond:
    """The commits that `starts` lead to, themselves included, and that `bases` do not. Memory holds some 300 bytes for
    each that was looked at."""

    def __init__(self, load: Load, starts: Iterable[CommitId], bases: Iterable[CommitId], folder: Path | None) -> None:
        """Raises what `load` raises, CorruptError, NeedsNewerError."""
        self._load = load
        self._stored = SpillingMap(folder)
        self._sides: dict[CommitId, int] = {}
        self._parents: dict[CommitId, tuple[CommitId, ...]] = {}
        self._times: dict[CommitId, int] = {}
        self._queue: list[tuple[int, CommitId]] = []
        self._pending: set[CommitId] = set()
        """Queued ones of `_beyond`."""
        self._beyond: set[CommitId] = set()
        self._oldest = LATEST_TIME
        """The time of the oldest commit that was ever in `_beyond`."""
        self._reach([(one, _OURS) for one in starts] + [(one, _THEIRS) for one in bases])
        self._run()

    def __contains__(self, commit: CommitId) -> bool:
        return commit in self._beyond

    def close(self) -> None:
        """Give the room back."""
        self._stored.close()

    def commit(self, commit: CommitId) -> Commit:
        """One that was looked at: any that is beyond, and its parents."""
        return decode_commit(self.data(commit))

    def data(self, commit: CommitId) -> bytes:
        """The bytes of one that was looked at."""
        data = self._stored.get(commit)
        assert data is not None, "it was loaded when it was met"
        return data

    def newest_first(self) -> list[CommitId]:
        """All of them, by their times."""
        return sorted(self._beyond, key=lambda one: (-self._times[one], one))

    def parents_first(self) -> Iterator[CommitId]:
        """All of them, each after its parents; otherwise the oldest first."""
        waiting = {one: sum(parent in self._beyond for parent in set(self._parents[one])) for one in self._beyond}
        children: dict[CommitId, list[CommitId]] = {}
        for one in self._beyond:
            for parent in set(self._parents[one]):
                children.setdefault(parent, []).append(one)
        ready = [(self._times[one], one) for one, count in waiting.items() if not count]
        heapify(ready)
        while ready:
            _, one = heappop(ready)
            yield one
            for child in children.get(one, ()):
                waiting[child] -= 1
                if not waiting[child]:
                    heappush(ready, (self._times[child], child))

    def _run(self) -> None:
        """Until no commit can come that only our side leads to, nor one that takes such a commit away."""
        while self._queue and (self._pending or (self._beyond and -self._queue[0][0] >= self._oldest)):
            self._reach([(parent, self._sides[one]) for one in self._next() for parent in self._parents[one]])

    def _next(self) -> list[CommitId]:
        """The newest in the queue, and those after it that only our side leads to: their parents are wanted anyway."""
        taken: list[CommitId] = []
        while self._queue and len(taken) < _TOGETHER and (not taken or self._queue[0][1] in self._pending):
            taken.append(heappop(self._queue)[1])
            self._pending.discard(taken[-1])
        return taken

    def _reach(self, painted: Sequence[tuple[CommitId, int]]) -> None:
        """Paint commits; where that says something new of one, its parents will be too."""
        self._bring(dict.fromkeys(one for one, _ in painted if one not in self._parents))
        for one, sides in painted:
            before = self._sides.get(one, 0)
            if before | sides == before:
                continue
            self._sides[one] = before | sides
            heappush(self._queue, (-self._times[one], one))
            if self._sides[one] == _OURS:
                self._beyond.add(one)
                self._pending.add(one)
                self._oldest = min(self._oldest, self._times[one])
            else:
                self._beyond.discard(one)
                self._pending.discard(one)

    def _bring(self, commits: Iterable[CommitId]) -> None:
        wanted = [Link(Kind.COMMIT, one) for one in commits]
        for start in range(0, len(wanted), _TOGETHER):
            for link, data in self._load(wanted[start : start + _TOGETHER]):
                with naming_object(link):
                    commit = decode_commit(data)
                one = CommitId(link.id)
                self._stored.put(one, data)
                self._parents[one] = commit.parents
                self._times[one] = commit.time


@contextmanager
def naming_object(link: Link) -> Iterator[None]:
    """Says of which object a fault is."""
    try:
        yield
    except (CorruptError, NeedsNewerError) as error:
        message = f"{link.kind.name.lower()} {format_short(link.id)}: {error.message}"
        raise type(error)(message, hint=error.hint) from None
