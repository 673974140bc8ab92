"""Clone: a new repository that has what a remote has.

The remote is read before anything is made. From then on there is a repository that names the remote and has no commit,
and that is what a clone that was interrupted goes on from: its branches appear in one transaction at the end.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dvcore.errors import ExistsError
from dvcore.ids import CommitId
from dvcore.progress import Progress, Silent
from dvcore.remote.contents.opened import Contents, contents_of, read_by_newest
from dvcore.remote.exchange.adopted import Adopted
from dvcore.remote.exchange.arriving import NOTHING, Arrived, bring_refs
from dvcore.remote.exchange.fetch import bring_shards, index_cache
from dvcore.remote.exchange.refs import record_cloned
from dvcore.remote.exchange.shards import ShardsWritten
from dvcore.remote.roots.commit import read_root
from dvcore.remote.settings import Remote, add_remote, list_remotes
from dvcore.remote.storages.storage import Storage
from dvcore.repo.cells import HEAD, iter_cells, work_cell
from dvcore.repo.edits import empty_tree
from dvcore.repo.layout import Layout
from dvcore.repo.origins import SideFiles
from dvcore.repo.repository import FIRST_BRANCH, NOBODY, Repository


@dataclass(frozen=True, slots=True)
class CloneReport:
    """What a clone has: the remote's refs, by their names there; `branch` is the current one. `is_empty` where nothing
    was ever pushed to the remote; `shards` None where they were not asked for."""

    remote: str
    branch: str
    refs: dict[str, CommitId]
    adopted: Adopted
    arrived: Arrived
    shards: ShardsWritten | None = None
    is_empty: bool = False


def clone(
    storage: Storage,
    remote: Remote,
    folder: Path,
    *,
    author: str = NOBODY,
    allow_network_fs: bool = False,
    with_shards: bool = False,
    side_files: SideFiles | None = None,
    progress: Progress | None = None,
) -> CloneReport:
    """Make a repository in `folder` that has all that is at `storage`, and follows it as `remote`; without images where
    that is lazy. Where an earlier try was interrupted, it goes on.

    Raises ExistsError where another repository is there; as `fetch`, with a repository left that the next try goes on
    from, unless it was the root of the remote that could not be read.
    """
    told = progress or Silent()
    root = read_root(storage)
    with _opened(folder, remote, author=author, allow_network_fs=allow_network_fs) as repository:
        if root is None:
            return CloneReport(remote.name, repository.branch(), {}, Adopted(), NOTHING, is_empty=True)
        with repository.writing():
            cache = index_cache(repository, remote.name)

            def bring(contents: Contents) -> Arrived:
                return bring_refs(repository, contents, contents.root.refs, (), is_lazy=remote.is_lazy, progress=told)

            contents, arrived = read_by_newest(contents_of(storage, cache, root), cache, bring)
            root = contents.root
            adopted = record_cloned(repository, remote.name, root, done=f"clone: {remote.address.text}")
            shards = bring_shards(repository, contents, root.refs, side_files, told) if with_shards else None
        return CloneReport(remote.name, repository.branch(), dict(root.refs), adopted, arrived, shards)


@contextmanager
def _opened(folder: Path, remote: Remote, *, author: str, allow_network_fs: bool) -> Iterator[Repository]:
    """The repository that an earlier try left, or a new one, which names the remote.

    Raises ExistsError for any other.
    """
    layout = Layout(folder.resolve())
    how = Repository.open if layout.folder.exists() else Repository.init
    with how(folder, author=author, allow_network_fs=allow_network_fs) as repository:
        remotes = [] if repository.layout is None else list_remotes(repository.layout)
        others = [one for one in remotes if (one.name, one.address) != (remote.name, remote.address)]
        if others or not _is_untouched(repository):
            raise ExistsError(
                f"{layout.root} is a repository already, and not one that a clone of this remote has begun",
                hint="name another folder; 'dset fetch' brings what is new into a repository",
            )
        if not remotes:
            add_remote(repository, remote)
        yield repository


def _is_untouched(repository: Repository) -> bool:
    """Whether nobody has done anything in it."""
    with repository.store.read() as transaction:
        cells = dict(iter_cells(transaction, ""))
    return cells == {HEAD: FIRST_BRANCH, work_cell(FIRST_BRANCH): empty_tree(repository.draft())}
