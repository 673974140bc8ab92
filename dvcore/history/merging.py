"""Merging a commit into the current branch, doing one commit again on it, and taking one back.

A merge without conflicts is committed at once: branch and working state move in one transaction. One with conflicts is
in the working state alone, with the conflicts as values beside it, until they are settled and it is committed, or it is
given up. Whoever moves the branch meanwhile makes it be planned anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from dvcore.errors import CorruptError, StateError
from dvcore.history.bases import merge_bases
from dvcore.history.merge_trees import MergedTrees, merge_trees
from dvcore.history.settling import Strategy
from dvcore.ids import CommitId, TreeId, format_short
from dvcore.model.commit import Commit
from dvcore.model.conflicts import Merging, Place, Sides, encode_place, encode_sides
from dvcore.prolly import build
from dvcore.repo.cells import branch_cell, find_commit, find_work, work_cell
from dvcore.repo.commits import committed_tree
from dvcore.repo.edits import empty_tree
from dvcore.repo.objects import Objects, save_commit, save_tree
from dvcore.repo.operations import record
from dvcore.repo.repository import Repository, writes
from dvcore.store import ObjectDraft, ReadTransaction, WriteTransaction


class Outcome(Enum):
    """What became of a merge."""

    UP_TO_DATE = "up to date"
    """The commit was part of the branch already."""
    FAST_FORWARD = "fast-forward"
    """The branch was part of the commit, and is now where that is."""
    COMMITTED = "committed"
    CONFLICTS = "conflicts"
    """The working state holds the merge and its conflicts."""


@dataclass(frozen=True, slots=True)
class MergeReport:
    """`commit` is the branch's newest one now, None where there are conflicts."""

    outcome: Outcome
    commit: CommitId | None
    conflicts: Mapping[Place, Sides]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Start:
    """What a plan rests on: it is carried out only where this still stands."""

    branch: str
    head: CommitId | None
    work: TreeId


@dataclass(frozen=True, slots=True)
class _Doing:
    """What is done: how the log calls it, the message of its commit, and the commit that becomes its second parent."""

    description: str
    message: str
    theirs: CommitId | None = None


@writes
def merge_commit(
    repository: Repository,
    theirs: CommitId,
    message: str,
    *,
    strategy: Strategy = Strategy.STOP,
    fast_forward: bool = True,
) -> MergeReport:
    """Merge a commit and all before it into the current branch.

    Raises StateError where the working state has uncommitted changes, CorruptError, NeedsNewerError.
    """
    while True:
        start = _clean_start(repository, "merge")
        doing = _Doing(f"merge: {format_short(theirs)}", message, theirs)
        report = _merge_once(repository, start, theirs, doing, strategy, fast_forward=fast_forward)
        if report is not None:
            return report


@writes
def apply_change(
    repository: Repository,
    description: str,
    message: str,
    *,
    before: TreeId,
    after: TreeId,
    strategy: Strategy = Strategy.STOP,
) -> MergeReport:
    """Do on the current branch what leads from one tree to another, and commit it: one commit again, or backwards.

    Raises StateError where the working state has uncommitted changes, or where there is nothing to do.
    """
    while True:
        start = _clean_start(repository, description)
        draft = repository.draft()
        merged = merge_trees(draft, before, start.work, after, strategy=strategy, scratch=repository.scratch)
        if merged.tree == start.work and not merged.conflicts:
            raise StateError(f"nothing to commit: {description} changes nothing here")
        report = _finish(repository, start, draft, merged, _Doing(description, message))
        if report is not None:
            return report


@writes
def abort_merge(repository: Repository) -> None:
    """Give a merge up: the working state is the branch's newest commit again.

    Raises StateError where no merge has begun.
    """
    branch = repository.branch()

    def action(transaction: WriteTransaction) -> None:
        work = _work(transaction, branch)
        if repository.objects.load_tree(work).merging is None:
            raise StateError("there is no merge to give up")
        tree = committed_tree(repository, find_commit(transaction, branch_cell(branch)))
        record(transaction, repository.who(), "merge: given up", {work_cell(branch): tree})

    repository.store.update(action)


def base_tree(draft: ObjectDraft, ours: CommitId, theirs: CommitId) -> TreeId:
    """The tree that two commits are compared with. Where their histories crossed and left several best common
    ancestors, these are merged with each other, the oldest first, and what they disagree about is as it was in theirs.
    Without any it is the empty tree."""
    bases = merge_bases(Objects(draft), ours, theirs)[::-1]
    if not bases:
        return empty_tree(draft)
    trees = [Objects(draft).load_commit(one).tree for one in bases]
    result = trees[0]
    for base, tree in zip(bases[1:], trees[1:], strict=True):
        start = base_tree(draft, bases[0], base)
        result = merge_trees(draft, start, result, tree, strategy=Strategy.BASE).tree
    return result


def _merge_once(
    repository: Repository,
    start: _Start,
    theirs: CommitId,
    doing: _Doing,
    strategy: Strategy,
    *,
    fast_forward: bool,
) -> MergeReport | None:
    """None where the branch moved meanwhile."""
    draft = repository.draft()
    bases = [] if start.head is None else merge_bases(repository.objects, start.head, theirs)
    if start.head == theirs or theirs in bases:
        return MergeReport(Outcome.UP_TO_DATE, start.head, {})
    tree = repository.objects.load_commit(theirs).tree
    if start.head is None or (fast_forward and bases == [start.head]):
        cells: dict[str, bytes] = {branch_cell(start.branch): theirs, work_cell(start.branch): tree}
        moved = _update(repository, start, doing.description, cells, draft)
        return MergeReport(Outcome.FAST_FORWARD, theirs, {}) if moved else None
    merged = merge_trees(
        draft,
        base_tree(draft, start.head, theirs),
        start.work,
        tree,
        strategy=strategy,
        scratch=repository.scratch,
    )
    return _finish(repository, start, draft, merged, doing)


def _finish(
    repository: Repository, start: _Start, draft: ObjectDraft, merged: MergedTrees, doing: _Doing
) -> MergeReport | None:
    """Commit what was merged, or put it with its conflicts into the working state."""
    if merged.conflicts:
        cells: dict[str, bytes] = {work_cell(start.branch): _with_conflicts(draft, merged, doing.theirs)}
        done = _update(repository, start, f"{doing.description}, with conflicts", cells, draft)
        return MergeReport(Outcome.CONFLICTS, None, merged.conflicts, merged.notes) if done else None
    who = repository.who()
    parents = tuple(one for one in (start.head, doing.theirs) if one is not None)
    commit = save_commit(draft, Commit(merged.tree, parents, who.author, who.time, doing.message))
    cells = {branch_cell(start.branch): commit, work_cell(start.branch): merged.tree}
    done = _update(repository, start, doing.description, cells, draft)
    return MergeReport(Outcome.COMMITTED, commit, {}, merged.notes) if done else None


def _with_conflicts(draft: ObjectDraft, merged: MergedTrees, theirs: CommitId | None) -> TreeId:
    items = sorted((encode_place(place), encode_sides(sides)) for place, sides in merged.conflicts.items())
    merging = Merging(theirs, build(draft, items), len(items))
    return save_tree(draft, replace(Objects(draft).load_tree(merged.tree), merging=merging))


def _clean_start(repository: Repository, what: str) -> _Start:
    """The current branch as it stands.

    Raises StateError where it has uncommitted changes.
    """
    branch = repository.branch()
    with repository.store.read() as transaction:
        start = _Start(branch, find_commit(transaction, branch_cell(branch)), _work(transaction, branch))
    if repository.objects.load_tree(start.work).merging is not None:
        raise StateError("a merge has begun already", hint="'dset commit' ends it, 'dset merge --abort' gives it up")
    if start.work != committed_tree(repository, start.head):
        raise StateError(f"there are uncommitted changes, which {what} would mix with", hint="'dset commit' them first")
    return start


def _update(
    repository: Repository, start: _Start, description: str, cells: Mapping[str, bytes], draft: ObjectDraft
) -> bool:
    """Set cells in one transaction, unless the branch is no longer what the plan rests on."""

    def action(transaction: WriteTransaction) -> bool:
        head = find_commit(transaction, branch_cell(start.branch))
        if _Start(start.branch, head, _work(transaction, start.branch)) != start:
            return False
        draft.flush_into(transaction)
        record(transaction, repository.who(), description, cells)
        return True

    return repository.store.update(action)


def _work(transaction: ReadTransaction, branch: str) -> TreeId:
    tree = find_work(transaction, branch)
    if tree is None:
        raise CorruptError(f"the branch {branch!r} has no working state", hint="'dset fsck' says more")
    return tree
