"""Commits of a branch: making one, and walking back from one."""

import heapq
from collections.abc import Iterator
from dataclasses import replace
from unicodedata import normalize

from dvcore.errors import CorruptError, InvalidInputError, NotFoundError, StateError
from dvcore.ids import CommitId, TreeId, format_short
from dvcore.model.commit import Commit
from dvcore.repo.cells import branch_cell, find_commit, find_work, work_cell
from dvcore.repo.edits import empty_tree
from dvcore.repo.objects import save_commit, save_tree
from dvcore.repo.operations import record
from dvcore.repo.repository import Repository, writes
from dvcore.store import ObjectDraft, Table, WriteTransaction


def head_commit(repository: Repository) -> CommitId | None:
    """The newest commit of the current branch, or None where it has none."""
    branch = repository.branch()
    with repository.store.read() as transaction:
        return find_commit(transaction, branch_cell(branch))


def check_present(repository: Repository, commit: CommitId) -> None:
    """Raises NotFoundError where a commit was collected since somebody had its id. Where it is there, all that it leads
    to is, and stays as long as the caller is `writing`."""
    with repository.store.read() as transaction:
        if not transaction.contains(Table.OBJECTS, commit):
            raise NotFoundError(f"there is no commit {format_short(commit)} any more", hint="'dset log' lists commits")


def has_uncommitted(repository: Repository) -> bool:
    """Whether the working state differs from the branch's newest commit."""
    return repository.work(repository.branch()) != committed_tree(repository, head_commit(repository))


def committed_tree(repository: Repository, commit: CommitId | None) -> TreeId:
    """The tree that a working state is compared with: the commit's, or the empty one before the first commit."""
    return repository.objects.load_commit(commit).tree if commit else empty_tree(repository.draft())


def head_tree(repository: Repository) -> TreeId | None:
    """The tree of the branch's newest commit, or None where it has none."""
    commit = head_commit(repository)
    return None if commit is None else repository.objects.load_commit(commit).tree


@writes
def commit_working(repository: Repository, message: str) -> CommitId:
    """Fix the working state of the current branch under one hash; in the midst of a merge, as its commit.

    Raises InvalidInputError for a message without text, StateError where nothing has changed since the last commit, or
    where a merge has conflicts that are not settled.
    """
    message = normalize("NFC", message.strip())
    if not message:
        raise InvalidInputError("a commit needs a message", hint="give it with -m")
    branch = repository.branch()
    return repository.store.update(lambda transaction: _commit(repository, transaction, branch, message))


def _commit(repository: Repository, transaction: WriteTransaction, branch: str, message: str) -> CommitId:
    tree, parent = find_work(transaction, branch), find_commit(transaction, branch_cell(branch))
    if tree is None:
        raise CorruptError(f"the branch {branch!r} has no working state", hint="'dset fsck' says more")
    if tree == committed_tree(repository, parent):
        if parent is None:
            raise StateError("nothing to commit: the working state is empty", hint="'dset import' brings files in")
        raise StateError("nothing to commit: nothing has changed since the last commit")
    who = repository.who()
    draft = repository.draft()
    tree, merged = _settled(repository, draft, tree)
    parents = tuple(one for one in (parent, merged) if one is not None)
    commit = save_commit(draft, Commit(tree, parents, who.author, who.time, message))
    draft.flush_into(transaction)
    cells = {branch_cell(branch): commit, work_cell(branch): tree}
    record(transaction, who, f"commit: {message.splitlines()[0]}", cells)
    return commit


def _settled(repository: Repository, draft: ObjectDraft, tree: TreeId) -> tuple[TreeId, CommitId | None]:
    """The tree as a commit has it, and the commit that was merged into it.

    Raises StateError where conflicts are left.
    """
    loaded = repository.objects.load_tree(tree)
    if loaded.merging is None:
        return tree, None
    number = loaded.merging.number
    if number:
        raise StateError(
            f"{number} {'conflict' if number == 1 else 'conflicts'} of the merge not settled yet",
            hint="'dset status' lists them, 'dset resolve' settles them, 'dset merge --abort' gives the merge up",
        )
    return save_tree(draft, replace(loaded, merging=None)), loaded.merging.theirs


def iter_history(repository: Repository, start: CommitId) -> Iterator[tuple[CommitId, Commit]]:
    """A commit and those before it, newest first, each once."""
    seen = {start}
    first = repository.objects.load_commit(start)
    queue = [(-first.time, start, first)]
    while queue:
        _, id_, commit = heapq.heappop(queue)
        yield id_, commit
        for parent in commit.parents:
            if parent not in seen:
                seen.add(parent)
                loaded = repository.objects.load_commit(parent)
                heapq.heappush(queue, (-loaded.time, parent, loaded))
