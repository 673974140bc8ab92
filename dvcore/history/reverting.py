"""One commit on the current branch: taken back, or done once more.

Both are merges of what lies between the commit and its parent: backwards with the commit as the base, forwards with the
parent. So they keep what else the branch has, and have the conflicts that a merge would have.
"""

from dvcore.errors import InvalidInputError, StateError
from dvcore.history.merging import MergeReport, apply_change
from dvcore.history.settling import Strategy
from dvcore.ids import CommitId, TreeId, format_id, format_short
from dvcore.model.commit import Commit
from dvcore.repo.edits import empty_tree
from dvcore.repo.repository import Repository, writes


@writes
def revert(
    repository: Repository,
    id_: CommitId,
    *,
    message: str | None = None,
    parent: int | None = None,
    strategy: Strategy = Strategy.STOP,
) -> MergeReport:
    """Take back on the current branch what a commit did, and commit that. `parent` says which one (from 1) the commit
    is compared with, where it has several.

    Raises StateError where the working state has uncommitted changes, where nothing is left to take back, or where the
    parent is not said; InvalidInputError where there is no such parent or the commit is of a project.
    """
    commit = repository.objects.load_commit(id_)
    before = _tree_before(repository, id_, commit, parent)
    if message is None:
        message = f'Revert "{_subject(commit)}"\n\nThis takes back the commit {format_id(id_)}.'
    description = f"revert: {format_short(id_)}"
    return apply_change(repository, description, message, before=commit.tree, after=before, strategy=strategy)


@writes
def cherry_pick(
    repository: Repository,
    id_: CommitId,
    *,
    message: str | None = None,
    parent: int | None = None,
    strategy: Strategy = Strategy.STOP,
) -> MergeReport:
    """Do on the current branch what a commit did, and commit that; the rest is as in `revert`."""
    commit = repository.objects.load_commit(id_)
    before = _tree_before(repository, id_, commit, parent)
    if message is None:
        message = f"{commit.message}\n\nDone before as the commit {format_id(id_)} of {commit.author}."
    description = f"cherry-pick: {format_short(id_)}"
    return apply_change(repository, description, message, before=before, after=commit.tree, strategy=strategy)


def _tree_before(repository: Repository, id_: CommitId, commit: Commit, parent: int | None) -> TreeId:
    """The tree that a commit is compared with."""
    parents = commit.parents
    if commit.definition is not None and commit.manifest is None:
        raise InvalidInputError(f"the commit {format_short(id_)} defines a project, and did nothing to the files")
    if parent is None and len(parents) > 1:
        raise StateError(
            f"the {'merge' if commit.manifest is None else 'snapshot'} {format_short(id_)} has several parents",
            hint=f"say with --parent which one it is compared with: {_listed(parents)}",
        )
    if parent is not None and not 1 <= parent <= len(parents):
        has = f"has the parents {_listed(parents)}" if parents else "has no parent"
        raise InvalidInputError(f"the commit {format_short(id_)} {has}, and no number {parent}")
    if parents:
        return repository.objects.load_commit(parents[(parent or 1) - 1]).tree
    draft = repository.draft()
    nothing = empty_tree(draft)
    repository.store.update(draft.flush_into)  # where there are conflicts, the working state refers to it
    return nothing


def _listed(parents: tuple[CommitId, ...]) -> str:
    return ", ".join(f"{number} is {format_short(one)}" for number, one in enumerate(parents, 1))


def _subject(commit: Commit) -> str:
    return next(iter(commit.message.splitlines()), "")
