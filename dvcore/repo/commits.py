"""Commits of a branch: making one, and walking back from one."""

import heapq
from collections.abc import Iterator
from dataclasses import replace
from unicodedata import normalize

from dvcore.errors import InvalidInputError, NotFoundError, StateError
from dvcore.ids import CommitId, TreeId, format_short
from dvcore.model.commit import Commit
from dvcore.model.conflicts import Merging
from dvcore.repo.cells import branch_cell, find_commit, work_cell, work_of
from dvcore.repo.edits import empty_tree
from dvcore.repo.objects import save_commit, save_tree
from dvcore.repo.operations import record
from dvcore.repo.repository import Repository, writes
from dvcore.store import Table, WriteTransaction


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
def commit_working(repository: Repository, message: str | None = None) -> CommitId:
    """Fix the working state of the current branch under one hash; in the midst of a merge, as its commit, by default
    with its message.

    Raises InvalidInputError for a message without text and where there is none, StateError where nothing has changed
    since the last commit, or where a merge has conflicts that are not settled.
    """
    given = None if message is None else checked_message(message)
    branch = repository.branch()
    return repository.store.update(lambda transaction: _commit(repository, transaction, branch, given))


def checked_message(message: str) -> str:
    """The message as a commit holds it.

    Raises InvalidInputError for one without text.
    """
    message = normalize("NFC", message.strip())
    if not message:
        raise InvalidInputError("a commit needs a message", hint="give it with -m")
    return message


def _commit(repository: Repository, transaction: WriteTransaction, branch: str, message: str | None) -> CommitId:
    work, head = work_of(transaction, branch), find_commit(transaction, branch_cell(branch))
    loaded = repository.objects.load_tree(work)
    merging = loaded.merging
    if merging is not None:
        _check_settled(merging)
        message = message or merging.message
    elif work == committed_tree(repository, head):
        if head is None:
            raise StateError("nothing to commit: the working state is empty", hint="'dset import' brings files in")
        raise StateError("nothing to commit: nothing has changed since the last commit")
    message = checked_message(message or "")
    who = repository.who()
    draft = repository.draft()
    tree = work if merging is None else save_tree(draft, replace(loaded, merging=None))
    merged = None if merging is None else merging.parent
    parents = tuple(one for one in (head, merged) if one is not None)
    commit = save_commit(draft, Commit(tree, parents, who.author, who.time, message))
    draft.flush_into(transaction)
    cells = {branch_cell(branch): commit, work_cell(branch): tree}
    record(transaction, who, f"commit: {message.splitlines()[0]}", cells)
    return commit


def _check_settled(merging: Merging) -> None:
    """Raises StateError where conflicts are left."""
    if merging.number:
        raise StateError(
            f"{merging.number} {'conflict' if merging.number == 1 else 'conflicts'} of the merge not settled yet",
            hint="'dset status' lists them, 'dset resolve' settles them, 'dset merge --abort' gives the merge up",
        )


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
