"""Evicting: only what a remote verifiably has goes, and none of it without a mark."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.damage import overwrite
from support.noise import noise
from support.remotes import CountingStorage, held_by, publish, published, refs_of
from support.repositories import AUTHOR, assert_sound, paths, put, ticking

from dvcore.errors import CorruptError, DsetError, NotFoundError, StateError
from dvcore.ids import BlobId, digest
from dvcore.progress import Silent
from dvcore.remote.absence.evicting import EvictReport, evict
from dvcore.remote.absence.places import Places
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.packs.names import PACKS, PackKind, PackRef, find_pack
from dvcore.remote.packs.packing import Pack, Value, iter_packs
from dvcore.remote.roots.commit import commit_root
from dvcore.remote.roots.root import Root, Tombstone
from dvcore.remote.roots.seen import Seen
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.remote.storages.storage import Storage
from dvcore.repo.adding import Addition, AddOptions, Declared, add_files
from dvcore.repo.branches import create_branch, delete_branch, switch_branch
from dvcore.repo.commits import commit_working
from dvcore.repo.images import Image, iter_images
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import resolve_commit
from dvcore.repo.selection import EVERYTHING
from dvcore.store import LmdbStore, Table

MIB = 1 << 20
LARGE = noise(3 * MIB)
A, B, LOCAL, LARGE_ID = (BlobId(digest(data)) for data in (b"nuts/a", b"nuts/b", b"local", LARGE))


@pytest.fixture(params=["memory", "disk"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Repository]:
    """A commit of two small files and a large one; a file that is not committed."""
    made = (
        Repository.in_memory(author=AUTHOR, clock=ticking())
        if request.param == "memory"
        else Repository.init(tmp_path / "r", author=AUTHOR, clock=ticking())
    )
    with made:
        put(made, "nuts/a", "nuts/b")
        put_large(made, "large", LARGE)
        commit_working(made, "first")
        put(made, "local")
        yield made
        assert_sound(made)


@pytest.fixture
def storage(repository: Repository) -> MemoryStorage:
    """A remote with all that is committed."""
    return published(repository)


def put_large(repository: Repository, name: str, data: bytes) -> BlobId:
    with repository.writing():
        with repository.blobs.writer() as writer:
            blob = writer.add_bytes(data)
        add_files(repository, [Addition((name,), blob, len(data))], Declared(), AddOptions(), f"import {name}")
    return blob


def run(repository: Repository, storage: Storage, *names: str, seen: Seen | None = None) -> EvictReport:
    """Evict files by their paths, or, without any, whatever can go."""
    images = None
    if names:
        tree = repository.working_tree()
        images = iter_images(tree, [tuple(name.split("/")) for name in names], EVERYTHING)
    return evict(repository, storage, IndexCache(None), "origin", images, seen=seen)


def keys(repository: Repository, table: Table) -> set[bytes]:
    with repository.stores.blobs.read() as transaction:
        return {key for key, _ in transaction.iter_sizes(table)}


def absent(repository: Repository) -> set[bytes]:
    return set(repository.blobs.iter_absent())


# --- what goes -------------------------------------------------------------------------------------------------------


def test_a_directory_goes(repository: Repository, storage: MemoryStorage) -> None:
    assert run(repository, storage, "nuts") == EvictReport(evicted=2, bytes=12, kept=0)
    assert absent(repository) == {A, B}
    assert repository.blobs.read(LARGE_ID) == LARGE
    assert run(repository, storage, "nuts") == EvictReport(0, 0, 0)


def test_all_that_the_remote_has_goes_and_the_rest_stays(repository: Repository, storage: MemoryStorage) -> None:
    assert run(repository, storage) == EvictReport(evicted=3, bytes=12 + len(LARGE), kept=1)
    assert absent(repository) == {A, B, LARGE_ID}
    assert keys(repository, Table.BLOBS) == {LOCAL}
    assert keys(repository, Table.CHUNKS) == set()
    assert paths(repository) == ["large", "local", "nuts/a", "nuts/b"]


def test_what_other_large_files_share_stays(repository: Repository) -> None:
    """Those that are not pushed have their chunks still."""
    storage = published(repository)
    edited = LARGE[:MIB] + b"inserted" + LARGE[MIB:]
    other = put_large(repository, "edited", edited)
    run(repository, storage, "large")
    assert absent(repository) == {LARGE_ID}
    assert repository.blobs.read(other) == edited


def test_files_of_the_same_bytes_count_once(repository: Repository) -> None:
    put(repository, "nuts/again", data="nuts/a")
    commit_working(repository, "second")
    assert run(repository, published(repository), "nuts", "nuts/again") == EvictReport(2, 12, 0)


# --- what is refused -------------------------------------------------------------------------------------------------


def refused(repository: Repository, storage: Storage, *names: str, match: str) -> None:
    before = absent(repository)
    with pytest.raises(StateError, match=match):
        run(repository, storage, *names)
    assert absent(repository) == before


def test_what_was_never_pushed_is_refused_by_name(repository: Repository, storage: MemoryStorage) -> None:
    """Nothing of what was named goes, also what could."""
    refused(repository, storage, "nuts", "local", match=r"an image cannot be evicted.*on origin.*: local; 'dset push")
    put(repository, *(f"new/{number}" for number in range(9)))
    refused(
        repository, storage, "nuts", "new", match=r"^9 images cannot .*: new/\d, new/\d, new/\d, new/\d, new/\d, …;"
    )


def test_a_remote_that_nothing_was_pushed_to(repository: Repository) -> None:
    refused(repository, MemoryStorage(), "nuts", match="nothing was ever pushed to origin")


def test_what_no_ref_leads_to_is_refused(repository: Repository) -> None:
    """It is in the remote's indexes as long as nobody collects there."""
    create_branch(repository, "other", resolve_commit(repository, "HEAD"))
    switch_branch(repository, "other")
    put(repository, "other")
    commit_working(repository, "other")
    storage = published(repository)
    refs = {name: commit for name, commit in refs_of(repository).items() if name != "heads/other"}
    commit_root(storage, lambda root: replace(root, refs=refs))
    refused(repository, storage, "other", match=r"no branch, tag or snapshot on origin .*: other;")
    assert run(repository, storage, "nuts").evicted == 2
    switch_branch(repository, "main")
    delete_branch(repository, "other", force=True)


def test_what_lies_in_packs_with_a_tombstone_is_refused(repository: Repository, storage: MemoryStorage) -> None:
    condemn(storage, PackKind.BLOBS)
    refused(repository, storage, "nuts/a", match=r": nuts/a;")
    refused(repository, storage, "large", match=r": large;")
    assert run(repository, storage) == EvictReport(0, 0, kept=4)


def test_what_has_its_chunk_list_in_a_pack_with_a_tombstone_is_refused(
    repository: Repository, storage: MemoryStorage
) -> None:
    condemn(storage, PackKind.METADATA)
    refused(repository, storage, "large", match=r": large;")
    assert run(repository, storage, "nuts").evicted == 2


def test_what_is_only_reached_from_a_commit_that_nobody_fetched_is_refused(repository: Repository) -> None:
    """What the remote's refs lead to can only be told from objects that are here."""
    with Repository.in_memory(author="Bob <bob@example.org>") as other:
        put(other, "nuts/a", "theirs")
        commit_working(other, "theirs")
        storage = published(other)
    refused(repository, storage, "nuts/a", match=r": nuts/a; .*'dset fetch origin'")


def test_a_chunk_list_that_is_cut_otherwise_is_refused(
    repository: Repository, storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be as good, but nothing here proves it."""
    original = _with_values(monkeypatch)
    original(lambda value: replace_data(value, value.data + b"more"))
    refused(repository, storage, "large", match=": large;")
    assert run(repository, storage).kept == 2


def replace_data(value, data: bytes):  # type: ignore[no-untyped-def]
    return value._replace(data=data)


def _with_values(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[object], object]], None]:
    from dvcore.remote.absence import evicting

    read_many = evicting.read_many

    def change(action):  # type: ignore[no-untyped-def]
        monkeypatch.setattr(evicting, "read_many", lambda *args, **options: map(action, read_many(*args, **options)))

    return change


@pytest.mark.parametrize(("table", "name"), [(Table.BLOBS, "nuts/a"), (Table.CHUNKS, "large")])
def test_what_is_shorter_there_is_refused(
    repository: Repository, table: Table, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever id it has: it cannot be that."""

    def cut(values: Iterable[Value], salt: bytes) -> Iterator[Pack]:
        return iter_packs((one._replace(data=one.data[1:]) if one.table is table else one for one in values), salt)

    monkeypatch.setattr("support.remotes.iter_packs", cut)
    refused(repository, published(repository), name, match=f": {name};")


def test_a_remote_that_went_back_in_time_is_refused(repository: Repository, storage: MemoryStorage) -> None:
    with pytest.raises(StateError, match="is not the remote that it was"):
        run(repository, storage, "nuts", seen=Seen(bytes(32), 1, bytes(16)))
    assert absent(repository) == set()


# --- a remote that does not have what it says ------------------------------------------------------------------------


def packs(storage: MemoryStorage, kind: PackKind) -> list[PackRef]:
    found = (find_pack(one.name, one.size) for one in storage.iter_names(PACKS))
    return [pack for pack in found if pack is not None and pack.kind is kind]


def condemn(storage: MemoryStorage, kind: PackKind) -> None:
    def update(root: Root) -> Root:
        stones = tuple(Tombstone(pack, datetime(2024, 1, 1, tzinfo=UTC)) for pack in packs(storage, kind))
        return replace(root, tombstones=stones)

    commit_root(storage, update)


def remove(storage: MemoryStorage, pack: PackRef) -> None:
    storage.remove(pack.name)


def truncate(storage: MemoryStorage, pack: PackRef) -> None:
    storage.put(pack.name, storage.get(pack.name).data[:-1])


def overwrite_footer(storage: MemoryStorage, pack: PackRef) -> None:
    data = bytearray(storage.get(pack.name).data)
    data[-60] ^= 1
    storage.put(pack.name, bytes(data))


@pytest.mark.parametrize(
    ("harm", "match"),
    [(remove, "it is not there"), (truncate, r"has .* bytes, not"), (overwrite_footer, "its footer is damaged")],
)
@pytest.mark.parametrize("kind", list(PackKind))
def test_packs_are_looked_at(
    repository: Repository,
    storage: MemoryStorage,
    harm: Callable[[MemoryStorage, PackRef], None],
    match: str,
    kind: PackKind,
) -> None:
    (pack,) = packs(storage, kind)
    harm(storage, pack)
    errors = (CorruptError, NotFoundError) if kind is PackKind.METADATA else CorruptError
    with pytest.raises(errors, match=None if kind is PackKind.METADATA else f"pack {pack.id.hex()[:12]}: .*{match}"):
        run(repository, storage, "large")
    assert absent(repository) == set()


def test_a_pack_is_looked_at_once_however_many_go(repository: Repository) -> None:
    put(repository, *(f"many/{number}" for number in range(500)))
    commit_working(repository, "many")
    counting = CountingStorage(published(repository))
    assert run(repository, counting, "many").evicted == 500
    assert counting.requests["iter_names"] == 1
    assert counting.number <= 5  # root, index, list, footer
    assert counting.bytes_read < 300_000


def test_an_entry_is_what_the_index_says(storage: MemoryStorage) -> None:
    """Another value at its place, or one of another length, is not it."""
    indexes = held_by(storage)
    here = {one: indexes.find(Table.BLOBS, one) for one in (A, B)}
    for value_id, location in ((B, here[A]), (A, here[A] and here[A]._replace(length=here[A].length + 1))):
        assert location is not None
        places = Places(None)
        places.add(Table.BLOBS, value_id, location)
        with pytest.raises(CorruptError, match=rf"says that blob {value_id.hex()} is in it, and it is not"):
            places.check(storage, Silent())
        places.close()


def test_nothing_follows_from_a_damaged_object(repository: Repository, storage: MemoryStorage) -> None:
    """One that was turned into another could say that the remote's refs lead to what they do not lead to."""
    root = repository.working_tree().tree.root.root
    commit = repository.objects.load_commit(resolve_commit(repository, "HEAD"))
    directory = repository.objects.load_tree(commit.tree).root.root
    sound = repository.objects.read(directory)
    overwrite(repository.store, Table.OBJECTS, directory, repository.objects.read(root))
    with pytest.raises(CorruptError, match=f"object {directory.hex()[:12]} is damaged"):
        run(repository, storage, "nuts")
    overwrite(repository.store, Table.OBJECTS, directory, sound)
    assert absent(repository) == set()


def test_what_is_here_only_in_part_leads_as_far_as_it_is(repository: Repository) -> None:
    """A fetch that was interrupted left a commit without its tree."""
    storage = published(repository)
    with Repository.in_memory(author=AUTHOR) as other:
        put(other, "theirs")
        theirs = commit_working(other, "theirs")
        publish(other, storage, {"heads/theirs": theirs})
        data = other.objects.read(theirs)
    commit_root(storage, lambda root: replace(root, refs={**root.refs, **refs_of(repository)}))
    repository.store.update(lambda transaction: transaction.put(Table.OBJECTS, theirs, data))
    assert run(repository, storage, "nuts").evicted == 2


# --- killed ----------------------------------------------------------------------------------------------------------


class KilledError(Exception):
    """As a killed process would end."""


@pytest.mark.parametrize("when", ["before", "after"])
def test_no_blob_is_ever_neither_here_nor_marked(tmp_path: Path, when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed at any transaction of an eviction; run again, it ends."""
    monkeypatch.setattr("dvcore.store.absent._EVICTED", 3)
    with Repository.init(tmp_path / "r", author=AUTHOR) as repository:
        put(repository, *(f"{number}" for number in range(8)))
        put_large(repository, "large", LARGE)
        commit_working(repository, "first")
        storage = published(repository)
        everything = {record.blob for _, record in repository.working_tree().iter_records()}
        deaths = 0
        for step in range(1, 9):
            _die_at(monkeypatch, step, when)
            try:
                run(repository, storage)
            except KilledError:
                deaths += 1
            monkeypatch.undo()
            monkeypatch.setattr("dvcore.store.absent._EVICTED", 3)
            here = everything - set(repository.blobs.find_missing([BlobId(one) for one in everything]))
            for blob in here:
                repository.blobs.verify(BlobId(blob))
            assert absent(repository) == everything - here
            assert_sound(repository)
            _put_back(repository)
        assert deaths >= 4
        assert run(repository, storage).evicted == len(everything)
        assert keys(repository, Table.CHUNKS) == set()


def _put_back(repository: Repository) -> None:
    with repository.writing(), repository.blobs.writer() as writer:
        for data in (LARGE, *(b"%d" % number for number in range(8))):
            writer.add_bytes(data)
    assert not repository.blobs.has_absent()


def _die_at(monkeypatch: pytest.MonkeyPatch, step: int, when: str) -> None:
    original = LmdbStore.update
    count = 0

    def update(self: LmdbStore, action):  # type: ignore[no-untyped-def]
        nonlocal count
        count += self.path.name.startswith("blobs")
        if count == step and when == "before":
            raise KilledError
        result = original(self, action)
        if count == step:
            raise KilledError
        return result

    monkeypatch.setattr(LmdbStore, "update", update)


def test_who_writes_meanwhile_is_waited_for(tmp_path: Path) -> None:
    """A writer that found a chunk here counts on it."""
    with Repository.init(tmp_path / "r", author=AUTHOR) as repository, Repository.open(tmp_path / "r") as other:
        put(repository, "a")
        commit_working(repository, "first")
        storage = published(repository)
        with other.writing(), pytest.raises(StateError, match="others are writing"):
            evict(repository, storage, IndexCache(None), "origin", wait=0)
        with other.uncollected(), pytest.raises(StateError, match="another 'dset gc'"):
            evict(repository, storage, IndexCache(None), "origin", wait=0)
        assert absent(repository) == set()


def test_images_that_are_named_twice_or_are_not_here(
    repository: Repository, storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dvcore.remote.absence.evicting._LOOKED_UP", 1)
    images: Sequence[Image] = [Image(A, "nuts/a"), Image(A, "again"), Image(BlobId(digest(b"nobody's")), "gone")]
    assert evict(repository, storage, IndexCache(None), "origin", images) == EvictReport(1, 6, 0)


def test_the_error_of_a_storage_goes_through(repository: Repository, storage: MemoryStorage) -> None:
    class Blind(CountingStorage):
        def iter_names(self, prefix: str = ""):  # type: ignore[no-untyped-def]
            raise StateError("nothing can be listed there")

    with pytest.raises(DsetError, match="nothing can be listed"):
        run(repository, Blind(storage), "nuts")
    assert absent(repository) == set()
