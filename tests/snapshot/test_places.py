"""A snapshot that was written elsewhere than into the repository is found there."""

import shutil
from shlex import quote

import pytest
from support.datasets import drawn_repository, make_project, put_drawn

import dvcore
from dvcore.errors import CorruptError, StateError
from dvcore.model.definition import Split
from dvcore.repo.cells import place_cell, set_cell
from dvcore.repo.check import check_repository
from dvcore.repo.commits import commit_working
from dvcore.repo.operations import iter_operations
from dvcore.repo.projects import find_place
from dvcore.snapshot.catalog.report import describe_named
from dvcore.snapshot.taking.take import take_snapshot
from dvcore.snapshot.verifying.verify import verify_files

SPLITS = (Split("train", "1", None, 4),)


@pytest.fixture
def repository(tmp_path):
    with drawn_repository(tmp_path / "work") as made:
        make_project(made, splits=SPLITS)
        yield made


@pytest.fixture
def out(tmp_path):
    return tmp_path / "großer Speicher" / "out"


def test_the_chosen_folder_is_where_a_snapshot_is_looked_for(repository, out):
    taken = take_snapshot(repository, "nuts", out=out)
    assert find_place(repository, "nuts", 1) == out
    assert verify_files(repository, "nuts@1").ok
    assert describe_named(repository, "nuts@1").out == out
    reader = dvcore.load("nuts@1", repository=repository)
    assert [path.name for path in reader.files("train")] == [shard.name for shard in taken.splits["train"].shards]
    assert {path.parent for path in reader.files("train")} == {out}
    (out / taken.splits["train"].shards[0].name).unlink()
    assert not verify_files(repository, "nuts@1").ok


def test_a_folder_is_remembered_whole_however_it_was_given(repository, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    take_snapshot(repository, "nuts", out=tmp_path.relative_to(tmp_path) / "here")
    assert find_place(repository, "nuts", 1) == tmp_path / "here"


def test_a_folder_whose_name_is_no_text(repository, tmp_path):
    out = tmp_path / b"\xff u\xcc\x88".decode(errors="surrogateescape")
    take_snapshot(repository, "nuts", out=out)
    assert find_place(repository, "nuts", 1) == out
    assert verify_files(repository, "nuts@1").ok


def test_the_newest_place_counts(repository, out):
    take_snapshot(repository, "nuts")
    assert find_place(repository, "nuts", 1) is None
    take_snapshot(repository, "nuts", out=out)
    assert find_place(repository, "nuts", 1) == out
    take_snapshot(repository, "nuts", out=out.with_name("other"))
    assert find_place(repository, "nuts", 1) == out.with_name("other")
    take_snapshot(repository, "nuts")
    assert find_place(repository, "nuts", 1) is None
    assert describe_named(repository, "nuts@1").out == repository.layout.snapshots / "nuts@1"


def test_a_place_that_could_not_be_filled_is_not_recorded(repository, out, monkeypatch):
    take_snapshot(repository, "nuts", out=out)
    (out / "nuts-train.tfrecord-00000-of-00004").unlink()

    def full(*arguments, **options):
        raise StateError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("dvcore.snapshot.taking.here.fill_folder", full)
        with pytest.raises(StateError, match="full"):
            take_snapshot(repository, "nuts", out=out.with_name("other"))
    assert find_place(repository, "nuts", 1) == out


def test_the_place_is_no_operation(repository, out):
    take_snapshot(repository, "nuts")
    with repository.store.read() as transaction:
        before = len(list(iter_operations(transaction)))
    take_snapshot(repository, "nuts", out=out)
    with repository.store.read() as transaction:
        operations = list(iter_operations(transaction))
    assert len(operations) == before
    assert not any("place" in change.cell for operation in operations for change in operation.changes)
    assert check_repository(repository) == []


def test_unchanged_shards_are_shared_from_the_chosen_folder(repository, out):
    take_snapshot(repository, "nuts", out=out)
    put_drawn(repository, 1, first=500)
    commit_working(repository, "one more")
    second = take_snapshot(repository, "nuts")
    assert (second.made, second.shared) == (1, 3)
    assert sum(path.samefile(out / path.name) for path in second.out.glob("*.tfrecord-*")) == 3


def test_a_repository_in_memory_remembers_it_too(out):
    repository = drawn_repository(None, 8)
    make_project(repository)
    take_snapshot(repository, "nuts", out=out)
    assert verify_files(repository, "nuts@1").ok
    assert dvcore.load("nuts@1", repository=repository).folder == out


def test_a_place_that_is_gone_is_named_with_what_to_do(repository, out):
    take_snapshot(repository, "nuts", out=out)
    shutil.rmtree(out)
    verification = verify_files(repository, "nuts@1")
    assert verification.problems == (f"nuts@1 should be in {out}, which is not there",)
    (note,) = verification.notes
    assert "'dset snapshot nuts --at nuts@1'" in note
    assert "bring it back" in note
    with pytest.raises(StateError, match=r"should be in .*out, which is not there; bring it back"):
        dvcore.load("nuts@1", repository=repository).files("train")
    (warning,) = describe_named(repository, "nuts@1").warnings
    assert str(out) in warning

    take_snapshot(repository, "nuts", at="nuts@1")  # the advice
    assert verify_files(repository, "nuts@1").ok


def test_files_in_a_chosen_folder_are_made_again_there(repository, out):
    take_snapshot(repository, "nuts", out=out)
    (out / "nuts-train.tfrecord-00001-of-00004").unlink()
    assert f"dset snapshot nuts --at nuts@1 --out {quote(str(out))}" in verify_files(repository, "nuts@1").notes[0]
    with pytest.raises(StateError, match="--at nuts@1 --out"):
        dvcore.load("nuts@1", repository=repository).files("train")
    take_snapshot(repository, "nuts", at="nuts@1", out=out)
    assert verify_files(repository, "nuts@1").ok


def test_where_a_folder_would_be_refused_the_advice_is_the_repository(repository, out):
    take_snapshot(repository, "nuts", out=out)
    (out / "snapshot.json").write_text("{}")
    (note,) = verify_files(repository, "nuts@1").notes
    assert "--out" not in note
    take_snapshot(repository, "nuts", at="nuts@1")
    assert verify_files(repository, "nuts@1").ok


def test_a_place_that_is_none_is_damage(repository):
    take_snapshot(repository, "nuts")
    repository.store.update(lambda transaction: set_cell(transaction, place_cell("nuts", 1), "text"))
    with pytest.raises(CorruptError, match="place/nuts/1"):
        verify_files(repository, "nuts@1")
