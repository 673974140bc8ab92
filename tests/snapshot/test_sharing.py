"""Shards that snapshots share on disk: damage of one must not reach what is taken later, and a repair must be one."""

import errno

import pytest
from blake3 import blake3
from support.datasets import drawn_repository, make_project, put_drawn

from dvcore.errors import StateError
from dvcore.model.definition import Split
from dvcore.repo.commits import commit_working
from dvcore.repo.staging import staging_folder
from dvcore.snapshot.taking.take import take_snapshot
from dvcore.snapshot.verifying.verify import verify_files

SPLITS = (Split("train", "0.8", None, 8), Split("test", "0.2", None, 2))


@pytest.fixture
def repository(tmp_path):
    with drawn_repository(tmp_path / "work") as made:
        make_project(made, splits=SPLITS)
        yield made


def take_next(repository, first):
    """The snapshot of one picture more."""
    put_drawn(repository, 1, first=first)
    commit_working(repository, "one more")
    return take_snapshot(repository, "nuts")


def shared_shard(*reports):
    """A shard with examples that is one file under a name in each of the folders."""
    first, *others = reports
    return next(
        path.name
        for path in sorted(first.out.glob("*.tfrecord-*"))
        if path.stat().st_size and all(path.samefile(other.out / path.name) for other in others)
    )


def flip(path):
    """Change a byte of a file in place, so that it changes under its other names too."""
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    path.chmod(0o444)


def is_well(repository, name):
    return verify_files(repository, name).ok


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def kill_before_rename(repository, monkeypatch, out=None):
    """Take a snapshot as a process does that is killed when the snapshot is recorded and its folder has no name yet."""
    with monkeypatch.context() as patch:
        patch.setattr("dvcore.snapshot.taking.here.publish", killed)
        patch.setattr("dvcore.repo.staging.remove_folder", lambda folder: None)
        with pytest.raises(KeyboardInterrupt):
            take_snapshot(repository, "nuts", out=out)


def killed(staging, folder):
    raise KeyboardInterrupt


def test_a_damaged_shared_shard_is_repaired_by_each_snapshots_own_retake(repository):
    first = take_snapshot(repository, "nuts")
    second = take_next(repository, 500)
    before = {report.snapshot: contents(report.out) for report in (first, second)}
    name = shared_shard(first, second)
    flip(first.out / name)
    assert not is_well(repository, "nuts@1")
    assert not is_well(repository, "nuts@2")

    repaired = take_snapshot(repository, "nuts", at="nuts@2")
    assert (repaired.made, repaired.shared) == (1, 0)
    assert is_well(repository, "nuts@2")
    assert not is_well(repository, "nuts@1")  # its file is its own now, and as it was

    assert take_snapshot(repository, "nuts", at="nuts@1").shared == 1
    assert is_well(repository, "nuts@1")
    assert {report.snapshot: contents(report.out) for report in (first, second)} == before


def test_a_new_snapshot_does_not_inherit_damage(repository):
    first = take_snapshot(repository, "nuts")
    second = take_next(repository, 500)
    name = shared_shard(first, second)
    flip(second.out / name)
    third = take_next(repository, 501)
    assert is_well(repository, "nuts@3")
    assert not (third.out / name).samefile(second.out / name)


def test_a_sound_copy_in_an_older_snapshot_is_shared_where_the_newest_is_damaged(repository):
    first = take_snapshot(repository, "nuts")
    second = take_next(repository, 500)
    name = shared_shard(first, second)
    sound = (first.out / name).read_bytes()
    (second.out / name).unlink()
    (second.out / name).write_bytes(sound)
    flip(second.out / name)
    third = take_next(repository, 501)
    assert (third.out / name).samefile(first.out / name)


def test_a_shard_that_cannot_be_read_is_neither_shared_nor_in_the_way(repository, monkeypatch):
    first = take_snapshot(repository, "nuts")
    second = take_next(repository, 500)
    name = shared_shard(first, second)
    before, inode = contents(second.out), (second.out / name).stat().st_ino

    class FailingDisk:
        """Cannot read one file."""

        def __init__(self):
            self.hasher = blake3()
            self.digest = self.hasher.digest

        def update_mmap(self, path):
            if path.stat().st_ino == inode:
                raise OSError(errno.EIO, "Input/output error")
            self.hasher.update_mmap(path)

    monkeypatch.setattr("dvcore.snapshot.catalog.files.blake3", FailingDisk)
    repaired = take_snapshot(repository, "nuts")
    assert (repaired.made, repaired.shared) == (1, 0)
    assert contents(second.out) == before
    assert (second.out / name).stat().st_ino != inode


def test_what_is_repaired_with_another_toolchain_is_taken_from_where_the_bytes_are(repository, monkeypatch):
    first = take_snapshot(repository, "nuts")
    second = take_next(repository, 500)
    name = shared_shard(first, second)
    (first.out / name).unlink()
    monkeypatch.setattr("dvcore.snapshot.examples.recipe.toolchain", lambda: {"pillow": "1.0"})
    repaired = take_snapshot(repository, "nuts", at="nuts@1")
    assert (repaired.made, repaired.shared) == (0, 1)
    assert (first.out / name).samefile(second.out / name)


@pytest.mark.parametrize("out", [None, "elsewhere/out"])
def test_shards_that_a_killed_process_finished_are_taken_over(repository, tmp_path, monkeypatch, out):
    out = out and tmp_path / out
    kill_before_rename(repository, monkeypatch, out)
    parent = out.parent if out else repository.layout.snapshots
    (left,) = parent.iterdir()
    assert left.name.startswith(".making-")
    name = next(path.name for path in sorted(left.glob("*.tfrecord-*")) if path.stat().st_size)
    flip(left / name)
    files = sum(path.stat().st_size > 0 for path in left.glob("*.tfrecord-*"))

    report = take_snapshot(repository, "nuts")
    assert (report.snapshot, report.is_new, report.made, report.shared) == ("nuts@1", False, 1, files - 1)
    assert is_well(repository, "nuts@1")
    assert not list(parent.glob(".making-*"))


def test_what_a_process_is_still_at_is_not_taken_away(repository, monkeypatch):
    kill_before_rename(repository, monkeypatch)
    (left,) = repository.layout.snapshots.iterdir()
    with (
        staging_folder(left.parent, left.name.removeprefix(".making-")),
        pytest.raises(StateError, match="another process is making this snapshot"),
    ):
        take_snapshot(repository, "nuts")
