"""Copies of shards in the cache: how many stay, and whose."""

import os
import subprocess
import sys
from collections.abc import Iterator
from threading import Barrier, Thread

import pytest
from support.buckets import Bucket, open_in_memory
from support.datasets import drawn_repository, make_project, relabel

import dvcore
from dvcore.errors import StorageError
from dvcore.ids import format_id
from dvcore.model.definition import Split
from dvcore.repo.projects import Url
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog import copies
from dvcore.snapshot.catalog.files import write_file
from dvcore.snapshot.catalog.snapshots import load_snapshot
from dvcore.snapshot.taking.take import take_snapshot
from dvcore.snapshot.verifying.verify import verify_files

SPLITS = (Split("train", "0.8", None, 4), Split("test", "0.2", None, 1))
FIRST, SECOND = Url("s3://bucket/nuts-1"), Url("s3://bucket/nuts-2")

HOLD = """
import sys
from pathlib import Path
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog.copies import hold
from dvcore.snapshot.catalog.snapshots import load_snapshot
with Repository.open(Path(sys.argv[1])) as repository:
    hold(repository.layout, load_snapshot(repository, "nuts@1").manifest.shards)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def repository(tmp_path, monkeypatch) -> Iterator[Repository]:
    open_in_memory(monkeypatch).update({FIRST.text: Bucket(), SECOND.text: Bucket()})
    with drawn_repository(tmp_path / "work") as made:
        make_project(made, splits=SPLITS)
        take_snapshot(made, "nuts", out=FIRST)
        yield made


def names(repository: Repository) -> set[str]:
    return {path.name for path in repository.layout.shards.iterdir()}


def shards_of(repository: Repository, name: str) -> set[str]:
    return {format_id(shard.blake3) for shard in load_snapshot(repository, name).manifest.shards}


def use_at(repository: Repository, name: str, time: int) -> None:
    path = repository.layout.shards / name
    os.utime(path, (time, path.stat().st_mtime))


def test_the_least_recently_used_go(repository):
    oldest, *others = sorted(names(repository))
    for time, name in enumerate([oldest, *others]):
        use_at(repository, name, 1_000_000 + time)
    size = sum((repository.layout.shards / name).stat().st_size for name in others)
    copies.trim(repository.layout, size)
    assert names(repository) == {*others}
    copies.trim(repository.layout, size)
    assert names(repository) == {*others}
    copies.trim(repository.layout, 0)
    assert names(repository) == set()
    assert verify_files(repository, "nuts@1").ok


def test_what_has_another_name_takes_no_room(repository, tmp_path):
    """A file of a snapshot here, too: removing the copy would free nothing."""
    shared = min(names(repository))
    os.link(repository.layout.shards / shared, tmp_path / "shared")
    copies.trim(repository.layout, 0)
    assert names(repository) == {shared}


def test_what_a_process_uses_stays_until_it_ends(repository, tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path / "work")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        before = names(repository)
        copies.trim(repository.layout, 0)
        assert names(repository) == before
        process.kill()
    copies.trim(repository.layout, 0)
    assert names(repository) == set()


def test_paths_that_were_given_out_stay(repository):
    """A reader's, also where nothing had to be brought, and after it has gone."""
    (path,) = dvcore.load("nuts@1", repository=repository).files("test")
    copies.trim(repository.layout, 0)
    assert names(repository) == {path.name}


def test_what_others_use_stays_though_the_notes_were_deleted(repository):
    import shutil

    shutil.rmtree(repository.layout.cache)
    (path,) = dvcore.load("nuts@1", repository=repository).files("test")
    shutil.rmtree(repository.layout.cache)
    (path,) = dvcore.load("nuts@1", repository=repository).files("test")
    copies.trim(repository.layout, 0)
    assert names(repository) == {path.name}


def test_nothing_goes_while_a_snapshot_is_made(repository):
    with copies.kept(repository.layout):
        copies.trim(repository.layout, 0)
        assert len(names(repository)) == 5
    copies.trim(repository.layout, 0)
    assert names(repository) == set()


@pytest.mark.parametrize("by", ["sending", "reading"])
def test_sending_and_reading_keep_to_the_limit(repository, monkeypatch, by):
    monkeypatch.setattr(copies, "LIMIT", 0)
    if by == "sending":
        relabel(repository, ["nuts/000.png"], "almond")
        take_snapshot(repository, "nuts", out=SECOND)
        assert names(repository) == set()
        assert verify_files(repository, "nuts@2").ok
    else:
        (repository.layout.shards / min(shards_of(repository, "nuts@1"))).unlink()
        shards = load_snapshot(repository, "nuts@1").manifest.shards
        split = next(one.split for one in shards if format_id(one.blake3) == min(shards_of(repository, "nuts@1")))
        files = dvcore.load("nuts@1", repository=repository).files(split)
        assert names(repository) == {path.name for path in files}


def test_a_damaged_copy_goes_when_the_snapshot_is_verified(repository):
    """What is at the URL is well; the copy would be in the way of it for ever."""
    (path,) = dvcore.load("nuts@1", repository=repository).files("test")
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(bytes(len(data)))
    assert verify_files(repository, "nuts@1").ok
    assert not path.exists()
    assert len(names(repository)) == 4
    assert dvcore.load("nuts@1", repository=repository).files("test") == [path]
    assert path.read_bytes() == data


def test_what_a_killed_process_left_goes_after_a_day(repository):
    old, new = (repository.layout.shards / f".{'0' * 64}.{number}.tmp" for number in (1, 2))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    copies.trim(repository.layout)
    assert not old.exists()
    assert new.exists()


def test_a_cache_that_cannot_be_written_is_read(repository, monkeypatch):
    """Nothing is noted then, and nothing fails."""

    def fail(*_args, **_options):
        raise StorageError("read-only")

    monkeypatch.setattr(copies, "FileLock", fail)
    assert dvcore.load("nuts@1", repository=repository).files("test")
    copies.trim(repository.layout, 0)
    assert len(names(repository)) == 5


def test_two_threads_that_make_one_file_do_not_write_into_each_others(tmp_path):
    """One is half way when the other begins; then the other fails."""
    path, meet = tmp_path / "copy", Barrier(2, timeout=30)

    def first() -> None:
        def make(write) -> None:
            write(b"a" * (4 << 20))
            meet.wait()
            meet.wait()
            write(b"b" * 10)

        write_file(path, make)

    def make_half(write) -> None:
        meet.wait()
        write(b"a" * 10)
        meet.wait()
        raise StorageError("the line is cut")

    thread = Thread(target=first)
    thread.start()
    with pytest.raises(StorageError):
        write_file(path, make_half)
    thread.join()
    assert path.read_bytes() == b"a" * (4 << 20) + b"b" * 10
    assert [one.name for one in tmp_path.iterdir()] == ["copy"]
