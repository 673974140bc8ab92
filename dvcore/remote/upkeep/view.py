"""A remote as of one root, with each of its indexes at hand: a collection looks through them and replaces some."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dvcore.remote.contents.opened import Contents
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.indexes.index import Index
from dvcore.remote.indexes.index_set import IndexSet
from dvcore.remote.packs.names import PackRef
from dvcore.remote.roots.root import Root
from dvcore.remote.storages.storage import Storage


@dataclass(frozen=True, slots=True)
class View:
    """`indexes` are in the order in which the root lists them."""

    contents: Contents
    indexes: Sequence[Index]

    @property
    def root(self) -> Root:
        """The root that this is a view of."""
        return self.contents.root

    def packs(self) -> list[PackRef]:
        """All packs that an index speaks of, those with a tombstone among them, each once."""
        return list(dict.fromkeys(pack for index in self.indexes for pack in index.packs))

    def without(self, packs: Collection[bytes]) -> IndexSet:
        """What the remote would have without some packs, by their ids."""
        return IndexSet(self.indexes, without=self.root.dead_packs | frozenset(packs))


def view_of(storage: Storage, cache: IndexCache, root: Root) -> View:
    """Open the indexes of a root. Raises like `IndexCache.open`."""
    indexes = cache.open_all(storage, root.indexes)
    return View(Contents(storage, root, IndexSet(indexes, without=root.dead_packs)), indexes)
