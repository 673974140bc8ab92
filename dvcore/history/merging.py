"""Merging a commit into the current branch, doing one commit again on it, and taking one back.

A merge without conflicts is committed at once: branch and working state move in one transaction. One with conflicts is
in the working state alone, with the conflicts as values beside it, until they are settled and it is committed, or it is
given up. Whoever moves the branch meanwhile makes it be planned anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from dvcore.errors import InvalidInputError, StateError
from dvcore.history.base_trees import base_tree
from dvcore.history.merge_trees import MergedTrees, merge_trees
from dvcore.history.settling import Strategy
from dvcore.ids import CommitId, TreeId, format_short
from dvcore.model.commit import Commit
from dvcore.model.conflicts import Conflict, Merging, Place, Sides, conflict_key, encode_conflict
from dvcore.prolly import build
from dvcore.repo.ancestry import merge_bases
from dvcore.repo.cells import branch_cell, find_commit, work_cell, work_of
from dvcore.repo.commits import checked_message, committed_tree
from dvcore.repo.objects import Objects, save_commit, save_tree
from dvcore.repo.operations import record
from dvcore.repo.repository import Repository, writes
from dvcore.repo.revisions import dataset_parent
from dvcore.store import ObjectDraft, WriteTransaction


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
    """What is brought into the working state: what leads from one tree to another. `description` is how the log calls
    it, `parent` the commit that becomes the second parent of the merge's."""

    description: str
    message: str
    before: TreeId
    after: TreeId
    strategy: Strategy
    parent: CommitId | None = None


@writes
def merge_commit(
    repository: Repository,
    theirs: CommitId,
    message: str,
    *,
    strategy: Strategy = Strategy.STOP,
    fast_forward: bool = True,
) -> MergeReport:
    """Merge a commit and all before it into the current branch; of a snapshot's commit, that of its dataset.

    Raises StateError where the working state has uncommitted changes, InvalidInputError for a message without text and
    for a commit that only defines a project, ConflictError where no tree can hold both sides, CorruptError,
    NeedsNewerError.
    """
    theirs = _dataset_commit(repository, theirs)
    message = checked_message(message)
    while True:
        start = _clean_start(repository, "merge")
        report = _merge_once(repository, start, theirs, message, strategy, fast_forward=fast_forward)
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

    Raises StateError where the working state has uncommitted changes, or where there is nothing to do, and the rest as
    `merge_commit`.
    """
    doing = _Doing(description, checked_message(message), before, after, strategy)
    while True:
        start = _clean_start(repository, description)
        report = _bring_in(repository, start, repository.draft(), doing)
        if report is not None:
            return report


@writes
def abort_merge(repository: Repository) -> None:
    """Give a merge up: the working state is the branch's newest commit again.

    Raises StateError where no merge has begun.
    """
    branch = repository.branch()

    def action(transaction: WriteTransaction) -> None:
        work = work_of(transaction, branch)
        if repository.objects.load_tree(work).merging is None:
            raise StateError("there is no merge to give up")
        tree = committed_tree(repository, find_commit(transaction, branch_cell(branch)))
        record(transaction, repository.who(), "merge: given up", {work_cell(branch): tree})

    repository.store.update(action)


def check_clean(repository: Repository, what: str) -> None:
    """Raises StateError where the current branch has uncommitted changes, or a merge that has begun; `what` is what
    would mix with them."""
    _clean_start(repository, what)


def _merge_once(
    repository: Repository,
    start: _Start,
    theirs: CommitId,
    message: str,
    strategy: Strategy,
    *,
    fast_forward: bool,
) -> MergeReport | None:
    """None where the branch moved meanwhile."""
    draft = repository.draft()
    description = f"merge: {format_short(theirs)}"
    bases = [] if start.head is None else merge_bases(repository.objects, start.head, theirs)
    if theirs in bases:
        return MergeReport(Outcome.UP_TO_DATE, start.head, {})
    tree = repository.objects.load_commit(theirs).tree
    if start.head is None or (fast_forward and start.head in bases):
        cells = {branch_cell(start.branch): theirs, work_cell(start.branch): tree}
        moved = _update(repository, start, description, cells, draft)
        return MergeReport(Outcome.FAST_FORWARD, theirs, {}) if moved else None
    before = base_tree(draft, start.head, theirs)
    return _bring_in(repository, start, draft, _Doing(description, message, before, tree, strategy, theirs))


def _bring_in(repository: Repository, start: _Start, draft: ObjectDraft, doing: _Doing) -> MergeReport | None:
    """Commit what was merged, or put it with its conflicts into the working state; None where the branch moved."""
    merged = merge_trees(draft, doing.before, start.work, doing.after, strategy=doing.strategy)
    if merged.conflicts:
        cells: dict[str, bytes] = {work_cell(start.branch): _with_conflicts(draft, merged, doing)}
        done = _update(repository, start, f"{doing.description}, with conflicts", cells, draft)
        return MergeReport(Outcome.CONFLICTS, None, merged.conflicts, merged.notes) if done else None
    if merged.tree == start.work and doing.parent is None:
        raise StateError(f"nothing to commit: {doing.description} changes nothing here")
    who = repository.who()
    parents = tuple(one for one in (start.head, doing.parent) if one is not None)
    commit = save_commit(draft, Commit(merged.tree, parents, who.author, who.time, doing.message))
    cells = {branch_cell(start.branch): commit, work_cell(start.branch): merged.tree}
    done = _update(repository, start, doing.description, cells, draft)
    return MergeReport(Outcome.COMMITTED, commit, {}, merged.notes) if done else None


def _with_conflicts(draft: ObjectDraft, merged: MergedTrees, doing: _Doing) -> TreeId:
    conflicts = (Conflict(place, sides) for place, sides in merged.conflicts.items())
    items = ((conflict_key(one.place), draft.put(encode_conflict(one))) for one in conflicts)
    root = build(draft, sorted(items))
    merging = Merging(doing.parent, doing.message, doing.before, doing.after, root, len(merged.conflicts))
    return save_tree(draft, replace(Objects(draft).load_tree(merged.tree), merging=merging))


def _dataset_commit(repository: Repository, id_: CommitId) -> CommitId:
    """The commit itself, or of a snapshot's the dataset's.

    Raises InvalidInputError for one that only defines a project.
    """
    commit = repository.objects.load_commit(id_)
    if commit.definition is None:
        return id_
    if commit.manifest is None:
        raise InvalidInputError(f"the commit {format_short(id_)} defines a project, and has no files to merge")
    return dataset_parent(commit)


def _clean_start(repository: Repository, what: str) -> _Start:
    """The current branch as it stands.

    Raises StateError where it has uncommitted changes.
    """
    branch = repository.branch()
    with repository.store.read() as transaction:
        start = _Start(branch, find_commit(transaction, branch_cell(branch)), work_of(transaction, branch))
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
        if _Start(start.branch, head, work_of(transaction, start.branch)) != start:
            return False
        draft.flush_into(transaction)
        record(transaction, repository.who(), description, cells)
        return True

    return repository.store.update(action)
