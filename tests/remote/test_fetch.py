"""A fetch brings what is new, and nothing else; one that fails changes no ref, and the next goes on."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.datasets import drawn_repository, put_drawn, put_files
from support.fetching import (
    blobs_of,
    change_some,
    cut_at,
    noise,
    put_noise,
    reachable,
    shared_history,
    store_often,
    stored_blobs,
    with_troubled_stores,
)
from support.remotes import CountingStorage, TroubledStorage, cells_of, held_by, publish, published, refs_of
from support.repositories import assert_sound, put

from dvcore.errors import CorruptError, NotFoundError, StateError, StorageError
from dvcore.history.merging import Outcome, merge_commit
from dvcore.ids import BlobId, digest, format_id
from dvcore.remote.contents.opened import Contents, open_contents
from dvcore.remote.contents.reading import read_many
from dvcore.remote.exchange import fetch_objects
from dvcore.remote.exchange.fetch import RefMove, fetch
from dvcore.remote.exchange.refs import list_tracked
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.indexes.making import IndexMaker
from dvcore.remote.packs.names import PackKind
from dvcore.remote.packs.pack import new_salt
from dvcore.remote.packs.packing import Value, iter_packs
from dvcore.remote.roots.commit import commit_root
from dvcore.remote.roots.root import Root, Tombstone
from dvcore.remote.settings import index_folder
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.remote.storages.storage import Storage
from dvcore.repo.branches import create_tag, delete_branch
from dvcore.repo.check import check_repository
from dvcore.repo.commits import commit_working
from dvcore.repo.links import Kind
from dvcore.repo.repository import Repository
from dvcore.store import Table


@pytest.fixture
def ours() -> Iterator[Repository]:
    """An empty repository, which must be sound when the test is through with it."""
    with Repository.in_memory(author="Bob <bob@example.org>") as made:
        yield made
        assert_sound(made)


def test_an_empty_repository_follows_everything(ours: Repository) -> None:
    source = shared_history()
    report = fetch(ours, published(source), "origin")
    assert list_tracked(ours, "origin") == refs_of(source)
    assert {move.ref: move.after for move in report.moves} == refs_of(source)
    assert {move.before for move in report.moves} == {None}
    names = {ref for ref in refs_of(source) if not ref.startswith("heads/")}
    assert refs_of(ours) == {name: refs_of(source)[name] for name in names}
    assert stored_blobs(ours) == stored_blobs(source)


def test_ten_changes_take_few_requests_and_no_image_that_was_here(ours: Repository) -> None:
    source = Repository.in_memory()
    put_noise(source, 60)
    commit_working(source, "first")
    storage = CountingStorage(published(source))
    fetch(ours, storage, "origin")
    before = refs_of(source)["heads/main"]
    put_noise(source, 10, first=100)
    after = commit_working(source, "ten more")
    publish(source, storage.storage)
    storage.reset()
    report = fetch(ours, storage, "origin")
    assert report.moves == (RefMove("heads/main", before, after),)
    assert report.arrived.blobs == 10
    assert storage.number <= 5  # root, index, metadata, images
    assert storage.bytes_read < 10 * 20_000 + 60_000
    storage.reset()
    again = fetch(ours, storage, "origin")
    assert (again.moves, again.arrived.objects, again.arrived.blobs) == ((), 0, 0)
    assert storage.number <= 3


def test_in_maps_of_several_levels_only_the_way_to_what_changed_comes(ours: Repository) -> None:
    source = Repository.in_memory()
    put(source, *(f"many/{number:05d}.jpg" for number in range(6_000)), data="one blob")
    commit_working(source, "many")
    storage = CountingStorage(published(source))
    first = fetch(ours, storage, "origin")
    assert first.arrived.objects > 30
    put(source, *(f"many/{number:05d}a.jpg" for number in range(0, 6_000, 2_000)), data="one blob")
    commit_working(source, "three more")
    publish(source, storage.storage)
    storage.reset()
    report = fetch(ours, storage, "origin")
    assert report.arrived.objects <= 2 + 2 * (3 + 2)
    assert storage.number <= 5
    assert reachable(ours, list_tracked(ours, "origin")) == reachable(source)


def test_a_file_without_a_byte(ours: Repository) -> None:
    source = Repository.in_memory()
    put_files(source, {"empty.png": b""})
    commit_working(source, "nothing")
    fetch(ours, published(source), "origin")
    (blob,) = blobs_of(source)
    assert ours.blobs.read(blob) == b""


def test_more_directories_than_may_be_nested_lie_side_by_side(ours: Repository) -> None:
    source = Repository.in_memory()
    put(source, *(f"{number:03d}/below/a.jpg" for number in range(100)))
    commit_working(source, "a hundred")
    storage = published(source)
    fetch(ours, storage, "origin")
    put(source, "050/b.jpg")
    commit_working(source, "one more")
    publish(source, storage)
    assert fetch(ours, storage, "origin").arrived.blobs == 1


def test_a_fetch_into_work_of_our_own_leaves_it_and_can_be_merged(ours: Repository) -> None:
    source = drawn_repository(None, 8)
    storage = published(source)
    fetch(ours, storage, "origin")
    merge_commit(ours, list_tracked(ours, "origin")["heads/main"], "theirs")
    put_files(ours, {"own/a.png": noise(500, 1)})
    committed = commit_working(ours, "our own")
    put_files(ours, {"own/b.png": noise(500, 2)})
    work = ours.work("main")
    change_some(source)
    publish(source, storage)
    fetch(ours, storage, "origin")
    assert refs_of(ours)["heads/main"] == committed
    assert ours.work("main") == work
    commit_working(ours, "more of our own")
    report = merge_commit(ours, list_tracked(ours, "origin")["heads/main"], "theirs again")
    assert report.outcome is Outcome.COMMITTED


def test_an_unrelated_history_comes_beside_ours(ours: Repository) -> None:
    put_drawn(ours, 5, directory="apples")
    commit_working(ours, "apples")
    source = shared_history()
    fetch(ours, published(source), "origin")
    assert list_tracked(ours, "origin") == refs_of(source)
    assert blobs_of(source) <= stored_blobs(ours) | _large(ours)
    report = merge_commit(ours, list_tracked(ours, "origin")["heads/main"], "both")
    assert report.outcome is Outcome.COMMITTED


def test_some_refs_alone(ours: Repository) -> None:
    source = shared_history()
    storage = published(source)
    report = fetch(ours, storage, "origin", refs=["heads/main"])
    assert [move.ref for move in report.moves] == ["heads/main"]
    assert set(list_tracked(ours, "origin")) == {"heads/main"}
    assert refs_of(ours) == {}
    with pytest.raises(NotFoundError, match="origin has no heads/mian") as caught:
        fetch(ours, storage, "origin", refs=["heads/mian"])
    assert "heads/main" in str(caught.value.hint)
    fetch(ours, storage, "origin")
    assert list_tracked(ours, "origin") == refs_of(source)


def test_a_ref_that_is_gone_there_is_followed_no_more(ours: Repository) -> None:
    source = shared_history()
    storage = published(source)
    fetch(ours, storage, "origin")
    gone = refs_of(source)["heads/side"]
    delete_branch(source, "side", force=True)
    publish(source, storage)
    assert fetch(ours, storage, "origin").moves == (RefMove("heads/side", gone, None),)
    assert "heads/side" not in list_tracked(ours, "origin")


def test_a_remote_to_which_nothing_was_pushed(ours: Repository) -> None:
    assert fetch(ours, MemoryStorage(), "origin").is_empty
    assert cells_of(ours) == cells_of(Repository.in_memory())


def test_two_remotes_bring_what_they_share_once(ours: Repository) -> None:
    source = shared_history()
    fetch(ours, published(source), "origin")
    storage = CountingStorage(published(source))
    report = fetch(ours, storage, "backup")
    assert (report.arrived.objects, report.arrived.blobs) == (0, 0)
    assert [name for name, _, _ in storage.reads if name.startswith("packs/")] == []
    assert list_tracked(ours, "backup") == list_tracked(ours, "origin")


def test_a_lazy_fetch_marks_images_and_a_whole_one_brings_the_new(ours: Repository) -> None:
    source = Repository.in_memory()
    put_noise(source, 6)
    commit_working(source, "first")
    storage = CountingStorage(published(source))
    report = fetch(ours, storage, "origin", is_lazy=True)
    assert (report.arrived.absent, report.arrived.blobs, stored_blobs(ours)) == (6, 0, set())
    assert [name for name, _, _ in storage.reads if name.startswith("packs/blobs/")] == []
    first = blobs_of(source)
    assert set(ours.blobs.iter_absent()) == first
    put_noise(source, 3, first=50)
    commit_working(source, "second")
    publish(source, storage.storage)
    report = fetch(ours, storage, "origin")
    assert (report.arrived.absent, report.arrived.blobs) == (0, 3)
    assert stored_blobs(ours) == blobs_of(source) - first
    assert set(ours.blobs.iter_absent()) == first


def test_an_image_that_is_here_is_never_marked(ours: Repository) -> None:
    source = Repository.in_memory()
    put_noise(source, 4)
    put_noise(ours, 2)
    commit_working(source, "four")
    commit_working(ours, "two of them")
    assert fetch(ours, published(source), "origin", is_lazy=True).arrived.absent == 2
    assert ours.blobs.count_absent() == 2


def test_images_between_the_wanted_ones_are_not_read_along(ours: Repository) -> None:
    source = Repository.in_memory()
    put_noise(source, 30)
    commit_working(source, "thirty")
    put_noise(ours, 20)
    commit_working(ours, "twenty of them")
    storage = CountingStorage(published(source))
    assert fetch(ours, storage, "origin").arrived.blobs == 10
    assert sum(length for name, _, length in storage.reads if name.startswith("packs/blobs/")) < 10 * 21_000


def test_images_that_came_before_the_remote_failed_are_kept(ours: Repository) -> None:
    source = Repository.in_memory()
    put_noise(source, 5)
    commit_working(source, "five")
    storage = published(source)
    put_noise(source, 5, first=10)
    commit_working(source, "five more")
    publish(source, storage)
    first = held_by(storage).find(Table.BLOBS, min(blobs_of(source)))
    assert first is not None

    def trouble(number: int, name: str) -> None:
        if name.startswith("packs/blobs/") and name != first.pack.name:
            raise StorageError("the wire is cut")

    with pytest.raises(StorageError, match="the wire is cut"):
        fetch(ours, TroubledStorage(storage, trouble), "origin")
    assert stored_blobs(ours)
    asked = CountingStorage(storage)
    here = stored_blobs(ours)
    fetch(ours, asked, "origin")
    assert not here & _read_blobs(asked)


def test_no_object_is_asked_for_twice(ours: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each commit is compared with the one before it, which has come but is not stored yet."""
    asked: list[bytes] = []

    def recorded(contents: Contents, wanted: Iterable[tuple[Table, bytes]]) -> Iterator[Value]:
        keys = list(wanted)
        asked.extend(key for _, key in keys)
        return read_many(contents, keys)

    monkeypatch.setattr(fetch_objects, "read_many", recorded)
    source = shared_history()
    fetch(ours, published(source), "origin")
    assert asked
    assert len(set(asked)) == len(asked)


def test_objects_that_came_before_the_remote_failed_are_kept() -> None:
    repository = Repository.in_memory()
    data = b"an object"
    with suppress(StorageError), fetch_objects.ObjectSaver(repository.store) as saver:
        saver.add(digest(data), data)
        assert saver.read(digest(data)) == data
        raise StorageError("the wire is cut")
    assert repository.objects.read(digest(data)) == data


def test_a_fetch_cut_off_at_any_request_changes_no_ref_and_the_next_asks_for_no_image_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store_often(monkeypatch)
    source = _noisy()
    remote = published(source)
    plain = CountingStorage(remote)
    fetch(Repository.in_memory(), plain, "origin")
    assert plain.number > 4
    for number in range(1, plain.number + 1):
        with Repository.in_memory() as ours:
            before = cells_of(ours)
            with pytest.raises(StorageError, match="the wire is cut"):
                fetch(ours, TroubledStorage(remote, cut_at(number)), "origin")
            assert cells_of(ours) == before
            here = stored_blobs(ours)
            again = CountingStorage(remote)
            fetch(ours, again, "origin")
            assert not here & _read_blobs(again)
            assert stored_blobs(ours) == stored_blobs(source)
            assert check_repository(ours) == []


def test_a_fetch_that_could_not_store_changes_no_ref_and_the_next_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    store_often(monkeypatch)
    source = _noisy()
    remote = published(source)
    calls: list[int] = []
    counted = Repository.in_memory()
    with_troubled_stores(counted, calls.append)
    fetch(counted, remote, "origin")
    assert len(calls) > 6

    for fails_at in calls:
        ours = Repository.in_memory()
        stores, before = ours.stores, cells_of(ours)
        with_troubled_stores(ours, lambda number, at=fails_at: _full() if number >= at else None)
        with pytest.raises(StorageError, match="the disk is full"):
            fetch(ours, remote, "origin")
        assert cells_of(ours) == before
        ours.stores = stores
        here = stored_blobs(ours)
        again = CountingStorage(remote)
        fetch(ours, again, "origin")
        assert not here & _read_blobs(again)
        assert list_tracked(ours, "origin") == refs_of(source)
        assert check_repository(ours) == []


def test_an_object_that_is_here_without_what_it_refers_to_is_gone_through(ours: Repository) -> None:
    """As an interrupted fetch leaves it: the commit and its tree, and nothing below."""
    source = shared_history()
    kept = {Kind.COMMIT, Kind.TREE, Kind.FILES, Kind.DIRECTORY}
    for link in reachable(source):
        if link.kind in kept:
            data = source.objects.read(link.id)
            ours.store.update(lambda transaction, id_=link.id, data=data: transaction.put(Table.OBJECTS, id_, data))
    fetch(ours, published(source), "origin")
    assert reachable(ours, list_tracked(ours, "origin")) == reachable(source)
    assert stored_blobs(ours) == stored_blobs(source)


def test_an_older_state_and_another_remote_are_refused(ours: Repository) -> None:
    source = shared_history()
    storage = MemoryStorage()
    publish(source, storage)
    old = storage.get("root").data
    create_tag(source, "v2", refs_of(source)["heads/main"])
    publish(source, storage)
    fetch(ours, storage, "origin")
    before = cells_of(ours)
    storage.put("root", old)
    with pytest.raises(CorruptError, match="memory is at state 1, and was at 2 before"):
        fetch(ours, storage, "origin")
    with pytest.raises(StateError, match="memory is not the remote that it was"):
        fetch(ours, published(source), "origin")
    with pytest.raises(StateError, match="memory is empty, and was not before"):
        fetch(ours, MemoryStorage(), "origin")
    assert cells_of(ours) == before


def test_packs_with_a_tombstone_are_not_read(ours: Repository) -> None:
    source = Repository.in_memory()
    put_noise(source, 2)
    commit_working(source, "two")
    storage = published(source)
    _bury_images(storage)
    with pytest.raises(CorruptError, match=r"memory: blob [0-9a-f]{64}: it is in none of its indexes"):
        fetch(ours, storage, "origin")
    publish(source, storage)
    fetch(ours, storage, "origin")
    assert stored_blobs(ours) == stored_blobs(source)


def test_on_disk_indexes_are_asked_for_once(tmp_path: Path) -> None:
    source = shared_history()
    storage = CountingStorage(published(source))
    with Repository.init(tmp_path / "ours") as ours:
        fetch(ours, storage, "origin")
        storage.reset()
        fetch(ours, storage, "origin")
        assert [name for name, _, _ in storage.reads] == ["root"]
        assert ours.layout is not None
        older = index_folder(ours.layout, "origin") / format_id(digest(b"an index that no root lists any more"))
        older.write_bytes(b"it")
        fetch(ours, storage, "origin")
        assert not older.exists()
        publish(source, storage.storage, {"heads/main": refs_of(source)["tags/v1"]})
        fetch(ours, storage, "origin")
        assert check_repository(ours) == []


def _noisy() -> Repository:
    source = Repository.in_memory()
    put_noise(source, 6)
    put_files(source, {"raw/big.bin": noise(3 << 20, 1)})
    commit_working(source, "first")
    return source


def _read_blobs(storage: CountingStorage) -> set[bytes]:
    """Those that were read, by the indexes."""
    located = list(held_by(storage.storage).iter_located())
    return {
        id_
        for name, start, length in storage.reads
        for table, id_, place in located
        if table in {Table.BLOBS, Table.CHUNKS} and place.pack.name == name and start <= place.offset < start + length
    }


def _large(repository: Repository) -> set[BlobId]:
    with repository.stores.blobs.read() as transaction:
        return {BlobId(key) for key, _ in transaction.iter_sizes(Table.CHUNK_LISTS)}


def _full() -> None:
    raise StorageError("the disk is full")


def _bury_images(storage: Storage) -> None:
    """Give all packs of images a tombstone."""
    packs = {place.pack for _, _, place in held_by(storage).iter_located() if place.pack.kind is PackKind.BLOBS}

    def update(root: Root) -> Root:
        return replace(root, tombstones=tuple(Tombstone(pack, datetime.now(UTC)) for pack in packs))

    commit_root(storage, update)


def pack_anew(storage: Storage) -> None:
    """What a collection does in the end where all packs were mostly dead: their values are in others, and they are
    gone."""
    contents = open_contents(storage, IndexCache(None))
    assert contents is not None
    located = {(table, id_) for table, id_, _ in contents.indexes.iter_located()}
    old = [one.name for one in storage.iter_names("packs")]
    salt = new_salt()
    maker = IndexMaker()
    for pack in iter_packs(read_many(contents, located), salt):
        storage.put(pack.ref.name, pack.data)
        maker.add_pack(pack.ref, pack.entries)
    made = maker.finish(salt)
    assert made is not None
    storage.put(made.ref.name, made.data)
    commit_root(storage, lambda root: replace(root, indexes=(made.ref,)))
    for name in old:
        storage.remove(name)


@pytest.mark.parametrize("kind", PackKind)
def test_packs_that_are_collected_meanwhile_are_read_where_their_values_are_now(
    ours: Repository, kind: PackKind
) -> None:
    source = shared_history()
    storage = published(source)
    moved = []

    def trouble(_: int, name: str) -> None:
        if kind.value in name and not moved:
            moved.append(name)
            pack_anew(storage)

    fetch(ours, TroubledStorage(storage, trouble), "origin")
    assert moved
    assert list_tracked(ours, "origin") == refs_of(source)
    assert stored_blobs(ours) == stored_blobs(source)


def test_a_pack_that_is_lost_is_asked_for_once_more_and_then_told(ours: Repository) -> None:
    storage = CountingStorage(published(shared_history()))
    for one in list(storage.iter_names("packs/blobs")):
        storage.remove(one.name)
    before = cells_of(ours)
    with pytest.raises(NotFoundError, match="packs/blobs/"):
        fetch(ours, storage, "origin")
    assert cells_of(ours) == before


@pytest.mark.parametrize("kind", [Kind.COMMIT, Kind.TREE, Kind.FILES, Kind.DIRECTORY, Kind.ANNOTATIONS])
@pytest.mark.parametrize("wrong", [b"rotten", None], ids=["nonsense", "a flipped bit"])
def test_damage_in_the_store_here_is_not_told_as_the_remotes(kind: Kind, wrong: bytes | None) -> None:
    source, ours = shared_history(), Repository.in_memory()
    link = min((link for link in reachable(source) if link.kind is kind), key=lambda link: link.id)
    data = source.objects.read(link.id)
    flipped = wrong or bytes([data[0] ^ 1]) + data[1:]
    ours.store.update(lambda transaction: transaction.put(Table.OBJECTS, link.id, flipped))
    with pytest.raises(CorruptError, match=f"^[a-z ]+ {format_id(link.id)} is damaged here, .*; 'dset fsck' tells"):
        fetch(ours, published(source), "origin")
