"""Snapshots that were interrupted: the next attempt goes on where they were, and nothing half-made has a name."""

import signal
import subprocess
import sys
import time

import pytest
from support.datasets import drawn_repository, make_project

from dvcore.errors import StorageError
from dvcore.model.definition import ImageOptions, Split
from dvcore.repo.projects import load_project
from dvcore.repo.repository import Repository
from dvcore.snapshot.taking.take import take_snapshot
from dvcore.snapshot.verifying.verify import verify_files

SPLITS = (Split("train", "0.8", None, 8), Split("test", "0.2", None, 2))
IMAGE = ImageOptions(downsample="both:64x64", encoding="png")
SLOW = """
import os, sys, time
from pathlib import Path
import dvcore.snapshot.shards.record_making as record_making
from dvcore.repo.repository import Repository
from dvcore.snapshot.taking.take import take_snapshot

encode = record_making.encode_example
def slowly(features):
    time.sleep(0.02)
    return encode(features)
record_making.encode_example = slowly
with Repository.open(Path(sys.argv[1])) as repository:
    print("begun", flush=True)
    take_snapshot(repository, "nuts", jobs=1)
"""


@pytest.fixture
def repository(tmp_path):
    with drawn_repository(tmp_path / "work") as made:
        make_project(made, splits=SPLITS, image=IMAGE)
        yield made


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "snapshot.json"}


def expected_files(tmp_path):
    """What a snapshot holds that nobody interrupted."""
    with drawn_repository(tmp_path / "other") as other:
        make_project(other, splits=SPLITS, image=IMAGE)
        return contents(take_snapshot(other, "nuts").out)


def kill_after(repository, shards):
    """Take a snapshot in a process that is killed when so many shards have their names; those names."""
    process = subprocess.Popen([sys.executable, "-c", SLOW, str(repository.layout.root)], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"begun\n"
        deadline = time.monotonic() + 60
        while len(found := finished(repository)) < shards:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    return found


def finished(repository):
    return sorted(path for path in repository.layout.snapshots.glob(".making-*/nuts-*.tfrecord-*"))


def interrupt(repository, monkeypatch, error, shards):
    """Take a snapshot in which the shard after so many raises."""
    from dvcore.snapshot.taking import materialize

    write_file, written = materialize.write_file, []

    def write(path, make):
        if len(written) == shards:
            raise error
        written.append(path)
        return write_file(path, make)

    with monkeypatch.context() as patch:
        patch.setattr("dvcore.snapshot.taking.materialize.write_file", write)
        with pytest.raises(type(error)):
            take_snapshot(repository, "nuts", jobs=1)


def test_a_killed_first_snapshot_goes_on_where_it_was(repository, tmp_path):
    left = kill_after(repository, 3)
    assert load_project(repository, "nuts").snapshots == ()
    assert not (repository.layout.snapshots / "nuts@1").exists()
    inodes = {path.name: path.stat().st_ino for path in left if path.stat().st_size}

    report = take_snapshot(repository, "nuts")
    assert (report.snapshot, report.is_new) == ("nuts@1", True)
    assert report.shared >= 1
    kept = [name for name, inode in inodes.items() if (report.out / name).stat().st_ino == inode]
    assert len(kept) >= len(inodes) - 1  # the last one may have got its name, but no receipt yet
    assert contents(report.out) == expected_files(tmp_path)
    assert not list(repository.layout.snapshots.glob(".making-*"))
    assert verify_files(repository, "nuts@1").ok


def test_what_was_damaged_meanwhile_is_made_again(repository, tmp_path):
    for path in kill_after(repository, 4):
        data = bytearray(path.read_bytes())
        if data:
            data[len(data) // 2] ^= 1
            path.chmod(0o644)
            path.write_bytes(data)
    report = take_snapshot(repository, "nuts")
    assert report.shared == 0
    assert contents(report.out) == expected_files(tmp_path)


def test_what_somebody_else_put_there_does_not_get_into_the_snapshot(repository, tmp_path):
    (folder,) = {path.parent for path in kill_after(repository, 2)}
    (folder / "notes.txt").write_text("mine")
    (folder / "deeper").mkdir()
    (folder / ".half.tmp").write_bytes(b"half")
    report = take_snapshot(repository, "nuts")
    assert contents(report.out) == expected_files(tmp_path)


def test_a_cache_that_is_gone_only_costs_time(repository, tmp_path):
    import shutil

    kill_after(repository, 3)
    shutil.rmtree(repository.layout.cache)
    report = take_snapshot(repository, "nuts")
    assert report.shared == 0
    assert contents(report.out) == expected_files(tmp_path)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), StorageError("no space left on device")])
def test_interrupting_and_a_full_disk_keep_what_was_finished(repository, tmp_path, monkeypatch, error):
    interrupt(repository, monkeypatch, error, 4)
    assert load_project(repository, "nuts").snapshots == ()
    kept = sum(path.stat().st_size > 0 for path in finished(repository))
    assert kept
    report = take_snapshot(repository, "nuts")
    assert report.shared == kept
    assert contents(report.out) == expected_files(tmp_path)


def test_another_commit_does_not_take_over_what_it_cannot_use(repository):
    kill_after(repository, 2)
    with Repository.open(repository.layout.root) as again:
        from support.datasets import put_drawn

        from dvcore.repo.commits import commit_working

        put_drawn(again, 1, first=500)
        commit_working(again, "one more")
        report = take_snapshot(again, "nuts")
        assert report.shared == 0
        assert sum(split.examples for split in report.splits.values()) == 41
        assert verify_files(again, "nuts@1").ok
