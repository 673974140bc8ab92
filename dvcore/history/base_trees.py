"""What a merge compares both sides with, where their histories crossed: a tree that no commit need have."""

from collections.abc import Generator
from typing import TypeAlias

from dvcore.history.merge_trees import merge_trees
from dvcore.history.settling import Strategy
from dvcore.ids import CommitId, TreeId
from dvcore.repo.ancestry import merge_bases
from dvcore.repo.edits import empty_tree
from dvcore.repo.objects import Objects
from dvcore.store import ObjectDraft

_Bases: TypeAlias = tuple[CommitId, ...]
"""Commits, the oldest first."""


def base_tree(draft: ObjectDraft, ours: CommitId, theirs: CommitId) -> TreeId:
    """The tree that two commits are compared with.

    Where their histories crossed and left several best common ancestors, these are merged, the oldest first, and what
    two disagree about is as it was in theirs: where the next one and a merge of those before it parted. That is what
    git calls recursive. Without any common ancestor it is the empty tree.
    """
    return _BaseTrees(draft).merged(_oldest_first(Objects(draft), ours, theirs))


def _oldest_first(objects: Objects, commit: CommitId, *others: CommitId) -> _Bases:
    return tuple(reversed(merge_bases(objects, commit, *others)))


class _BaseTrees:
    """Merges each set of bases once: where three people merged each other n times, there are n sets and 2^n ways to
    them."""

    def __init__(self, draft: ObjectDraft) -> None:
        self._draft = draft
        self._objects = Objects(draft)
        self._known: dict[_Bases, TreeId] = {(): empty_tree(draft)}

    def merged(self, wanted: _Bases) -> TreeId:
        """The tree of some bases. Histories may have crossed more often than functions can call each other."""
        begun = [(wanted, self._fold(wanted))]
        found = None
        while begun:
            bases, fold = begun[-1]
            try:
                below = next(fold) if found is None else fold.send(found)
            except StopIteration as ended:
                found = self._known[bases] = ended.value
                begun.pop()
            else:
                found = self._known.get(below)
                if found is None:
                    begun.append((below, self._fold(below)))
        return self._known[wanted]

    def _fold(self, bases: _Bases) -> Generator[_Bases, TreeId, TreeId]:
        """Gives the tree of some bases, and asks for those of the bases that it needs for it: none, where there is
        nothing to disagree about."""
        if not bases:
            return self._known[bases]
        result = self._tree(bases[0])
        for place, base in enumerate(bases[1:], 1):
            tree = self._tree(base)
            if tree != result:
                start = yield _oldest_first(self._objects, base, *bases[:place])
                result = merge_trees(self._draft, start, result, tree, strategy=Strategy.BASE).tree
        return result

    def _tree(self, commit: CommitId) -> TreeId:
        return self._objects.load_commit(commit).tree
