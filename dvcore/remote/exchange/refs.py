"""What becomes of a remote's refs here, when all that they lead to is here: after a push, a fetch, a clone.

Three promises:

- a cell `ref/remotes/…` leads to a commit that is here whole;
- refs of other people are never lost: what `fetch` cannot make of our names stays readable as `origin/…`;
- all cells of one push, fetch or clone change in one transaction.

Each has to be called inside `Repository.writing()` that began before the first object was looked for.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from dvcore.errors import StateError
from dvcore.ids import CommitId
from dvcore.remote.exchange.adopted import Adopted
from dvcore.remote.exchange.adopting import Adoption, Theirs, plan_adoption
from dvcore.remote.exchange.lines import said_by, with_snapshots
from dvcore.remote.exchange.ours import Ours, read_ours
from dvcore.remote.exchange.snapshot_files import move_files
from dvcore.remote.roots.root import Root
from dvcore.remote.roots.seen import Seen, seen_of, unpack_seen
from dvcore.repo.cells import (
    BRANCHES,
    HEAD,
    WORKING,
    branch_cell,
    find_cell,
    iter_cells,
    remote_cell,
    seen_cell,
    set_cell,
    work_cell,
)
from dvcore.repo.edits import empty_tree
from dvcore.repo.origins import SideFiles
from dvcore.repo.ref_names import HEADS, under
from dvcore.repo.repository import FIRST_BRANCH, Repository, writes
from dvcore.repo.tracking import iter_tracked
from dvcore.store import ReadTransaction, WriteTransaction

_ATTEMPTS: Final = 8
"""Plans made outside the write transaction before one is made inside, which nobody can overtake."""


def find_seen(repository: Repository, name: str) -> Seen | None:
    """What was last seen of a remote; None where it was never used. It does not say that its refs were fetched.

    Raises CorruptError.
    """
    repository.refresh()
    with repository.store.read() as transaction:
        return _find_seen(transaction, name)


def list_tracked(repository: Repository, name: str) -> dict[str, CommitId]:
    """The refs of a remote as they were last seen, by their names there: what a lease rests on.

    Raises CorruptError.
    """
    repository.refresh()
    with repository.store.read() as transaction:
        return _tracked(transaction, name)


@writes
def record_pushed(repository: Repository, name: str, root: Root, pushed: Collection[str]) -> None:
    """After a push: `root` is the remote's now, `pushed` the refs that were sent, whose commits are here. Refs of
    others are left as they were last seen, until somebody fetches them; those that are gone go.

    A root that is older than what another process has seen since changes nothing.
    """
    repository.store.update(lambda transaction: _follow(transaction, name, root, pushed))


@writes
def record_fetched(
    repository: Repository,
    name: str,
    root: Root,
    *,
    refs: Collection[str] | None = None,
    side_files: SideFiles | None = None,
) -> Adopted:
    """After a fetch of these refs (None: of all that the root has): follow them as `name/…`, and make of tags, projects
    and snapshots what `adopting` says; snapshots of a project come with it. Commits of `refs` are here whole.
    `side_files` (`snapshot.catalog.sidefiles.side_files_of`) renews the small files of snapshots that got another
    number.

    What could not be adopted is named in the result, never raised: the rest is done. Raises CorruptError for refs that
    lead to commits of another sort, before anything is recorded.
    """
    fetched = root.refs
    if refs is not None:
        some = {ref: root.refs[ref] for ref in refs if ref in root.refs}
        with said_by(name):
            fetched = with_snapshots(repository.objects, some, root.refs)
    adoption = _Arrival(repository, name, root, fetched, f"fetch: {name}").record()
    move_files(repository, adoption.moved, side_files)
    return adoption.adopted


@writes
def record_cloned(repository: Repository, name: str, root: Root, *, done: str) -> Adopted:
    """After the objects of a clone have come: all of the remote's branches become branches here, the current one is the
    root's head, and the rest is as after a fetch. `done` is what the log says. The repository has no commit and no work
    of its own.

    Raises StateError where it has, CorruptError as `record_fetched`.
    """
    heads = under(HEADS, root.refs)
    cells: dict[str, Any] = {}
    for branch, commit in heads.items():
        cells[branch_cell(branch)] = commit
        cells[work_cell(branch)] = repository.objects.load_commit(commit).tree
    if heads:
        cells[HEAD] = _first_branch(heads, root.head)
        cells.setdefault(work_cell(FIRST_BRANCH), None)
    return _Arrival(repository, name, root, root.refs, done, cells, frozenset(heads)).record().adopted


@dataclass(frozen=True, slots=True)
class _Arrival:
    """Refs of a root that were fetched. `cloned` are the cells of a clone's branches, None for a fetch."""

    repository: Repository
    name: str
    root: Root
    refs: Mapping[str, CommitId]
    done: str
    cloned: Mapping[str, Any] | None = None
    branches: frozenset[str] = frozenset()

    def record(self) -> Adoption:
        """Plan outside the write transaction, carry it out where it still fits, and plan again where it does not."""
        for _ in range(_ATTEMPTS):
            with self.repository.store.read() as transaction:
                ours = read_ours(transaction)
            planned = self._plan(ours)
            if self.repository.store.update(partial(self._apply, planned)):
                return planned
        return self.repository.store.update(self._plan_inside)

    def _plan(self, ours: Ours) -> Adoption:
        return plan_adoption(self.repository, ours, Theirs(self.name, self.refs, self.root.counters), self.branches)

    def _apply(self, planned: Adoption, transaction: WriteTransaction) -> bool:
        if not planned.fits(transaction):
            return False
        if self.cloned is not None:
            _check_fresh(self.repository, transaction)
        planned.apply(transaction, self.repository.who(), self.done, self.cloned or {})
        _follow(transaction, self.name, self.root, self.refs)
        return True

    def _plan_inside(self, transaction: WriteTransaction) -> Adoption:
        planned = self._plan(read_ours(transaction))
        self._apply(planned, transaction)
        return planned


def _follow(transaction: WriteTransaction, name: str, root: Root, fresh: Collection[str]) -> None:
    """Mirror the refs `fresh` of a root; others stay as long as the root has them."""
    seen = _find_seen(transaction, name)
    if seen is not None and seen.identity == root.identity and seen.serial > root.serial:
        return
    before = _tracked(transaction, name)
    after = {ref: root.refs[ref] if ref in fresh else before[ref] for ref in root.refs if ref in fresh or ref in before}
    for ref in before.keys() | after.keys():
        if before.get(ref) != after.get(ref):
            set_cell(transaction, remote_cell(name, ref), after.get(ref))
    if seen != seen_of(root):
        set_cell(transaction, seen_cell(name), seen_of(root).pack())


def _find_seen(transaction: ReadTransaction, name: str) -> Seen | None:
    value = find_cell(transaction, seen_cell(name))
    return None if value is None else unpack_seen(value)


def _tracked(transaction: ReadTransaction, name: str) -> dict[str, CommitId]:
    return {one.ref: one.commit for one in iter_tracked(transaction, name)}


def _first_branch(heads: Collection[str], head: str | None) -> str:
    """The root's own choice where there is such a branch, else `main`, else the first by name."""
    return next(name for name in (head, FIRST_BRANCH, min(heads)) if name is not None and name in heads)


def _check_fresh(repository: Repository, transaction: ReadTransaction) -> None:
    """Raises StateError where there is anything that a clone would take the place of."""
    empty = empty_tree(repository.draft())
    works = dict(iter_cells(transaction, WORKING))
    if works != {work_cell(FIRST_BRANCH): empty} or next(iter_cells(transaction, BRANCHES), None) is not None:
        raise StateError("the repository has work of its own", hint="clone into another folder")
