"""Branches and tags: names for commits. Each branch has its own working state, so switching never loses anything."""

from collections.abc import Iterator
from dataclasses import dataclass

from dvcore.errors import ExistsError, NotFoundError, StateError, nearest_hint
from dvcore.ids import CommitId
from dvcore.repo.ancestry import count_beyond
from dvcore.repo.cells import (
    HEAD,
    REFS,
    TAGS,
    WORKING,
    branch_cell,
    check_ref_name,
    find_commit,
    find_text,
    find_work,
    iter_cells,
    tag_cell,
    work_cell,
)
from dvcore.repo.commits import check_present, committed_tree
from dvcore.repo.operations import record
from dvcore.repo.repository import Repository, writes
from dvcore.store import ReadTransaction, WriteTransaction


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch; `commit` is None before its first one."""

    name: str
    commit: CommitId | None
    is_current: bool
    has_uncommitted: bool


def list_branches(repository: Repository) -> list[Branch]:
    """All branches by name."""
    current = repository.branch()
    with repository.store.read() as transaction:
        working = {cell.removeprefix(WORKING): tree for cell, tree in iter_cells(transaction, WORKING)}
        found = [(name, tree, find_commit(transaction, branch_cell(name))) for name, tree in working.items()]
    return [
        Branch(name, commit, name == current, tree != committed_tree(repository, commit))
        for name, tree, commit in found
    ]


def list_tags(repository: Repository) -> list[tuple[str, CommitId]]:
    """All tags by name, with their commits."""
    repository.refresh()
    with repository.store.read() as transaction:
        return [(cell.removeprefix(TAGS), CommitId(value)) for cell, value in iter_cells(transaction, TAGS)]


@writes
def create_branch(repository: Repository, name: str, commit: CommitId) -> None:
    """Start a branch at a commit; its working state is that commit's tree.

    Raises InvalidInputError, ExistsError, and NotFoundError where the commit is gone: whoever looked it up before it
    had a name has to do so inside `writing`.
    """
    check_ref_name("branch", name)
    check_present(repository, commit)
    tree = repository.objects.load_commit(commit).tree

    def action(transaction: WriteTransaction) -> None:
        _check_free(transaction, "branch", name)
        record(
            transaction,
            repository.who(),
            f"branch: create {name}",
            {branch_cell(name): commit, work_cell(name): tree},
        )

    repository.store.update(action)


@writes
def switch_branch(repository: Repository, name: str) -> None:
    """Make a branch the current one; both keep their uncommitted work.

    Raises NotFoundError.
    """

    def action(transaction: WriteTransaction) -> None:
        _check_branch(transaction, name)
        record(transaction, repository.who(), f"switch: {name}", {HEAD: name})

    if name != repository.branch():
        repository.store.update(action)


@writes
def rename_branch(repository: Repository, old: str, new: str) -> None:
    """Give a branch another name; its working state, and being the current one, go with it.

    Raises NotFoundError, InvalidInputError, ExistsError.
    """
    check_ref_name("branch", new)

    def action(transaction: WriteTransaction) -> None:
        _check_branch(transaction, old)
        _check_free(transaction, "branch", new)
        cells: dict[str, object] = {work_cell(old): None, work_cell(new): find_work(transaction, old)}
        commit = find_commit(transaction, branch_cell(old))
        if commit is not None:
            cells |= {branch_cell(old): None, branch_cell(new): commit}
        if find_text(transaction, HEAD) == old:
            cells[HEAD] = new
        record(transaction, repository.who(), f"branch: rename {old} to {new}", cells)

    repository.store.update(action)


@writes
def delete_branch(repository: Repository, name: str, *, force: bool = False) -> None:
    """Remove a branch's name and working state; commits stay reachable through the operation log.

    Raises NotFoundError, and StateError for the current branch or, unless forced, for one with uncommitted work or with
    commits that no other branch, tag or snapshot leads to.
    """

    def action(transaction: WriteTransaction) -> None:
        _check_branch(transaction, name)
        commit = find_commit(transaction, branch_cell(name))
        if find_text(transaction, HEAD) == name:
            raise StateError(f"{name!r} is the current branch", hint="switch to another one first")
        if not force:
            _check_kept(repository, transaction, name, commit)
        cells = (work_cell(name),) if commit is None else (branch_cell(name), work_cell(name))
        record(transaction, repository.who(), f"branch: delete {name}", dict.fromkeys(cells))

    repository.store.update(action)


@writes
def create_tag(repository: Repository, name: str, commit: CommitId) -> None:
    """Give a commit a name that stays.

    Raises InvalidInputError, ExistsError, and NotFoundError as `create_branch` does.
    """
    check_ref_name("tag", name)
    check_present(repository, commit)

    def action(transaction: WriteTransaction) -> None:
        _check_free(transaction, "tag", name)
        record(transaction, repository.who(), f"tag: {name}", {tag_cell(name): commit})

    repository.store.update(action)


@writes
def delete_tag(repository: Repository, name: str) -> CommitId:
    """Take a tag's name away; gives the commit that had it.

    Raises NotFoundError.
    """

    def action(transaction: WriteTransaction) -> CommitId:
        commit = find_commit(transaction, tag_cell(name))
        if commit is None:
            names = [cell.removeprefix(TAGS) for cell, _ in iter_cells(transaction, TAGS)]
            raise NotFoundError(f"no tag {name!r}", hint=nearest_hint(name, names) or "'dset tag' lists them")
        record(transaction, repository.who(), f"tag: delete {name}", {tag_cell(name): None})
        return commit

    return repository.store.update(action)


def _check_kept(repository: Repository, transaction: ReadTransaction, name: str, commit: CommitId | None) -> None:
    """Raises StateError where something would be lost with a branch."""
    hint = "--force deletes it all the same"
    if find_work(transaction, name) != committed_tree(repository, commit):
        raise StateError(f"the branch {name!r} has uncommitted work", hint=hint)
    if commit is None:
        return
    lost = count_beyond(repository.objects, commit, _iter_other_refs(transaction, branch_cell(name)), is_certain=True)
    if lost:
        commits = "a commit" if lost == 1 else f"{lost} commits"
        raise StateError(f"nothing but the branch {name!r} leads to {commits} of it", hint=hint)


def _iter_other_refs(transaction: ReadTransaction, ref: str) -> Iterator[CommitId]:
    """What all other refs lead to, be they of branches, tags, projects or snapshots."""
    return (CommitId(value) for cell, value in iter_cells(transaction, REFS) if cell != ref)


def _check_free(transaction: ReadTransaction, what: str, name: str) -> None:
    """Branches and tags share one set of names. Raises ExistsError where it has the one that is to be a `what`'s."""
    for taken, holder in (("branch", find_work(transaction, name)), ("tag", find_commit(transaction, tag_cell(name)))):
        if holder is not None:
            said = f"the {what} {name!r} exists already" if taken == what else f"a {taken} is called {name!r} already"
            raise ExistsError(said, hint="choose another name")


def _check_branch(transaction: ReadTransaction, name: str) -> None:
    if find_work(transaction, name) is None:
        names = [cell.removeprefix(WORKING) for cell, _ in iter_cells(transaction, WORKING)]
        raise NotFoundError(f"no branch {name!r}", hint=nearest_hint(name, names) or "'dset branch' lists them")
