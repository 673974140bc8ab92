"""Lazy clones for tests: repositories without images, and the remotes that these come from."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dvcore.remote.absence.bringing import RemoteProvider
from dvcore.remote.absence.sources import Source
from dvcore.remote.exchange.clone import clone
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.settings import Remote
from dvcore.remote.storages.storage import Storage
from dvcore.remote.storages.urls import parse_address
from dvcore.repo.repository import Repository


def source(storage: Storage, name: str = "origin") -> Source:
    """A storage as one that images can be had from."""
    return Source(name, lambda: storage, IndexCache(None))


@contextmanager
def lazily_cloned(storage: Storage, folder: Path, *others: Storage) -> Iterator[Repository]:
    """A lazy clone, which brings images from the storage it is of and then from the others."""
    clone(storage, Remote("origin", parse_address("/nowhere"), is_lazy=True), folder, author="Bob <bob@example.org>")
    with Repository.open(folder, author="Bob <bob@example.org>") as repository:
        sources = [source(one, f"remote{number}") for number, one in enumerate((storage, *others))]
        repository.provider = lambda one: RemoteProvider(one, sources)
        yield repository
