"""Remotes for tests, made plainly from a repository: no push is needed to test what reads them. And storages that
count, fail or lie."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from dvcore.ids import BlobId, CommitId
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.indexes.index_set import IndexSet
from dvcore.remote.indexes.making import IndexMaker
from dvcore.remote.packs.pack import new_salt
from dvcore.remote.packs.packing import Value, iter_packs
from dvcore.remote.roots.commit import commit_root, read_root
from dvcore.remote.roots.root import Root
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.remote.storages.storage import (
    ALWAYS,
    GET_LIMIT,
    Capabilities,
    Condition,
    Data,
    Listed,
    Storage,
    Stored,
)
from dvcore.repo.cells import BRANCHES, COUNTERS, PROJECTS, REFS, SNAPSHOTS, TAGS, iter_cells
from dvcore.repo.links import Kind, Link, iter_reachable
from dvcore.repo.repository import Repository
from dvcore.store import Table
from dvcore.store.chunk_list import decode_chunk_list


def published(
    repository: Repository, refs: Mapping[str, CommitId] | None = None, *, storage: Storage | None = None
) -> Storage:
    """A remote, in memory unless told otherwise, that holds what some refs (default: all) lead to."""
    made = MemoryStorage() if storage is None else storage
    publish(repository, made, refs)
    return made


def publish(
    repository: Repository, storage: Storage, refs: Mapping[str, CommitId] | None = None, *, with_blobs: bool = True
) -> Root:
    """Make a remote's refs these (default: all of the repository's), and send what it lacks. Nobody else may push.

    `with_blobs` says whether the images are sent too: without them it is a remote that lost them.
    """
    new_refs = refs_of(repository) if refs is None else dict(refs)
    held = held_by(storage)
    salt = new_salt()
    maker = IndexMaker()
    for pack in iter_packs(_missing(repository, new_refs.values(), held, with_blobs), salt):
        storage.put(pack.ref.name, pack.data)
        maker.add_pack(pack.ref, pack.entries)
    made = maker.finish(salt)
    if made is not None:
        storage.put(made.ref.name, made.data)

    def update(root: Root) -> Root:
        indexes = root.indexes if made is None else (*root.indexes, made.ref)
        head = root.head or repository.branch()
        return replace(root, refs=new_refs, head=head, counters=counters_of(repository), indexes=indexes)

    return commit_root(storage, update)


def refs_of(repository: Repository) -> dict[str, CommitId]:
    """All refs of its own, as a root names them."""
    with repository.store.read() as transaction:
        return {
            cell.removeprefix(REFS): CommitId(value)
            for prefix in (BRANCHES, TAGS, PROJECTS, SNAPSHOTS)
            for cell, value in iter_cells(transaction, prefix)
        }


def counters_of(repository: Repository) -> dict[str, int]:
    """The highest numbers of snapshots, by project."""
    with repository.store.read() as transaction:
        return {cell.removeprefix(COUNTERS): value for cell, value in iter_cells(transaction, COUNTERS)}


def held_by(storage: Storage) -> IndexSet:
    """What a remote holds."""
    root = read_root(storage)
    if root is None:
        return IndexSet(())
    return IndexSet(IndexCache(None).open_all(storage, root.indexes), without=root.dead_packs)


def cells_of(repository: Repository) -> dict[str, object]:
    """All cells, to compare before and after."""
    with repository.store.read() as transaction:
        return dict(iter_cells(transaction, ""))


class CountingStorage:
    """Counts the requests that reach a storage, and the bytes that come from it."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.requests: Counter[str] = Counter()
        self.bytes_read = 0
        self.reads: list[tuple[str, int, int]] = []
        """Name, start and length of every read, in their order."""

    @property
    def capabilities(self) -> Capabilities:
        return self.storage.capabilities

    @property
    def number(self) -> int:
        """All requests."""
        return self.requests.total()

    def reset(self) -> None:
        """Count from here."""
        self.requests.clear()
        self.reads.clear()
        self.bytes_read = 0

    def describe(self) -> str:
        return self.storage.describe()

    def get(self, name: str, *, limit: int = GET_LIMIT) -> Stored:
        self.requests["get"] += 1
        stored = self.storage.get(name, limit=limit)
        self._note(name, 0, len(stored.data))
        return stored

    def get_range(self, name: str, start: int, length: int) -> bytes:
        self.requests["get_range"] += 1
        data = self.storage.get_range(name, start, length)
        self._note(name, start, len(data))
        return data

    def put(self, name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
        self.requests["put"] += 1
        return self.storage.put(name, data, condition=condition)

    def put_file(self, name: str, path: Path) -> None:
        self.requests["put_file"] += 1
        self.storage.put_file(name, path)

    def iter_names(self, prefix: str = "") -> Iterator[Listed]:
        self.requests["iter_names"] += 1
        return self.storage.iter_names(prefix)

    def is_empty(self) -> bool:
        self.requests["is_empty"] += 1
        return self.storage.is_empty()

    def remove(self, name: str) -> None:
        self.requests["remove"] += 1
        self.storage.remove(name)

    def _note(self, name: str, start: int, length: int) -> None:
        self.bytes_read += length
        self.reads.append((name, start, length))


class TroubledStorage(CountingStorage):
    """Calls `trouble` with the number of each request, from 1, and the name, before it is sent; it may raise."""

    def __init__(self, storage: Storage, trouble: Callable[[int, str], None]) -> None:
        super().__init__(storage)
        self._trouble = trouble

    def get(self, name: str, *, limit: int = GET_LIMIT) -> Stored:
        self._trouble(self.number + 1, name)
        return super().get(name, limit=limit)

    def get_range(self, name: str, start: int, length: int) -> bytes:
        self._trouble(self.number + 1, name)
        return super().get_range(name, start, length)

    def put(self, name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
        self._trouble(self.number + 1, name)
        return super().put(name, data, condition=condition)

    def iter_names(self, prefix: str = "") -> Iterator[Listed]:
        self._trouble(self.number + 1, prefix)
        return super().iter_names(prefix)

    def remove(self, name: str) -> None:
        self._trouble(self.number + 1, name)
        super().remove(name)


def _missing(repository: Repository, commits: Iterable[CommitId], held: IndexSet, with_blobs: bool) -> Iterator[Value]:
    """All that the commits lead to and the remote does not hold, each once."""
    given: set[tuple[Table, bytes]] = set()
    for value in _iter_values(repository, commits, with_blobs):
        key = (value.table, value.id)
        if key not in given and held.find(*key) is None:
            yield value
        given.add(key)


def _iter_values(repository: Repository, commits: Iterable[CommitId], with_blobs: bool) -> Iterator[Value]:
    """Objects as they are met, then blobs by their ids, as a push sends them."""
    entered: set[Link] = set()

    def enter(link: Link) -> bool:
        is_new = link not in entered
        entered.add(link)
        return is_new

    blobs = set()
    for link in iter_reachable(repository.objects.read, [Link(Kind.COMMIT, one) for one in commits], enter):
        if link.kind is Kind.BLOB:
            blobs.add(BlobId(link.id))
        else:
            yield Value(Table.OBJECTS, link.id, repository.objects.read(link.id))
    for blob in sorted(blobs) if with_blobs else ():
        yield from _blob_values(repository, blob)


def _blob_values(repository: Repository, blob: BlobId) -> Iterator[Value]:
    with repository.stores.blobs.read() as transaction:
        whole = transaction.get(Table.BLOBS, blob)
        chunk_list = transaction.get(Table.CHUNK_LISTS, blob)
    if whole is not None:
        yield Value(Table.BLOBS, blob, whole)
    elif chunk_list is not None:
        for chunk, _ in decode_chunk_list(chunk_list).chunks:
            with repository.stores.blobs.read() as transaction:
                yield Value(Table.CHUNKS, chunk, transaction.get(Table.CHUNKS, chunk) or b"")
        yield Value(Table.CHUNK_LISTS, blob, chunk_list)
