"""A remote that is open for reading: one state of its root, and the indexes that this root lists."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from dvcore.errors import NotFoundError
from dvcore.remote.contents.read_ahead import ReadAhead
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.indexes.index_set import IndexSet
from dvcore.remote.roots.commit import read_root
from dvcore.remote.roots.root import Root
from dvcore.remote.roots.seen import Seen, seen_of
from dvcore.remote.storages.storage import Storage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a remote has as of one root. Packs with a tombstone count as absent. Any thread may use it.

    Who reads for longer than the grace period of a collection may find packs gone: NotFoundError, and a newer root says
    where their values are.
    """

    storage: Storage
    root: Root
    indexes: IndexSet
    ahead: ReadAhead = field(default_factory=ReadAhead, compare=False, repr=False)
    """Pieces of packs of metadata that were read last."""

    def describe(self) -> str:
        """What messages call it."""
        return self.storage.describe()


def open_contents(storage: Storage, cache: IndexCache, *, seen: Seen | None = None) -> Contents | None:
    """What a remote has now, or None where nothing was pushed yet: one request, and one for each index that `cache`
    does not hold.

    Raises like `roots.commit.read_root` and `IndexCache.open`.
    """
    root = read_root(storage, seen=seen)
    while root is not None:
        try:
            return contents_of(storage, cache, root)
        except NotFoundError:  # an index that has been merged into another one and collected, if the root has moved
            newer = read_root(storage, seen=seen_of(root))
            if newer == root:
                raise
            root = newer
    return None


def read_by_newest(contents: Contents, cache: IndexCache, action: Callable[[Contents], T]) -> tuple[Contents, T]:
    """What an action gives that reads from a remote, and the contents that it was given: these, or newer ones where a
    collection has taken a pack away meanwhile.

    Raises what the action raises; NotFoundError where a pack is gone and the root has not moved.
    """
    while True:
        try:
            return contents, action(contents)
        except NotFoundError:
            newer = open_contents(contents.storage, cache, seen=seen_of(contents.root))
            if newer is None or newer.root == contents.root:
                raise
            contents = newer


def contents_of(storage: Storage, cache: IndexCache, root: Root) -> Contents:
    """What a remote has as of a root that was read before; a new root has nothing.

    Raises like `IndexCache.open`.
    """
    indexes = cache.open_all(storage, root.indexes)
    return Contents(storage, root, IndexSet(indexes, without=root.dead_packs))
