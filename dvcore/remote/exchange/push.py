"""Push: what the remote lacks goes there, packs first, then an index, then the root; so nobody ever sees half of it.

- Several refs are one change: all of them move, or none.
- What is missing is computed against the root that is replaced. Where another writer was faster, it is computed again
  against theirs, and what was sent meanwhile is not sent again.
- A push that was broken off goes on after the last whole pack, as long as nobody else changed the remote.
- Nothing here changes until the remote has; then what was seen of it is remembered.
"""

from collections.abc import Collection, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import Final

from dvcore.errors import NotFoundError
from dvcore.ids import BlobId, CommitId
from dvcore.progress import Progress, Silent
from dvcore.remote.contents.opened import Contents, contents_of
from dvcore.remote.exchange.push_bases import find_bases
from dvcore.remote.exchange.push_losses import check_losses
from dvcore.remote.exchange.push_missing import AbsentSource, Missing, Offer
from dvcore.remote.exchange.push_packs import PushPacks
from dvcore.remote.exchange.push_refs import Leases, PushRef, RefChange, plan_changes, projects_of, snapshots_of
from dvcore.remote.exchange.push_there import There
from dvcore.remote.exchange.refs import find_seen, record_pushed
from dvcore.remote.exchange.shards import iter_shard_values
from dvcore.remote.exchange.unfinished import unfinished_in
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.roots.commit import commit_root, read_root
from dvcore.remote.roots.format import WRITE_BYTES, encode_root
from dvcore.remote.roots.root import Root
from dvcore.remote.roots.seen import Seen
from dvcore.remote.settings import index_folder, push_folder
from dvcore.remote.storages.storage import Storage
from dvcore.repo.cells import find_counter, snapshot_counter
from dvcore.repo.ref_names import HEADS
from dvcore.repo.repository import Repository
from dvcore.store import Table

__all__ = ["Leases", "PushRef", "PushReport", "RefChange", "push"]

_NO_LEASES: Final[Leases] = {}


@dataclass(frozen=True, slots=True)
class PushReport:
    """What a push did to the remote of this name. `changes` are the refs that are not what they were. `objects` and
    `blobs` went there, in `packs` packs with these `bytes`, of which an earlier try that was broken off had sent
    `resumed`."""

    remote: str
    changes: tuple[RefChange, ...]
    objects: int
    blobs: int
    bytes: int
    packs: int
    resumed: int


def push(
    repository: Repository,
    storage: Storage,
    name: str,
    requests: Sequence[PushRef],
    *,
    leases: Leases | None = None,
    is_unsafe: bool = False,
    with_shards: bool = False,
    absent: AbsentSource | None = None,
    progress: Progress | None = None,
) -> PushReport:
    """Make refs of the remote `name`, which is at `storage`, what the requests say, and send what they lead to.

    Their commits are ones that refs of the repository lead to. `leases` say what refs have to be there, for changes
    that lose something: see `push_refs`; `refs.list_tracked` has what was seen last. `is_unsafe` allows a store without
    conditional writes. `with_shards` sends the TFRecords of the snapshots among the requests, too. `absent` gives blobs
    that are absent here; without it a push that needs any is refused.

    Raises StateError where a ref may not be changed so ("fetch first"), where blobs are absent, or where it is another
    remote than before; ConflictError where others were faster too often; UnknownOutcomeError where nobody can say
    whether the root was written; CorruptError where this side or the remote is damaged, or the remote goes back in
    time; InvalidInputError, NeedsNewerError, StorageError. Unless the outcome is unknown the remote is then as it was,
    and the next push takes up the packs that were sent.
    """
    layout = repository.layout
    seen = find_seen(repository, name)
    cache = IndexCache(None if layout is None else index_folder(layout, name))
    with ExitStack() as stack:
        unfinished = stack.enter_context(unfinished_in(None if layout is None else push_folder(layout, name)))
        packs = stack.enter_context(closing(PushPacks(storage, cache, unfinished, repository.scratch)))
        request = _Request(name, tuple(requests), leases or _NO_LEASES, with_shards, absent, progress or Silent())
        pushing = _Pushing(repository, storage, cache, request, packs)
        root = _replace_root(storage, pushing, seen, is_unsafe=is_unsafe)
        _remember(repository, name, root, requests)
        cache.trim(root.indexes)
        unfinished.forget()
    blobs = packs.values[Table.BLOBS] + packs.values[Table.CHUNK_LISTS]
    return PushReport(
        name, pushing.changes, packs.values[Table.OBJECTS], blobs, packs.bytes, packs.number, packs.resumed
    )


def _replace_root(storage: Storage, pushing: "_Pushing", seen: Seen | None, *, is_unsafe: bool) -> Root:
    """See `commit_root`. Where something that the root lists has gone because another root took its place meanwhile,
    and a collection came, the push goes on with that one."""
    while True:
        try:
            return commit_root(storage, pushing.update, seen=seen, is_unsafe=is_unsafe)
        except NotFoundError:
            if pushing.root is None or read_root(storage, seen=seen) == pushing.root:
                raise


def _remember(repository: Repository, name: str, root: Root, requests: Sequence[PushRef]) -> None:
    """Follow what was pushed, as far as nobody has changed it since, there or here."""
    if not root.serial:
        return
    with repository.writing():
        with repository.store.read() as transaction:
            pushed = {
                ref
                for ref, commit in ((one.ref, one.commit) for one in requests)
                if commit is not None
                and root.refs.get(ref) == commit
                and transaction.contains(Table.OBJECTS, commit)  # and then all that it leads to
            }
        record_pushed(repository, name, root, pushed)


@dataclass(frozen=True, slots=True)
class _Request:
    """What a push is asked for."""

    name: str
    refs: tuple[PushRef, ...]
    leases: Leases
    with_shards: bool
    absent: AbsentSource | None
    progress: Progress


class _Pushing:
    """One push, through all its attempts to replace the root."""

    def __init__(
        self,
        repository: Repository,
        storage: Storage,
        cache: IndexCache,
        request: _Request,
        packs: PushPacks,
    ) -> None:
        self.changes: tuple[RefChange, ...] = ()
        self.root: Root | None = None
        """The one that was looked at last."""
        self._repository = repository
        self._stores = repository.stores  # of one generation, which stays readable whatever is collected meanwhile
        self._objects = repository.objects
        self._storage = storage
        self._cache = cache
        self._request = request
        self._packs = packs
        self._last: tuple[Root, Root] | None = None
        """The root of the last attempt, and what was made of it."""

    def update(self, root: Root) -> Root:
        """What the remote is to be after this root, when all is there that this takes. See `commit_root`."""
        if self._last is not None and _is_same(self._last[0], root):
            return self._last[1]
        request, self.root = self._request, root
        self.changes = plan_changes(self._objects, root, request.refs, request.leases, request.name)
        after = self._changed(root)
        check_losses(self._repository, request.name, self.changes, after, request.progress)
        shards = snapshots_of(one.ref for one in request.refs if one.commit) if request.with_shards else []
        starts = [change.after for change in self.changes if change.after is not None]
        if starts or shards:
            encode_root(after.written(bytes(WRITE_BYTES)))  # raises for what no root may say, before anything is sent
            contents = contents_of(self._storage, self._cache, root)
            with self._packs.sending(root) as offer:
                there = There(contents, self._packs)
                self._send(contents, starts, there, offer)
                self._send_shards(shards, there, offer)
            after = replace(after, indexes=self._packs.join(root))
        self._last = root, after
        return after

    def _send(self, contents: Contents, starts: Sequence[CommitId], there: There, offer: Offer) -> None:
        with closing(Missing(self._stores, there, offer, self._repository.scratch)) as missing:
            bases = find_bases(self._stores.objects, contents, is_thorough=self._is_new_to_us(contents.root))
            missing.walk(starts, bases, self._request.progress)
            missing.send(self._request.absent, self._request.progress)

    def _is_new_to_us(self, root: Root) -> bool:
        """Whether nothing that is pushed goes on from what the remote has, so that it pays to look what others have
        there."""
        return bool(root.refs) and all(change.before is None or change.is_forced for change in self.changes)

    def _send_shards(self, snapshots: Sequence[tuple[str, int]], there: There, offer: Offer) -> None:
        def is_wanted(shard: BlobId) -> bool:
            return not there.has_blob(shard)

        for value in iter_shard_values(self._repository, snapshots, is_wanted=is_wanted) if snapshots else ():
            if not there.has(value.table, value.id):
                offer(value)

    def _changed(self, root: Root) -> Root:
        """The root with its refs changed, and what follows from that."""
        if not self.changes:
            return root
        refs = dict(root.refs)
        for change in self.changes:
            if change.after is None:
                del refs[change.ref]
            else:
                refs[change.ref] = change.after
        return replace(root, refs=refs, counters=self._counters(root), head=self._head(root, refs.keys()))

    def _counters(self, root: Root) -> dict[str, int]:
        """No number of a snapshot is ever given twice, wherever it was given first."""
        counters = dict(root.counters)
        with self._stores.objects.read() as transaction:
            for project in projects_of(one.ref for one in self._request.refs if one.commit):
                number = max(counters.get(project, 0), find_counter(transaction, snapshot_counter(project)))
                if number:
                    counters[project] = number
        return counters

    def _head(self, root: Root, refs: Collection[str]) -> str | None:
        """The branch that a clone begins with: it stays, as long as it is there; else the current one, or any."""
        if root.head is not None and HEADS + root.head in refs:
            return root.head
        branches = sorted(ref.removeprefix(HEADS) for ref in refs if ref.startswith(HEADS))
        current = self._repository.branch()
        return current if current in branches else next(iter(branches), None)


def _is_same(one: Root, other: Root) -> bool:
    """Whether two roots are one state; those of a remote that holds nothing differ in what its identity would be."""
    return one == other or one.serial == other.serial == 0
