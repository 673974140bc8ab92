"""What lies on a remote and no root lists: packs of pushes that never ended, indexes that others stand for now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dvcore.errors import CorruptError
from dvcore.remote.packs.names import INDEXES, PACKS, PackRef, find_index_id, find_pack
from dvcore.remote.packs.pack import check_size
from dvcore.remote.storages.storage import Listed, Storage
from dvcore.remote.upkeep.view import View
from dvcore.store.background import iter_results

_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What the root did not list when it was looked for. `misfits` are named like packs and have a size that none has,
    so that no root can ever list them."""

    packs: tuple[tuple[PackRef, datetime], ...]
    misfits: tuple[Listed, ...]
    indexes: tuple[Listed, ...]

    def older(self, time: datetime) -> Leftovers:
        """Those that the store got at this time or before."""
        return Leftovers(
            tuple((pack, at) for pack, at in self.packs if at <= time),
            tuple(one for one in self.misfits if one.time <= time),
            tuple(one for one in self.indexes if one.time <= time),
        )

    def __bool__(self) -> bool:
        return bool(self.packs or self.misfits or self.indexes)


def find_leftovers(view: View) -> Leftovers:
    """List packs and indexes. Other people's objects are passed over. Raises StateError, StorageError."""
    storage = view.contents.storage
    listed = view.root.dead_packs.union(pack.id for pack in view.packs())
    packs, misfits = [], []
    for one in storage.iter_names(PACKS):
        pack = find_pack(one.name, one.size)
        if pack is not None and pack.id not in listed:
            if is_possible(pack):
                packs.append((pack, one.time))
            else:
                misfits.append(one)
    return Leftovers(tuple(packs), tuple(misfits), tuple(_iter_unlisted_indexes(view)))


def remove_all(storage: Storage, names: Iterable[str]) -> None:
    """Remove objects, several at a time. Raises StorageError; running it again removes the rest."""
    for _ in iter_results(storage.remove, names, _AT_ONCE):
        pass


def is_possible(pack: PackRef) -> bool:
    """Whether a pack can have the size that is said."""
    try:
        check_size(pack)
    except CorruptError:
        return False
    return True


def _iter_unlisted_indexes(view: View) -> Iterator[Listed]:
    listed = {index.id for index in view.root.indexes}
    for one in view.contents.storage.iter_names(INDEXES):
        index = find_index_id(one.name)
        if index is not None and index not in listed:
            yield one
