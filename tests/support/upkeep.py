"""Remotes that are collected and checked: a clock that the test sets, a plain pusher that keeps the rules, and what
must hold of every remote at every moment."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

from dvcore.ids import BlobId, CommitId, digest
from dvcore.model.declarations import LabelDeclaration
from dvcore.model.names import parse_path
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.indexes.index import Index
from dvcore.remote.indexes.index_set import IndexSet
from dvcore.remote.indexes.levels import merge_new
from dvcore.remote.indexes.making import IndexMaker
from dvcore.remote.packs.names import ROOT, IndexRef, PackRef
from dvcore.remote.packs.pack import new_salt
from dvcore.remote.packs.packing import Pack, Value, iter_packs
from dvcore.remote.packs.reading import Wanted, plan_reads, read_values
from dvcore.remote.roots.commit import commit_root, read_root
from dvcore.remote.roots.root import Root
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.remote.storages.storage import Storage
from dvcore.remote.upkeep.collecting import collect_remote
from dvcore.repo.adding import AddOptions, Declared, add_files
from dvcore.repo.additions import Addition
from dvcore.repo.commits import commit_working
from dvcore.repo.links import Kind, Link, iter_reachable
from dvcore.repo.repository import Repository
from dvcore.store import Table
from dvcore.store.chunk_list import WHOLE_BYTES, decode_chunk_list
from support.noise import noise
from support.repositories import FACTS, box

DAY = timedelta(days=1)


Commit = tuple[Repository, CommitId]
"""A commit, and where it is."""


class Clock:
    """A store's clock: it goes on by a second whenever it is looked at, and by what the test says."""

    def __init__(self, time: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self.time = time

    def __call__(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time


class Pusher:
    """One push to some refs (None deletes one), as the rules want it: what is in an index and has no tombstone counts
    as there. Each method is a step; others may do what they like between two of them. One that `is_slow` looks whether
    its packs are still there when the root has moved, as who takes hours has to."""

    def __init__(
        self,
        storage: Storage,
        refs: Mapping[str, Commit | None],
        *,
        is_slow: bool = False,
    ) -> None:
        self.storage = storage
        self.refs = refs
        self.is_slow = is_slow
        self.salt = new_salt()
        self.sent: list[Pack] = []

    def look(self) -> None:
        """Read the root and see what is missing."""
        self.root = read_root(self.storage)
        self.missing = self._missing(self.root)

    def send(self) -> None:
        """Send that."""
        self._send(self.missing)

    def publish(self) -> Root:
        """Send the index and put the root, after another look where it is not the one that was seen."""
        return commit_root(self.storage, self._updated, pause=lambda _: None)

    def run(self) -> Root:
        """All of it."""
        self.look()
        self.send()
        return self.publish()

    def _updated(self, root: Root) -> Root:
        if root.serial != (0 if self.root is None else self.root.serial):
            there = {one.name for one in self.storage.iter_names("packs")} if self.is_slow else None
            self.sent = [
                pack
                for pack in self.sent
                if pack.ref.id not in root.dead_packs and (there is None or pack.ref.name in there)
            ]
            self.salt = new_salt()
            self._send(self._missing(root))
            self.root = root
        refs = {name: None if one is None else one[1] for name, one in self.refs.items()}
        left = {name: commit for name, commit in {**root.refs, **refs}.items() if commit is not None}
        return replace(root, refs=left, indexes=self._indexes(root))

    def _indexes(self, root: Root) -> tuple[IndexRef, ...]:
        maker = IndexMaker()
        for pack in self.sent:
            maker.add_pack(pack.ref, pack.entries)
        made = maker.finish(new_salt())
        if made is None:
            return root.indexes
        cache = IndexCache(None)
        merged = merge_new(
            Index(made.data),
            root.indexes,
            lambda ref: cache.open(self.storage, ref),
            salt=new_salt(),
            without=root.dead_packs,
        )
        assert merged is not None
        self.storage.put(merged.made.ref.name, merged.made.data)
        return (*(one for one in root.indexes if one not in merged.replaced), merged.made.ref)

    def _send(self, values: Iterable[Value]) -> None:
        for pack in iter_packs(values, self.salt):
            self.storage.put(pack.ref.name, pack.data)
            self.sent.append(pack)

    def _missing(self, root: Root | None) -> list[Value]:
        held = IndexSet(()) if root is None else held_by(self.storage, root)
        own = {(entry.table, entry.id) for pack in self.sent for entry, _ in pack.entries}
        commits = [one for one in self.refs.values() if one is not None]
        found = {(value.table, value.id): value for one in commits for value in values_of(*one)}
        return [value for key, value in found.items() if held.find(*key) is None and key not in own]


def commit_of(files: Mapping[str, bytes]) -> Commit:
    """A repository in memory with one commit of these files, each with an annotation."""
    made = Repository.in_memory()
    with made.blobs.writer() as writer:
        additions = [
            Addition(parse_path(path), writer.add_bytes(data), len(data), FACTS, {}, (box("nut"),))
            for path, data in files.items()
        ]
    add_files(made, additions, Declared((), (LabelDeclaration("nut", 0),)), AddOptions(), "import")
    return made, commit_working(made, "first")


def push(storage: Storage, **branches: Commit | None) -> Root:
    """Push commits to branches, all at once; None deletes one."""
    return Pusher(storage, {f"heads/{name}": commit for name, commit in branches.items()}).run()


def copy_of(storage: MemoryStorage, clock: Clock) -> MemoryStorage:
    """The same objects, with the times at which they came, under a clock of their own."""
    copied = MemoryStorage(clock)
    copied._objects = dict(storage._objects)
    return copied


def values_of(repository: Repository, commit: CommitId) -> Iterator[Value]:
    """All that a commit leads to."""
    entered: set[Link] = set()

    def enter(link: Link) -> bool:
        is_new = link not in entered
        entered.add(link)
        return is_new

    for link in iter_reachable(repository.objects.read, [Link(Kind.COMMIT, commit)], enter):
        if link.kind is Kind.BLOB:
            yield from blob_values(repository, BlobId(link.id))
        else:
            yield Value(Table.OBJECTS, link.id, repository.objects.read(link.id))


@cache
def files(*names: str) -> Commit:
    """A commit of these files."""
    return commit_of({name: data_of(name) for name in names})


def data_of(name: str) -> bytes:
    """What is in a file: just too much to be stored whole, where its name begins with `large`."""
    return noise(WHOLE_BYTES + 1 if name.startswith("large") else 2000, name)


@cache
def littered() -> tuple[MemoryStorage, Clock]:
    """A remote on which everything is to be done: packs that are dead, mostly dead and had their grace, what unfinished
    pushes left, indexes that others stand for."""
    clock = Clock()
    storage = MemoryStorage(clock)
    push(storage, main=files("a", "b"), large=files("large"))
    push(storage, first=files("c"))
    push(storage, first=None)
    collect_remote(storage, IndexCache(None))
    unfinished = Pusher(storage, {"heads/never": files("u")})
    unfinished.look()
    unfinished.send()
    clock.time += DAY
    push(storage, mixed=files("e"), other=files("f", "g", "h", "large other"))
    push(storage, dead=files("d", "large dead"), second=files("i"))
    push(storage, dead=None, other=None)
    return storage, clock


def held_by(storage: Storage, root: Root) -> IndexSet:
    """What a root lists and counts."""
    return IndexSet(IndexCache(None).open_all(storage, root.indexes), without=root.dead_packs)


def read_value(storage: Storage, held: IndexSet, table: Table, value_id: bytes) -> bytes:
    """A value, by the indexes, proved."""
    location = held.find(table, value_id)
    assert location is not None, f"{table} {value_id.hex()} is in no index"
    (read,) = plan_reads([Wanted(table, value_id, location)])
    (found,) = read_values(storage, read)
    return found.data


def assert_complete(storage: Storage, *, older: Root | None = None) -> Root:
    """All that the refs of the root (or of an older one) lead to is in its indexes, and there, with the right bytes."""
    root = read_root(storage) if older is None else older
    assert root is not None
    held = held_by(storage, root)
    entered: set[Link] = set()

    def enter(link: Link) -> bool:
        is_new = link not in entered
        entered.add(link)
        return is_new

    def read(object_id: bytes) -> bytes:
        return read_value(storage, held, Table.OBJECTS, object_id)

    for link in iter_reachable(read, [Link(Kind.COMMIT, one) for one in root.refs.values()], enter):
        if link.kind is Kind.ANNOTATIONS:
            read(link.id)
        elif link.kind is Kind.BLOB and enter(link):
            _assert_blob(storage, held, link.id)
    return root


def listed_packs(storage: Storage, root: Root) -> set[PackRef]:
    """The packs that a root lists and that count."""
    indexes = IndexCache(None).open_all(storage, root.indexes)
    return {pack for index in indexes for pack in index.packs if pack.id not in root.dead_packs}


def stored_bytes(storage: MemoryStorage) -> int:
    """Bytes of all that lies there, but for the root, which has 64 writes at some time."""
    return sum(one.size for one in storage.iter_names() if one.name != ROOT)


def _assert_blob(storage: Storage, held: IndexSet, blob: bytes) -> None:
    if held.find(Table.BLOBS, blob) is not None:
        read_value(storage, held, Table.BLOBS, blob)
        return
    chunks = decode_chunk_list(read_value(storage, held, Table.CHUNK_LISTS, blob)).chunks
    assert digest(b"".join(read_value(storage, held, Table.CHUNKS, chunk) for chunk, _ in chunks)) == blob


def blob_values(repository: Repository, blob: BlobId) -> Iterator[Value]:
    """A blob, or its chunks and their list."""
    with repository.stores.blobs.read() as transaction:
        whole = transaction.get(Table.BLOBS, blob)
        chunk_list = transaction.get(Table.CHUNK_LISTS, blob)
    if whole is not None:
        yield Value(Table.BLOBS, blob, whole)
    elif chunk_list is not None:
        yield Value(Table.CHUNK_LISTS, blob, chunk_list)
        for chunk, _ in decode_chunk_list(chunk_list).chunks:
            with repository.stores.blobs.read() as transaction:
                data = transaction.get(Table.CHUNKS, chunk)
            assert data is not None
            yield Value(Table.CHUNKS, chunk, data)
