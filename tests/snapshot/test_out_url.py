"""Snapshots that are sent to a URL: what is there afterwards, what is sent again, and who finds it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.buckets import Bucket, open_in_memory
from support.datasets import drawn_repository, make_project, put_drawn, relabel

import dvcore
from dvcore.errors import CorruptError, ExistsError, InvalidInputError, StateError, StorageError
from dvcore.model.definition import Feature, Label, Split
from dvcore.remote.exchange.places import parse_url
from dvcore.remote.storages.local import LocalStorage
from dvcore.repo.check import check_repository
from dvcore.repo.commits import commit_working
from dvcore.repo.origins import ORIGIN
from dvcore.repo.projects import Url, find_place, load_project
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog.report import describe_named
from dvcore.snapshot.catalog.sidefiles import side_names
from dvcore.snapshot.catalog.snapshots import load_snapshot
from dvcore.snapshot.projects.changing import drop_project
from dvcore.snapshot.taking.take import take_snapshot
from dvcore.snapshot.verifying.verify import verify_files, verify_rebuild

SPLITS = (Split("train", "0.8", None, 4), Split("test", "0.2", None, 1))
URL = Url("s3://bucket/nuts-1")


@pytest.fixture
def buckets(monkeypatch: pytest.MonkeyPatch) -> dict[str, Bucket]:
    """By address; each address has its own."""
    return open_in_memory(monkeypatch)


@pytest.fixture
def bucket(buckets):
    return buckets.setdefault(URL.text, Bucket())


@pytest.fixture
def repository(tmp_path):
    with drawn_repository(tmp_path / "work") as made:
        make_project(made, splits=SPLITS)
        yield made


def expected_digest(tmp_path: Path) -> bytes:
    with drawn_repository(tmp_path / "another") as other:
        make_project(other, splits=SPLITS)
        return take_snapshot(other, "nuts").digest


def forget(repository: Repository) -> None:
    """What can be deleted at any time."""
    shutil.rmtree(repository.layout.cache)
    repository.layout.cache.mkdir()


def test_what_is_sent_is_the_snapshot(repository, bucket, tmp_path):
    report = take_snapshot(repository, "nuts", out=URL)
    assert (report.snapshot, report.is_new, report.out, report.sent) == ("nuts@1", True, URL, 5)
    assert report.digest == expected_digest(tmp_path)
    here = Repository.open(tmp_path / "another").layout.snapshots / "nuts@1"
    assert {name: bucket.get(name).data for name in bucket.names()} == {
        path.name: path.read_bytes() for path in here.iterdir()
    }
    assert find_place(repository, "nuts", 1) == URL
    assert not list(repository.layout.snapshots.iterdir())
    assert verify_files(repository, "nuts@1").ok
    assert describe_named(repository, "nuts@1").out == URL
    assert check_repository(repository) == []


def test_nothing_claims_to_be_a_snapshot_before_all_of_it_is_there(repository, bucket):
    take_snapshot(repository, "nuts", out=URL)
    snapshot = load_snapshot(repository, "nuts@1")
    marker, *rest = bucket.sent
    assert marker.startswith("unfinished-")
    assert {*rest[:5]} == {snapshot.file_name(shard) for shard in snapshot.manifest.shards}
    assert {*rest[5:]} == side_names(snapshot.definition)
    assert rest[-1] == ORIGIN
    assert marker not in bucket.names()


def test_taking_it_again_sends_no_shard(repository, bucket):
    first = take_snapshot(repository, "nuts", out=URL)
    bucket.clear()
    again = take_snapshot(repository, "nuts", out=URL)
    assert (again.snapshot, again.is_new, again.made, again.shared, again.sent) == ("nuts@1", False, 0, 0, 0)
    assert again.digest == first.digest
    assert bucket.shards() == bucket.read == []


@pytest.mark.parametrize("sent", range(9))
def test_a_killed_upload_leaves_no_snapshot_and_goes_on(repository, bucket, tmp_path, sent):
    """Killed after so many objects: the marker is the first, then come 5 shards; then the snapshot is recorded."""
    bucket.fail_after, bucket.error = sent, KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        take_snapshot(repository, "nuts", out=URL)
    assert ORIGIN not in bucket.names()
    if sent < 6:
        assert load_project(repository, "nuts").snapshots == ()
        assert not side_names(load_project(repository, "nuts").definition) & bucket.names()
    else:
        assert not verify_files(repository, "nuts@1").ok
    shards = bucket.shards()

    bucket.fail_after = None
    report = take_snapshot(repository, "nuts", out=URL)
    assert report.snapshot == "nuts@1"
    assert report.made == 0 or sent == 0
    assert len(bucket.shards()) == 5, "none is sent twice"
    assert bucket.shards()[: len(shards)] == shards
    assert not any(name.startswith("unfinished-") for name in bucket.names())
    assert verify_files(repository, "nuts@1").ok
    assert report.digest == expected_digest(tmp_path)
    assert not list(repository.layout.snapshots.iterdir())


def test_a_failing_network_is_the_same(repository, bucket):
    bucket.fail_after = 3
    with pytest.raises(StorageError, match="gone"):
        take_snapshot(repository, "nuts", out=URL)
    assert load_project(repository, "nuts").snapshots == ()
    bucket.fail_after = None
    assert take_snapshot(repository, "nuts", out=URL).made == 0
    assert len(bucket.shards()) == 5


def test_an_attempt_goes_on_without_what_was_remembered(repository, bucket):
    bucket.fail_after = 4
    with pytest.raises(StorageError):
        take_snapshot(repository, "nuts", out=URL)
    forget(repository)
    bucket.fail_after = None
    take_snapshot(repository, "nuts", out=URL)
    assert verify_files(repository, "nuts@1").ok


@pytest.mark.parametrize("name", ["photo.jpg", "deeper/photo.jpg", ORIGIN, "nuts-train.tfrecord-00000-of-00004"])
def test_what_holds_something_else_is_refused(repository, bucket, name):
    bucket.put(name, b"mine")
    with pytest.raises(ExistsError, match="s3://bucket/nuts-1 holds something else"):
        take_snapshot(repository, "nuts", out=URL)
    assert bucket.names() == {name}
    assert load_project(repository, "nuts").snapshots == ()
    take_snapshot(repository, "nuts")
    with pytest.raises(ExistsError):
        take_snapshot(repository, "nuts", out=URL)
    assert bucket.get(name).data == b"mine"


def test_the_beginning_of_another_snapshot_is_refused(repository, bucket):
    bucket.fail_after = 3
    with pytest.raises(StorageError):
        take_snapshot(repository, "nuts", out=URL)
    bucket.fail_after = None
    relabel(repository, ["nuts/000.png"], "almond")
    before = bucket.names()
    with pytest.raises(ExistsError, match="the beginning of another snapshot"):
        take_snapshot(repository, "nuts", out=URL)
    assert bucket.names() == before


def test_another_snapshot_is_not_written_over(repository, bucket):
    take_snapshot(repository, "nuts", out=URL)
    relabel(repository, ["nuts/000.png"], "almond")
    with pytest.raises(ExistsError, match="something else"):
        take_snapshot(repository, "nuts", out=URL)
    assert verify_files(repository, "nuts@1").ok


def test_the_next_snapshot_makes_only_what_changed(repository, buckets, bucket):
    take_snapshot(repository, "nuts", out=URL)
    put_drawn(repository, 1, first=500)
    commit_working(repository, "one more")
    second = take_snapshot(repository, "nuts", out=Url("s3://bucket/nuts-2"))
    assert (second.made, second.shared, second.sent) == (1, 4, 5)
    third = take_snapshot(repository, "nuts")  # into the repository
    assert (third.snapshot, third.made, third.shared) == ("nuts@2", 0, 5)
    assert find_place(repository, "nuts", 2) is None


@pytest.mark.parametrize("is_remembered", [True, False])
def test_damage_and_loss_are_found_and_mended(repository, bucket, is_remembered):
    take_snapshot(repository, "nuts", out=URL)
    first, second, third, *_ = bucket.shards()
    bucket.damage(first)
    bucket.remove(second)
    bucket.write(third, b"short")
    bucket.damage("features.json")
    if not is_remembered:
        forget(repository)
    verification = verify_files(repository, "nuts@1")
    assert [first in line or second in line or third in line for line in verification.problems[:3]] == [True] * 3
    assert verification.problems[3:] == ("features.json is missing or was changed",)
    assert verification.notes == ("'dset snapshot nuts --at nuts@1 --out s3://bucket/nuts-1' makes files again",)

    bucket.clear()
    report = take_snapshot(repository, "nuts", at="nuts@1", out=URL)
    assert {*bucket.shards()} == {first, second, third}
    assert (report.made, report.shared) == ((0, 3) if is_remembered else (3, 0))
    assert verify_files(repository, "nuts@1").ok


def test_damage_that_nobody_verified_is_found_where_nothing_is_remembered(repository, bucket):
    take_snapshot(repository, "nuts", out=URL)
    bucket.damage(bucket.shards()[0])
    forget(repository)
    bucket.clear()
    take_snapshot(repository, "nuts", at="nuts@1", out=URL)
    assert len(bucket.shards()) == 1
    assert verify_files(repository, "nuts@1").ok


def test_it_is_read_through_the_cache_and_only_the_split_that_is_wanted(repository, bucket, tmp_path):
    report = take_snapshot(repository, "nuts", out=URL)
    forget(repository)
    bucket.clear()
    reader = dvcore.load("nuts@1", repository=repository)
    assert bucket.read == []
    (shard,) = report.splits["test"].shards
    assert len(list(reader.examples("test"))) == shard.examples
    assert bucket.read == [shard.name]
    (path,) = reader.files("test")
    assert path == repository.layout.shards / shard.digest.hex()
    assert bucket.read == [shard.name], "once is enough"
    names = {bytes(one["image/filename"]) for split in reader.splits for one in reader.examples(split)}
    assert len(names) == 40
    assert reader.folder == repository.layout.shards
    assert str(URL) in repr(reader)


def test_whoever_sent_it_reads_without_asking(repository, bucket):
    take_snapshot(repository, "nuts", out=URL)
    bucket.clear()
    assert len(list(dvcore.load("nuts@1", repository=repository).examples("train"))) > 20
    assert bucket.read == []


def test_wrong_bytes_are_never_read(repository, bucket):
    take_snapshot(repository, "nuts", out=URL)
    forget(repository)
    name = next(name for name in bucket.shards() if "test" in name)
    bucket.damage(name)
    reader = dvcore.load("nuts@1", repository=repository)
    with pytest.raises(CorruptError, match=f"{name}.*other bytes.*--at nuts@1 --out s3://bucket/nuts-1"):
        reader.files("test")
    assert list(repository.layout.shards.iterdir()) == []
    bucket.remove(name)
    with pytest.raises(StateError, match=f"no {name}.*--at nuts@1 --out"):
        reader.files("test")
    take_snapshot(repository, "nuts", at="nuts@1", out=URL)  # the advice
    assert reader.files("test")


def test_another_machine_loads_it_with_the_same_digest(repository, bucket, tmp_path):
    """What it takes is the history, and the URL."""
    report = take_snapshot(repository, "nuts", out=URL)
    with Repository.init(tmp_path / "elsewhere") as clone:
        copy_history(repository, clone)
        reader = dvcore.load("nuts@1", repository=clone, folder="s3://bucket/nuts-1")
        assert reader.snapshot.manifest.digest == report.digest
        assert len(list(reader.examples("train"))) == report.splits["train"].examples
        assert verify_files(clone, "nuts@1", folder=URL).ok
        bucket.clear()
        taken = take_snapshot(clone, "nuts", at="nuts@1", out=URL)
        assert (taken.snapshot, taken.digest, taken.made, taken.sent) == ("nuts@1", report.digest, 0, 0)
        assert bucket.shards() == []
        assert find_place(clone, "nuts", 1) == URL


def copy_history(repository: Repository, clone: Repository) -> None:
    """As a clone without images has it."""
    from dvcore.repo.cells import iter_cells, set_cell
    from dvcore.store import Table

    with repository.store.read() as transaction:
        objects = list(transaction.iter_items(Table.OBJECTS, b""))
        cells = [one for prefix in ("ref/", "counter/") for one in iter_cells(transaction, prefix)]

    def put(transaction):
        transaction.put_many(Table.OBJECTS, objects)
        for name, value in cells:
            set_cell(transaction, name, value)

    clone.store.update(put)


def test_a_rebuild_compares_with_what_is_there(repository, bucket):
    take_snapshot(repository, "nuts", out=URL)
    assert verify_rebuild(repository, "nuts@1").ok


def test_a_folder_of_the_repository_can_take_it_back(repository, bucket, tmp_path):
    take_snapshot(repository, "nuts", out=URL)
    report = take_snapshot(repository, "nuts", out=tmp_path / "out")
    assert (report.made, report.shared) == (0, 5)
    assert find_place(repository, "nuts", 1) == tmp_path / "out"


@pytest.mark.parametrize("is_gone", [False, True])
def test_it_is_taken_back_from_the_url_rather_than_made(repository, bucket, is_gone):
    first = take_snapshot(repository, "nuts", out=URL)
    forget(repository)
    if is_gone:
        bucket.remove(bucket.shards()[0])
    bucket.clear()
    report = take_snapshot(repository, "nuts")
    assert (report.made, report.shared) == ((1, 4) if is_gone else (0, 5))
    assert report.digest == first.digest
    assert verify_files(repository, "nuts@1").ok


def test_a_removed_project_says_where_the_files_are(repository, bucket):
    take_snapshot(repository, "nuts", out=URL)
    _, places = drop_project(repository, "nuts", force=True)
    assert places == [URL]


def test_what_no_store_takes_as_a_name_is_refused_first(repository, bucket):
    feature = Feature("onehot", "image/größe", (Label("walnut", "kind = 'walnut'"), Label("almond", "kind = 'almond'")))
    make_project(repository, "odd", splits=SPLITS, labels=(), features=(Feature("image", "image"), feature))
    with pytest.raises(InvalidInputError, match="cannot be the name"):
        take_snapshot(repository, "odd", out=URL)
    assert bucket.names() == set()


def test_a_repository_in_memory_sends_nothing(bucket):
    repository = drawn_repository(None, 8)
    make_project(repository)
    with pytest.raises(StateError, match="in memory"):
        take_snapshot(repository, "nuts", out=URL)


def test_files_of_a_local_url(repository, tmp_path):
    """As any store: nothing is known of its being a folder."""
    (tmp_path / "share").mkdir()
    url = parse_url(f"file://{tmp_path}/share/with%20space")
    assert str(url).endswith("/share/with%20space")
    take_snapshot(repository, "nuts", out=url)
    assert verify_files(repository, "nuts@1").ok
    assert ORIGIN in {one.name for one in LocalStorage(tmp_path / "share" / "with space").iter_names()}
    with pytest.raises(StorageError, match="is not there"):
        take_snapshot(repository, "nuts", out=parse_url(f"file://{tmp_path}/not-mounted/nuts"))
    assert not (tmp_path / "not-mounted").exists()


@pytest.mark.parametrize("text", ["s3://key:secret@bucket/a", "s3://bucket/a?X-Amz-Signature=secret", "gopher://a/b"])
def test_no_secret_is_recorded(repository, text):
    with pytest.raises(InvalidInputError) as error:
        parse_url(text)
    assert "secret" not in str(error.value).replace("may be a secret", "")


def test_who_sends_nothing_imports_nothing_that_does():
    modules = "dvcore.snapshot.reading.reader, dvcore.snapshot.taking.take, dvcore.snapshot.verifying.verify"
    found = "[name for name in sys.modules if name.startswith(('dvcore.remote.storages', 'obstore'))]"
    program = f"import sys, {modules}; print({found})"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout == b"[]\n"


def test_an_empty_shard_is_sent_too(tmp_path, bucket):
    with drawn_repository(tmp_path / "small", 3) as small:
        make_project(small, splits=(Split("train", "1", None, 8),))
        report = take_snapshot(small, "nuts", out=URL)
        assert len(bucket.shards()) == 8
        assert report.splits["train"].examples == 3
        assert verify_files(small, "nuts@1").ok
        forget(small)
        assert len(list(dvcore.load("nuts@1", repository=small).examples("train"))) == 3
