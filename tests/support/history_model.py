"""Commits of the model, and what a merge of two of them should give."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from support.merge_model import Merge, Place
from support.repository_model import Commit, Merging, Name, State


class History:
    """All commits ever made, numbered in the order of their times. `order` is that of the ids of files."""

    def __init__(self, order: Callable[[Name], bytes]) -> None:
        self.commits: list[Commit] = []
        self._order = order

    def add(self, state: State, parents: Sequence[int | None]) -> int:
        """The number of a new commit."""
        self.commits.append(Commit(replace(state, merging=None), tuple(one for one in parents if one is not None)))
        return len(self.commits) - 1

    def state(self, commit: int | None) -> State:
        return State() if commit is None else self.commits[commit].state

    def reached(self, commit: int | None) -> set[int]:
        """A commit and all before it."""
        if commit is None:
            return set()
        return {commit}.union(*map(self.reached, self.commits[commit].parents))

    def bases(self, one: int, *others: int) -> list[int]:
        """The best common ancestors of a commit and a merge of others, oldest first."""
        common = self.reached(one) & set().union(*map(self.reached, others))
        return sorted(one for one in common if not any(one in self.reached(other) - {other} for other in common))

    def base(self, one: int, *others: int) -> State:
        """What a merge compares both sides with: several are merged, the oldest first, settled as they were where the
        next one and a merge of those before it parted."""
        bases = self.bases(one, *others)
        result = self.state(bases[0] if bases else None)
        for place, other in enumerate(bases[1:], 1):
            result, _ = self.merged(self.base(other, *bases[:place]), result, self.state(other), "base")
        return result

    def merged(self, base: State, ours: State, theirs: State, strategy: str = "stop") -> tuple[State, set[Place]]:
        merge = Merge(base, ours, replace(theirs, merging=None), self._order, strategy)
        return merge.result(), merge.conflicts


def in_conflict(state: State, parent: int | None, conflicts: set[Place]) -> State:
    """A working state in the midst of a merge."""
    return replace(state, merging=Merging(parent, frozenset(conflicts)))
