"""Fetch: what a remote has and we lack comes here, then its refs are followed.

Everything comes before the one transaction that makes it matter, so that a fetch that fails, or is killed, has changed
no ref; run again it goes on where it was.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from dvcore.errors import NotFoundError, nearest_hint
from dvcore.ids import CommitId
from dvcore.progress import Progress, Silent
from dvcore.remote.contents.opened import Contents, open_contents, read_by_newest
from dvcore.remote.exchange.adopted import Adopted
from dvcore.remote.exchange.arriving import NOTHING, Arrived, bring_refs
from dvcore.remote.exchange.refs import find_seen, list_tracked, record_fetched
from dvcore.remote.exchange.shards import ShardsWritten, SnapshotName, write_shards
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.roots.root import Root
from dvcore.remote.settings import index_folder
from dvcore.remote.storages.storage import Storage
from dvcore.repo.cells import REFS, find_commit, iter_cells, snapshot_cell
from dvcore.repo.origins import SideFiles
from dvcore.repo.ref_names import find_snapshot
from dvcore.repo.repository import Repository, writes


@dataclass(frozen=True, slots=True)
class RefMove:
    """A ref of a remote, by its name there: where it was when it was last seen, and is now; None where it was or is
    not."""

    ref: str
    before: CommitId | None
    after: CommitId | None


@dataclass(frozen=True, slots=True)
class FetchReport:
    """What a fetch brought. `moves` are the remote's refs that moved since they were last seen, in the order of their
    names; `is_empty` where nothing was ever pushed to it; `shards` None where they were not asked for."""

    remote: str
    moves: tuple[RefMove, ...]
    adopted: Adopted
    arrived: Arrived
    shards: ShardsWritten | None = None
    is_empty: bool = False


@writes
def fetch(
    repository: Repository,
    storage: Storage,
    name: str,
    *,
    refs: Collection[str] | None = None,
    is_lazy: bool = False,
    with_shards: bool = False,
    side_files: SideFiles | None = None,
    progress: Progress | None = None,
) -> FetchReport:
    """Bring what the remote `name`, which is at `storage`, has beyond what is here, and follow its refs (None: all).

    `refs` are names as the remote's root has them, such as `heads/main`. `is_lazy` brings no image: those that are not
    here are marked as absent. `with_shards` brings the TFRecords of its snapshots into their folders; `side_files` says
    what lies beside them.

    What cannot be adopted is named in the report. Raises NotFoundError for a ref that is not there; CorruptError where
    the remote is damaged, lies, or goes back in time, and StateError where it is another one than before, with no ref
    changed; NeedsNewerError, StorageError.
    """
    told = progress or Silent()
    cache = index_cache(repository, name)
    contents = open_contents(storage, cache, seen=find_seen(repository, name))
    if contents is None:
        return FetchReport(name, (), Adopted(), NOTHING, is_empty=True)
    bases = ref_commits(repository)

    def bring(contents: Contents) -> Arrived:
        return bring_refs(
            repository, contents, _choose(contents.root, refs, name), bases, is_lazy=is_lazy, progress=told
        )

    contents, arrived = read_by_newest(contents, cache, bring)
    before = list_tracked(repository, name)
    adopted = record_fetched(repository, name, contents.root, refs=refs, side_files=side_files)
    cache.trim(contents.root.indexes)
    moves = _moves(before, list_tracked(repository, name))
    chosen = _choose(contents.root, refs, name)
    shards = bring_shards(repository, contents, chosen, side_files, told) if with_shards else None
    return FetchReport(name, moves, adopted, arrived, shards)


def index_cache(repository: Repository, name: str) -> IndexCache:
    """Where the indexes of a remote are kept for this repository."""
    return IndexCache(None if repository.layout is None else index_folder(repository.layout, name))


def ref_commits(repository: Repository) -> set[CommitId]:
    """The commits that refs lead to, those of remotes among them: all that these lead to is here."""
    with repository.store.read() as transaction:
        return {CommitId(value) for _, value in iter_cells(transaction, REFS)}


def bring_shards(
    repository: Repository,
    contents: Contents,
    refs: Iterable[str],
    side_files: SideFiles | None,
    progress: Progress,
) -> ShardsWritten:
    """Bring the shards of those snapshots among the refs that are under the same name here."""
    snapshots = [snapshot for ref in refs if (snapshot := _snapshot_here(repository, contents.root, ref)) is not None]
    return write_shards(repository, contents, snapshots, side_files=side_files, progress=progress)


def _choose(root: Root, refs: Collection[str] | None, name: str) -> dict[str, CommitId]:
    """Raises NotFoundError."""
    for ref in refs or ():
        if ref not in root.refs:
            raise NotFoundError(f"{name} has no {ref}", hint=nearest_hint(ref, root.refs))
    return {ref: commit for ref, commit in root.refs.items() if refs is None or ref in refs}


def _moves(before: dict[str, CommitId], after: dict[str, CommitId]) -> tuple[RefMove, ...]:
    moves = (RefMove(ref, before.get(ref), after.get(ref)) for ref in sorted(before.keys() | after.keys()))
    return tuple(move for move in moves if move.before != move.after)


def _snapshot_here(repository: Repository, root: Root, ref: str) -> SnapshotName | None:
    """The project and number of a snapshot's ref, where ours of that name is the same."""
    snapshot = find_snapshot(ref)
    if snapshot is None:
        return None
    with repository.store.read() as transaction:
        ours = find_commit(transaction, snapshot_cell(*snapshot))
    return snapshot if ours == root.refs[ref] else None
