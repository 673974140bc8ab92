"""Remotes that images can be had from, opened when the first one is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dvcore.ids import BlobId
from dvcore.remote.contents.opened import Contents, open_contents
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.settings import index_folder, list_remotes
from dvcore.remote.storages.storage import Storage
from dvcore.repo.repository import Repository
from dvcore.store import Table


@dataclass(frozen=True, slots=True)
class Source:
    """A remote: what it is called, how its storage is opened, what keeps its indexes."""

    name: str
    open_storage: Callable[[], Storage]
    cache: IndexCache


class OpenedSource:
    """A source whose contents are known once they were asked for. Used by one thread."""

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self._source = source
        self._storage: Storage | None = None
        self._contents: Contents | None = None

    def contents(self, *, anew: bool = False) -> Contents | None:
        """What it has; `anew`: now, whatever was read before. None where nothing was pushed yet.

        Raises what opening a storage and `open_contents` raise.
        """
        if self._storage is None:
            self._storage = self._source.open_storage()
        if self._contents is None or anew:
            self._contents = open_contents(self._storage, self._source.cache)
        return self._contents


def configured_sources(repository: Repository) -> list[Source]:
    """The remotes of a repository, by name; one in memory has none.

    Raises InvalidInputError, StorageError.
    """
    layout = repository.layout
    if layout is None:
        return []
    return [Source(one.name, one.open, IndexCache(index_folder(layout, one.name))) for one in list_remotes(layout)]


def is_there(contents: Contents, blob: BlobId) -> bool:
    """Whether a remote's indexes have a blob, in whichever form. Whether a chunk list has its chunks there is seen when
    they are read: one that nothing leads to may lack them."""
    return any(contents.indexes.find(table, blob) is not None for table in (Table.BLOBS, Table.CHUNK_LISTS))
