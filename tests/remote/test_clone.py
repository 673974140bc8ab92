"""A clone has all that the remote has, or, lazily, all but the images; and one that was interrupted goes on."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.fetching import ORIGIN, assert_same, blobs_of, cut_at, shared_history, store_often, stored_blobs
from support.remotes import CountingStorage, TroubledStorage, cells_of, published, refs_of
from support.sources import imported

from dvcore.errors import CorruptError, ExistsError, StateError, StorageError
from dvcore.ids import BlobId
from dvcore.remote.exchange.clone import clone
from dvcore.remote.exchange.refs import list_tracked
from dvcore.remote.settings import Remote, list_remotes
from dvcore.remote.storages.local import LocalStorage
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.remote.storages.urls import parse_address
from dvcore.repo.branches import switch_branch
from dvcore.repo.cells import iter_cells
from dvcore.repo.check import check_repository
from dvcore.repo.commits import commit_working, has_uncommitted
from dvcore.repo.layout import Layout
from dvcore.repo.operations import iter_operations
from dvcore.repo.repository import Repository
from dvcore.store import LmdbStore

LAZY = Remote(ORIGIN.name, ORIGIN.address, is_lazy=True)


def test_a_clone_is_the_same_in_every_ref_object_and_image(tmp_path: Path) -> None:
    source = shared_history()
    report = clone(published(source), ORIGIN, tmp_path / "clone")
    with Repository.open(tmp_path / "clone") as ours:
        assert_same(ours, source)
        assert ours.branch() == report.branch == "main"
        assert not has_uncommitted(ours)
        switch_branch(ours, "side")
        assert not has_uncommitted(ours)
        assert list_tracked(ours, "origin") == refs_of(source) == report.refs
        assert [one.address for one in list_remotes(_layout(ours))] == [ORIGIN.address]
        with ours.store.read() as transaction:
            assert [one.description for one in iter_operations(transaction)] == ["switch: side", "clone: /srv/nuts"]
            assert dict(iter_cells(transaction, "counter/")) == {"counter/snapshots/kinds": 2}
    assert report.arrived.blobs == len(blobs_of(source))
    assert report.arrived.absent == 0


def test_real_images_and_their_polygons_come_over_a_folder(shared_data: Path, tmp_path: Path) -> None:
    source = Repository.in_memory()
    imported(source, shared_data / "coco-polygons")
    commit_working(source, "nuts")
    remote = tmp_path / "remote"
    storage = LocalStorage(remote, create=True)
    published(source, storage=storage)
    clone(storage, Remote("origin", parse_address(str(remote))), tmp_path / "clone")
    with Repository.open(tmp_path / "clone") as ours:
        assert_same(ours, source)


def test_a_lazy_clone_marks_images_and_brings_no_byte_of_them(tmp_path: Path) -> None:
    source = shared_history()
    storage = CountingStorage(published(source))
    report = clone(storage, LAZY, tmp_path / "clone")
    assert not [name for name, _, _ in storage.reads if name.startswith("packs/blobs/")]
    with Repository.open(tmp_path / "clone") as ours:
        blobs = blobs_of(source)
        assert set(ours.blobs.iter_absent()) == blobs
        assert report.arrived.absent == len(blobs)
        assert report.arrived.blobs == 0
        assert stored_blobs(ours) == set()
        assert refs_of(ours) == refs_of(source)
        assert check_repository(ours) == []
        with pytest.raises(StateError, match="is on a remote and not here"):
            ours.blobs.read(BlobId(min(blobs)))


def test_a_clone_of_nothing_follows_the_remote_and_has_no_commit(tmp_path: Path) -> None:
    report = clone(MemoryStorage(), ORIGIN, tmp_path / "clone")
    assert report.is_empty
    with Repository.open(tmp_path / "clone") as ours:
        assert refs_of(ours) == {}
        assert [one.name for one in list_remotes(_layout(ours))] == ["origin"]


def test_nothing_is_made_where_the_root_cannot_be_read(tmp_path: Path) -> None:
    storage = MemoryStorage()
    storage.put("root", b"no root at all, and longer than a head of one is")
    with pytest.raises(CorruptError, match="memory: its root"):
        clone(storage, ORIGIN, tmp_path / "clone")
    assert not (tmp_path / "clone").exists()


@pytest.mark.parametrize("what", ["work", "another remote", "a finished clone"])
def test_another_repository_is_left_alone(what: str, tmp_path: Path) -> None:
    storage = published(shared_history())
    if what == "work":
        shared_history(tmp_path / "clone").close()
    else:
        other = ORIGIN if what == "a finished clone" else Remote("origin", parse_address("/srv/other"))
        clone(storage if what == "a finished clone" else MemoryStorage(), other, tmp_path / "clone")
    with Repository.open(tmp_path / "clone") as ours:
        before = cells_of(ours)
    with pytest.raises(ExistsError, match="is a repository already"):
        clone(storage, ORIGIN, tmp_path / "clone")
    with Repository.open(tmp_path / "clone") as ours:
        assert cells_of(ours) == before


def test_a_clone_that_was_cut_off_at_any_request_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store_often(monkeypatch)
    source = shared_history()
    remote = published(source)
    plain = CountingStorage(remote)
    clone(plain, ORIGIN, tmp_path / "plain")
    for number in range(1, plain.number + 1):
        folder = tmp_path / str(number)
        with pytest.raises(StorageError, match="the wire is cut"):
            clone(TroubledStorage(remote, cut_at(number)), ORIGIN, folder)
        assert number > 1 or not folder.exists()
        here = _stored(folder)
        again = CountingStorage(remote)
        clone(again, ORIGIN, folder)
        with Repository.open(folder) as ours:
            assert_same(ours, source)
        assert again.bytes_read < plain.bytes_read or not here


def test_a_clone_that_could_not_store_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store_often(monkeypatch)
    source = shared_history()
    remote = published(source)
    update = LmdbStore.update
    calls = 0
    fails_at = 0

    def failing(self: LmdbStore, action: Callable[..., object]) -> object:
        nonlocal calls
        calls += 1
        if calls == fails_at:
            raise StorageError("the disk is full")
        return update(self, action)

    monkeypatch.setattr(LmdbStore, "update", failing)
    clone(remote, ORIGIN, tmp_path / "plain")
    needed = calls
    assert needed > 4
    for fails_at in range(2, needed + 1):  # 1 makes the repository
        calls = 0
        with pytest.raises(StorageError, match="the disk is full"):
            clone(remote, ORIGIN, tmp_path / str(fails_at))
        clone(remote, ORIGIN, tmp_path / str(fails_at))
        with Repository.open(tmp_path / str(fails_at)) as ours:
            assert_same(ours, source)


def _stored(folder: Path) -> set[bytes]:
    if not folder.exists():
        return set()
    with Repository.open(folder) as ours:
        return stored_blobs(ours)


def _layout(repository: Repository) -> Layout:
    assert repository.layout is not None
    return repository.layout
