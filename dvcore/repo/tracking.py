"""What is remembered of remotes: their refs as they were when last fetched or pushed, as `origin/main`.

Cells `ref/remotes/…` mirror the refs of each remote. No operation changes them, and none is undone by undoing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from dvcore.encoding import check_id
from dvcore.ids import CommitId
from dvcore.repo.cells import REMOTES, find_commit, iter_cells, remote_cell
from dvcore.repo.ref_names import HEADS, TAGS
from dvcore.repo.repository import Repository
from dvcore.store import ReadTransaction


@dataclass(frozen=True, slots=True)
class TrackedRef:
    """A ref of a remote as it was last seen; `ref` is its name there, such as `heads/main`."""

    remote: str
    ref: str
    commit: CommitId

    @property
    def branch(self) -> str | None:
        """The branch that it is of, or None."""
        return self.ref.removeprefix(HEADS) if self.ref.startswith(HEADS) else None

    @property
    def revision(self) -> str | None:
        """How users call it: `origin/main`, `origin/v1`, `origin/nuts@3`; None for the chain of a project."""
        kind, _, name = self.ref.partition("/")
        if kind == "snapshots":
            name = "@".join(name.rsplit("/", 1))
        return None if kind == "projects" else f"{self.remote}/{name}"


def iter_tracked(transaction: ReadTransaction, remote: str | None = None) -> Iterator[TrackedRef]:
    """The refs of a remote, or of all of them, in the order of their names.

    Raises CorruptError.
    """
    prefix = REMOTES if remote is None else remote_cell(remote, "")
    for cell, value in iter_cells(transaction, prefix):
        name, _, ref = cell.removeprefix(REMOTES).partition("/")
        yield TrackedRef(name, ref, CommitId(check_id(value, f"ref {cell!r}", "commit")))


def list_remote_branches(repository: Repository) -> list[TrackedRef]:
    """The branches of all remotes, by remote and name."""
    repository.refresh()
    with repository.store.read() as transaction:
        return [one for one in iter_tracked(transaction) if one.branch is not None]


def list_upstreams(repository: Repository, branch: str) -> list[TrackedRef]:
    """Branches of this name on remotes: what a branch is compared with."""
    return [one for one in list_remote_branches(repository) if one.branch == branch]


def find_tracked(transaction: ReadTransaction, remote: str, ref: str) -> CommitId | None:
    """What a ref of a remote was when it was last seen; None where it was not there."""
    return find_commit(transaction, remote_cell(remote, ref))


def find_remote_revision(transaction: ReadTransaction, text: str) -> CommitId | None:
    """The commit of `origin/main`, `origin/v1` or `origin/nuts@3`: a branch before a tag; or None."""
    remote, slash, name = text.partition("/")
    if not slash:
        return None
    project, at, number = name.rpartition("@")
    if at:
        return find_tracked(transaction, remote, f"snapshots/{project}/{number}")
    return find_tracked(transaction, remote, HEADS + name) or find_tracked(transaction, remote, TAGS + name)
