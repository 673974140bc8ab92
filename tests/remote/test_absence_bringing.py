"""Absent blobs from remotes: brought here, or passed on to another remote."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.lazy import lazily_cloned, source
from support.noise import noise
from support.remotes import CountingStorage, TroubledStorage, publish, published
from support.repositories import assert_sound, put

from dvcore.errors import CorruptError, StateError, StorageError
from dvcore.ids import BlobId, digest
from dvcore.remote.absence.asking import ask_remotes
from dvcore.remote.absence.bringing import RemoteProvider
from dvcore.remote.absence.evicting import evict
from dvcore.remote.absence.passing_on import AbsentSource
from dvcore.remote.exchange.clone import clone
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.indexes.making import IndexMaker
from dvcore.remote.packs.names import INDEXES, PACKS
from dvcore.remote.packs.pack import new_salt
from dvcore.remote.packs.packing import Value, iter_packs
from dvcore.remote.roots.commit import commit_root
from dvcore.remote.settings import Remote, add_remote
from dvcore.remote.storages.local import LocalStorage
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.remote.storages.urls import parse_address
from dvcore.repo.adding import Addition, AddOptions, Declared, add_files
from dvcore.repo.bringing import bring_blobs
from dvcore.repo.commits import commit_working
from dvcore.repo.repository import Repository
from dvcore.store import Table
from dvcore.store.chunk_list import decode_chunk_list

MIB = 1 << 20
LARGE = noise(3 * MIB)
EDITED = LARGE[:MIB] + b"inserted" + LARGE[MIB:]
SMALL = [b"%d" % number for number in range(40)]
A, B = BlobId(digest(b"a")), BlobId(digest(b"b"))
LARGE_ID, EDITED_ID = BlobId(digest(LARGE)), BlobId(digest(EDITED))
SMALL_IDS = [BlobId(digest(data)) for data in SMALL]


@pytest.fixture
def origin() -> Iterator[Repository]:
    """Small files and two large ones, committed."""
    with Repository.in_memory() as made:
        put(made, "a", "b", *(data.decode() for data in SMALL))
        with made.writing():
            with made.blobs.writer() as writer:
                blobs = [writer.add_bytes(data) for data in (LARGE, EDITED)]
            additions = [
                Addition((f"large{number}",), blob, made.blobs.size(blob)) for number, blob in enumerate(blobs)
            ]
            add_files(made, additions, Declared(), AddOptions(), "import")
        commit_working(made, "first")
        yield made


@pytest.fixture
def storage(origin: Repository) -> CountingStorage:
    return CountingStorage(published(origin))


@pytest.fixture
def lazy(storage: CountingStorage, tmp_path: Path) -> Iterator[Repository]:
    with lazily_cloned(storage, tmp_path / "lazy") as repository:
        yield repository
        assert_sound(repository)


def test_a_lazy_clone_has_no_image_and_reads_none(lazy: Repository, storage: CountingStorage) -> None:
    assert lazy.blobs.count_absent() == 44
    assert storage.bytes_read < 100_000


def test_images_come_with_few_requests(lazy: Repository, storage: CountingStorage) -> None:
    storage.reset()
    assert bring_blobs(lazy, [*SMALL_IDS, LARGE_ID]) == 41
    assert all(lazy.blobs.read(blob) == data for blob, data in zip(SMALL_IDS, SMALL, strict=True))
    assert lazy.blobs.read(LARGE_ID) == LARGE
    assert storage.number <= 8
    assert storage.bytes_read < len(LARGE) + 100_000
    assert lazy.blobs.count_absent() == 3
    assert bring_blobs(lazy, [EDITED_ID]) == 1  # most of its chunks are here now
    assert storage.bytes_read < len(LARGE) + 600_000
    lazy.blobs.verify(EDITED_ID)


def test_what_one_remote_lacks_comes_from_another(origin: Repository, tmp_path: Path) -> None:
    """The first remote lost its images; the second was never pushed to."""
    history, everything = MemoryStorage(), CountingStorage(published(origin))
    publish(origin, history, with_blobs=False)
    with lazily_cloned(everything, tmp_path / "lazy") as repository:
        sources = [source(history, "lost"), source(MemoryStorage(), "new"), source(everything, "origin")]
        repository.provider = lambda one: RemoteProvider(one, sources)
        bring_blobs(repository, [A, LARGE_ID])
        assert repository.blobs.read(A) == b"a"
        repository.provider = lambda one: RemoteProvider(one, sources[:2])
        with pytest.raises(
            StateError, match=rf"blob {B.hex()[:12]} is neither here nor on any of the remotes lost, new"
        ):
            bring_blobs(repository, [A, B])
        repository.provider = ask_remotes
        with pytest.raises(StorageError):  # it is cloned from nowhere
            bring_blobs(repository, [B])
    with Repository.in_memory() as alone:
        alone.blobs.mark_absent([B])
        alone.provider = ask_remotes
        with pytest.raises(StateError, match=r"not here, and there is no remote; 'dset remote add'"):
            bring_blobs(alone, [B])


def test_where_one_remote_fails_another_is_asked(origin: Repository, tmp_path: Path) -> None:
    good = published(origin)
    with lazily_cloned(good, tmp_path / "lazy") as repository:
        broken = TroubledStorage(good, lambda _, name: fail(name) if name.startswith(PACKS) else None)
        sources = [source(broken, "broken"), source(good, "good")]
        repository.provider = lambda one: RemoteProvider(one, sources[:1])
        with pytest.raises(StorageError, match="does not answer"):
            bring_blobs(repository, [A])
        repository.provider = lambda one: RemoteProvider(one, sources)
        bring_blobs(repository, [A])
        assert repository.blobs.read(A) == b"a"


def fail(name: str) -> None:
    raise StorageError(f"{name} does not answer")


def test_wrong_bytes_are_refused_and_what_was_right_stays(origin: Repository, tmp_path: Path) -> None:
    storage = published(origin)
    with lazily_cloned(storage, tmp_path / "lazy") as repository:
        (pack,) = (one for one in storage.iter_names(PACKS) if "blobs" in one.name)
        data = bytearray(storage.get(pack.name).data)
        data[data.index(A) + len(A)] ^= 1
        storage.put(pack.name, bytes(data))
        with pytest.raises(CorruptError, match=rf"blob {A.hex()} does not have the bytes"):
            bring_blobs(repository, [A])
        assert repository.blobs.find_absent([A]) == [A]
        bring_blobs(repository, [B])
        assert_sound(repository)


def test_a_remote_that_was_collected_meanwhile_is_read_anew(origin: Repository, tmp_path: Path) -> None:
    """Its packs are others now; the provider had opened it before."""
    storage = published(origin)
    with lazily_cloned(storage, tmp_path / "lazy") as repository:
        provider = RemoteProvider(repository, [source(storage)])
        repository.provider = lambda _: provider
        bring_blobs(repository, [A])
        for one in [*storage.iter_names(PACKS), *storage.iter_names(INDEXES), *storage.iter_names()]:
            storage.remove(one.name)
        publish(origin, storage)
        bring_blobs(repository, [B, LARGE_ID])
        repository.blobs.verify(LARGE_ID)


def test_remotes_are_those_of_the_settings(origin: Repository, tmp_path: Path) -> None:
    folder = LocalStorage(tmp_path / "remote", create=True)
    publish(origin, folder)
    with lazily_cloned(folder, tmp_path / "lazy") as repository:
        add_remote(repository, Remote("second", parse_address(str(tmp_path / "remote"))))
        repository.provider = ask_remotes
        bring_blobs(repository, [A, LARGE_ID])  # `origin` is a folder that is not there
        assert repository.blobs.read(LARGE_ID) == LARGE


BRING_ALL = """
import sys
from pathlib import Path
from dvcore.remote.absence.asking import ask_remotes
from dvcore.repo.bringing import bring_blobs
from dvcore.repo.repository import Repository

with Repository.open(Path(sys.argv[1])) as repository:
    repository.provider = ask_remotes
    print("open", flush=True)
    sys.stdin.readline()
    bring_blobs(repository, [record.blob for _, record in repository.working_tree().iter_records()])
"""


def test_several_processes_bring_the_same_at_once(origin: Repository, tmp_path: Path) -> None:
    remote = Remote("origin", parse_address(str(tmp_path / "remote")), is_lazy=True)
    publish(origin, remote.open(create=True))
    clone(remote.open(), remote, tmp_path / "lazy")
    command = [sys.executable, "-c", BRING_ALL, str(tmp_path / "lazy")]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        process.communicate(timeout=60)
        assert process.returncode == 0
    with Repository.open(tmp_path / "lazy") as repository:
        assert not repository.blobs.has_absent()
        repository.blobs.verify(EDITED_ID)
        assert_sound(repository)


# --- passed on -------------------------------------------------------------------------------------------------------


def test_absent_blobs_are_passed_on_and_not_stored(lazy: Repository, storage: CountingStorage) -> None:
    wanted = [*SMALL_IDS, LARGE_ID, EDITED_ID]
    values = list(AbsentSource([source(storage)])(iter(wanted)))
    assert {value.id for value in values if value.table is Table.BLOBS} == set(SMALL_IDS)
    assert {value.id for value in values if value.table is Table.CHUNK_LISTS} == {LARGE_ID, EDITED_ID}
    held: dict[bytes, bytes] = {}
    for value in values:
        if value.table is Table.CHUNK_LISTS:
            data = b"".join(held[chunk] for chunk, _ in decode_chunk_list(value.data).chunks)
            assert digest(data) == value.id
        held[value.id] = value.data
    assert lazy.blobs.count_absent() == 44


def test_what_nobody_has_is_not_passed_on(storage: CountingStorage) -> None:
    lost = BlobId(digest(b"lost"))
    with pytest.raises(StateError, match=rf"the blob {lost.hex()[:12]} is not here, and no other remote has"):
        list(AbsentSource([source(storage), source(MemoryStorage())])([A, lost]))


@pytest.mark.parametrize("how", ["brought", "passed on"])
def test_a_chunk_list_that_makes_other_bytes_is_refused(origin: Repository, how: str) -> None:
    """Nothing but the bytes that it makes proves one."""
    with origin.stores.blobs.read() as transaction:
        lists = {blob: transaction.get(Table.CHUNK_LISTS, blob) or b"" for blob in (LARGE_ID, EDITED_ID)}
        chunks = [Value(Table.CHUNKS, key, data) for key, data in transaction.iter_items(Table.CHUNKS)]
    storage = MemoryStorage()
    send(storage, [Value(Table.CHUNK_LISTS, LARGE_ID, lists[EDITED_ID]), *chunks])
    with Repository.in_memory() as repository:
        repository.blobs.mark_absent([LARGE_ID])
        repository.provider = lambda one: RemoteProvider(one, [source(storage)])
        with pytest.raises(CorruptError, match=rf"blob {LARGE_ID.hex()}: its chunks do not make up the bytes"):
            bring_blobs(repository, [LARGE_ID]) if how == "brought" else list(
                AbsentSource([source(storage)])([LARGE_ID])
            )
        assert repository.blobs.find_absent([LARGE_ID]) == [LARGE_ID]


def send(storage: MemoryStorage, values: list[Value]) -> None:
    """Put values onto a remote, as they are."""
    salt, maker = new_salt(), IndexMaker()
    for pack in iter_packs(values, salt):
        storage.put(pack.ref.name, pack.data)
        maker.add_pack(pack.ref, pack.entries)
    made = maker.finish(salt)
    assert made is not None
    storage.put(made.ref.name, made.data)
    commit_root(storage, lambda root: replace(root, indexes=(made.ref,)))


# --- there and back --------------------------------------------------------------------------------------------------


def test_evicted_images_come_back(origin: Repository, storage: CountingStorage) -> None:
    report = evict(origin, storage, IndexCache(None), "origin")
    assert (report.evicted, report.kept) == (44, 0)
    origin.provider = lambda one: RemoteProvider(one, [source(storage)])
    assert bring_blobs(origin, [*SMALL_IDS, LARGE_ID, EDITED_ID, A, B]) == 44
    assert not origin.blobs.has_absent()
    assert origin.blobs.read(EDITED_ID) == EDITED
    assert_sound(origin)
