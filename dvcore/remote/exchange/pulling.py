"""Pull: fetch, then merge the remote's branch into the current one."""

from dataclasses import dataclass

from dvcore.errors import NotFoundError, nearest_hint
from dvcore.history.merging import MergeReport, check_clean, merge_commit
from dvcore.history.settling import Strategy
from dvcore.progress import Progress
from dvcore.remote.exchange.fetch import FetchReport, fetch
from dvcore.remote.exchange.refs import list_tracked
from dvcore.remote.storages.storage import Storage
from dvcore.repo.origins import SideFiles
from dvcore.repo.ref_names import HEADS, under
from dvcore.repo.repository import Repository


@dataclass(frozen=True, slots=True)
class PullReport:
    """What was fetched, the branch of the remote that was merged, and what became of that."""

    fetched: FetchReport
    branch: str
    merged: MergeReport


def pull(
    repository: Repository,
    storage: Storage,
    name: str,
    branch: str | None = None,
    *,
    is_lazy: bool = False,
    message: str | None = None,
    strategy: Strategy = Strategy.STOP,
    fast_forward: bool = True,
    side_files: SideFiles | None = None,
    progress: Progress | None = None,
) -> PullReport:
    """Fetch all of a remote, and merge a branch of it (None: the one called as the current one) into the current one.

    Raises StateError where the working state has uncommitted changes, before anything is asked of the remote;
    NotFoundError where the remote has no such branch, when all else has been fetched; as `fetch` and as `merge_commit`.
    """
    check_clean(repository, "pull")
    wanted = branch or repository.branch()
    fetched = fetch(repository, storage, name, is_lazy=is_lazy, side_files=side_files, progress=progress)
    tracked = list_tracked(repository, name)
    theirs = tracked.get(HEADS + wanted)
    if theirs is None:
        heads = list(under(HEADS, tracked))
        raise NotFoundError(f"{name} has no branch {wanted!r}", hint=nearest_hint(wanted, heads))
    text = message or f"merge {name}/{wanted}"
    merged = merge_commit(repository, theirs, text, strategy=strategy, fast_forward=fast_forward)
    return PullReport(fetched, wanted, merged)
