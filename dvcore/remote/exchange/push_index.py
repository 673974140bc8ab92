"""The indexes of what a push sends, made for one root at a time and added to those that it lists."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from struct import Struct
from typing import Final

from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.indexes.index import Index
from dvcore.remote.indexes.levels import merge_new
from dvcore.remote.indexes.making import IndexMaker, MadeIndex
from dvcore.remote.packs.names import IndexRef, PackKind, PackRef
from dvcore.remote.packs.pack import Placed, decode_footer, encode_footer, new_salt
from dvcore.remote.roots.root import Root
from dvcore.remote.storages.storage import Storage
from dvcore.store.spool import Spool

_NOTED: Final = Struct(">8sI32sI")
"""A pack: its kind, size and id; and the length of its footer, which follows."""


class PushIndex:
    """Notes packs as they are sent, and lists them when a root is to be put. `folder` is where the notes go where they
    are many. Close it."""

    def __init__(self, storage: Storage, cache: IndexCache, folder: Path | None) -> None:
        self._storage = storage
        self._cache = cache
        self._notes = Spool(folder)

    def close(self) -> None:
        """Give the room back."""
        self._notes.close()

    def add(self, pack: PackRef, entries: Sequence[Placed]) -> None:
        """Note a pack. Raises StorageError where there is no room for notes."""
        footer = encode_footer(entry for entry, _ in entries)
        self._notes.append(_NOTED.pack(pack.kind.value.encode(), pack.size, pack.id, len(footer)) + footer)

    def join(self, root: Root) -> tuple[IndexRef, ...]:
        """Send indexes of all packs, the last one merged as `indexes.levels` says, and give what the root is to list
        that comes after this one. They have another salt each time: an index is sent for one root only.

        Raises CorruptError, StorageError.
        """
        salt = new_salt()
        full: list[IndexRef] = []
        maker = IndexMaker()
        for pack, entries in self._iter_packs():
            if not maker.has_room(len(entries)):
                full += self._sent(maker.finish(salt))
                maker = IndexMaker()
            maker.add_pack(pack, entries)
        made = maker.finish(salt)
        return (*root.indexes, *full) if made is None else (*self._merged(made, root, salt), *full)

    def _merged(self, made: MadeIndex, root: Root, salt: bytes) -> list[IndexRef]:
        """The root's indexes with this one, which takes in smaller ones."""
        merged = merge_new(
            Index(made.data),
            root.indexes,
            lambda ref: self._cache.open(self._storage, ref),
            salt=salt,
            without=root.dead_packs,
        )
        if merged is None:
            return [*root.indexes]
        return [*(ref for ref in root.indexes if ref not in merged.replaced), *self._sent(merged.made)]

    def _sent(self, made: MadeIndex | None) -> list[IndexRef]:
        if made is None:
            return []
        self._storage.put(made.ref.name, made.data)
        self._cache.keep(made.ref, made.data)
        return [made.ref]

    def _iter_packs(self) -> Iterator[tuple[PackRef, list[Placed]]]:
        for block in self._notes.iter_blocks():
            at = 0
            while at < len(block):
                kind, size, pack_id, length = _NOTED.unpack_from(block, at)
                pack = PackRef(PackKind(kind.rstrip(b"\0").decode()), pack_id, size)
                at += _NOTED.size
                yield pack, decode_footer(pack, block[at : at + length])
                at += length
