"""The indexes of a remote on this machine: fetched once, proved, and mapped from `cache/` from then on.

Index files never change and have their hash as name, so that a folder serves any number of processes. It can be deleted
at any time.
"""

import mmap
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from dvcore.errors import CorruptError, StorageError
from dvcore.ids import digest, format_id
from dvcore.remote.indexes.index import MAX_INDEX_BYTES, Index
from dvcore.remote.packs.names import IndexRef
from dvcore.remote.packs.naming import naming
from dvcore.remote.storages.storage import Storage
from dvcore.store.background import iter_results
from dvcore.store.durable import write_atomically

_REQUESTS: Final = 4
"""Indexes that are fetched at a time: of 45 MiB each at most."""


class IndexCache:
    """Opens indexes. `folder` is where they are kept; without one they stay in memory as long as they are in use."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def open(self, storage: Storage, ref: IndexRef) -> Index:
        """The index, from the folder or from the remote.

        What is in the folder was proved when it came. Raises CorruptError, NeedsNewerError, NotFoundError,
        StorageError.
        """
        kept = self._find_kept(ref)
        return self.fetch(storage, ref) if kept is None else kept

    def open_all(self, storage: Storage, refs: Iterable[IndexRef]) -> list[Index]:
        """Several, in the order given. Raises like `open`."""
        return list(iter_results(lambda ref: self.open(storage, ref), refs, _REQUESTS))

    def keep(self, ref: IndexRef, data: bytes) -> None:
        """Put an index into the folder, durably: nobody proves it again. Where that fails, it is fetched next time."""
        if self._folder is not None:
            with suppress(OSError, StorageError):
                self._folder.mkdir(parents=True, exist_ok=True)
                write_atomically(self._path(self._folder, ref), data)

    def trim(self, refs: Iterable[IndexRef]) -> None:
        """Remove what belongs to none of these; processes that have it open can go on reading."""
        names = {format_id(ref.id) for ref in refs}
        for path in () if self._folder is None else self._folder.glob("*"):
            if path.name not in names:
                with suppress(OSError):  # it costs room and nothing else
                    path.unlink()

    def _find_kept(self, ref: IndexRef) -> Index | None:
        """A file that is cut off or not readable counts as absent: it is fetched again."""
        if self._folder is None:
            return None
        with suppress(OSError, ValueError, CorruptError):
            index = Index(_map(self._path(self._folder, ref), ref.size))
            return index if len(index) == ref.entries else None
        return None

    def fetch(self, storage: Storage, ref: IndexRef) -> Index:
        """The index from the remote, proved, whether or not the folder has it. Raises like `open`."""
        with naming(storage, ref):
            if ref.size > MAX_INDEX_BYTES:
                raise CorruptError(f"it claims {ref.size} bytes")
        data = storage.get_range(ref.name, 0, ref.size)
        with naming(storage, ref):
            if digest(data) != ref.id:
                raise CorruptError("it does not have the bytes that its name says")
            index = Index(data)
            if len(index) != ref.entries:
                raise CorruptError(f"it has {len(index)} entries; the root says {ref.entries}")
            index.check()
        self.keep(ref, data)
        return self._find_kept(ref) or index

    def _path(self, folder: Path, ref: IndexRef) -> Path:
        return folder / format_id(ref.id)


def _map(path: Path, size: int) -> mmap.mmap:
    """Raises OSError, and ValueError where the file has fewer bytes."""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
