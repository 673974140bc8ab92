"""Whoever asks for them gets the TFRecords of snapshots, and with them a push's way there and back."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.datasets import drawn_repository, make_project, put_drawn
from support.fetching import ORIGIN, assert_same
from support.remotes import refs_of

from dvcore.model.definition import Split
from dvcore.remote.exchange.clone import clone
from dvcore.remote.exchange.fetch import fetch
from dvcore.remote.exchange.push import push
from dvcore.remote.exchange.push_refs import PushRef
from dvcore.remote.storages.memory import MemoryStorage
from dvcore.repo.commits import commit_working
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog.sidefiles import side_files_of
from dvcore.snapshot.taking.take import take_snapshot
from dvcore.snapshot.verifying.verify import verify_files

SPLITS = (Split("train", "1", None, 2),)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Repository]:
    """A project with a snapshot."""
    with drawn_repository(tmp_path / "source", 8) as made:
        make_project(made, splits=SPLITS)
        take_snapshot(made, "nuts")
        yield made


@pytest.fixture
def storage(source: Repository) -> MemoryStorage:
    """Where all of it was pushed to, shards included."""
    made = MemoryStorage()
    push(source, made, "origin", [PushRef(ref, commit) for ref, commit in refs_of(source).items()], with_shards=True)
    return made


def test_a_clone_has_the_same_files(source: Repository, storage: MemoryStorage, tmp_path: Path) -> None:
    report = clone(storage, ORIGIN, tmp_path / "clone", with_shards=True, side_files=side_files_of)
    assert report.shards is not None
    assert report.shards.written == ("nuts@1",)
    with Repository.open(tmp_path / "clone") as ours:
        assert_same(ours, source)
        assert _files(ours) == _files(source)
        assert verify_files(ours, "nuts@1").problems == ()


def test_without_being_asked_for_they_stay_there(storage: MemoryStorage, tmp_path: Path) -> None:
    with Repository.init(tmp_path / "ours") as ours:
        assert fetch(ours, storage, "origin").shards is None
        assert _files(ours) == {}
        report = fetch(ours, storage, "origin", with_shards=True, side_files=side_files_of)
        assert report.shards is not None
        assert report.shards.written == ("nuts@1",)


def test_those_of_a_snapshot_that_is_not_ours_do_not_come_under_its_name(
    storage: MemoryStorage, tmp_path: Path
) -> None:
    with Repository.init(tmp_path / "ours") as ours:
        put_drawn(ours, 4, first=50)
        commit_working(ours, "other pictures")
        make_project(ours, labels=(), splits=SPLITS)
        take_snapshot(ours, "nuts")
        assert ours.layout is not None
        shutil.rmtree(ours.layout.snapshots / "nuts@1")
        report = fetch(ours, storage, "origin", with_shards=True, side_files=side_files_of)
        assert [one.name for one in report.adopted.refused] == ["nuts"]
        assert report.shards is not None
        assert report.shards.written == report.shards.absent == ()
        assert _files(ours) == {}


def _files(repository: Repository) -> dict[str, bytes]:
    assert repository.layout is not None
    folder = repository.layout.snapshots / "nuts@1"
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}
