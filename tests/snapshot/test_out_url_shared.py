"""A URL that others write to as well, that is out of reach, that can only be read, or that has too much under it."""

import json
from collections.abc import Iterator
from threading import Barrier, Thread

import pytest
from support.buckets import Bucket, open_in_memory
from support.datasets import drawn_repository, make_project, relabel

from dvcore.errors import AccessDeniedError, DsetError, ExistsError, InvalidInputError, StateError, StorageError
from dvcore.model.definition import Split
from dvcore.remote.exchange.places import parse_url
from dvcore.remote.storages.storage import Capabilities
from dvcore.repo.origins import ORIGIN
from dvcore.repo.projects import Url, find_place, load_project
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog.places import parse_place
from dvcore.snapshot.catalog.snapshots import load_snapshot
from dvcore.snapshot.taking.take import take_snapshot
from dvcore.snapshot.verifying.verify import verify_files

SPLITS = (Split("train", "0.8", None, 4), Split("test", "0.2", None, 1))
URL = Url("s3://bucket/nuts-1")
SHARD = "nuts-train.tfrecord-00000-of-00004"


@pytest.fixture
def bucket(monkeypatch) -> Bucket:
    return open_in_memory(monkeypatch).setdefault(URL.text, Bucket())


@pytest.fixture
def repository(tmp_path) -> Iterator[Repository]:
    with drawn_repository(tmp_path / "work") as made:
        make_project(made, splits=SPLITS)
        yield made


@pytest.fixture
def other(tmp_path) -> Iterator[Repository]:
    """Another machine, with other labels: its shards have the same names and lengths."""
    with drawn_repository(tmp_path / "other") as made:
        relabel(made, ["nuts/000.png"], "almond")
        make_project(made, splits=SPLITS)
        yield made


def nothing_taken(repository: Repository) -> bool:
    return load_project(repository, "nuts").snapshots == ()


def once(action):
    """Called with the first name that is written, and then no more."""
    left = [action]
    return lambda _: left.pop()() if left else None


def test_who_begins_second_withdraws(repository, bucket):
    """The other's beginning came after we looked, and before ours was said."""
    bucket.before = once(lambda: bucket.write("unfinished-0123456789abcdef", b""))
    with pytest.raises(ExistsError, match="the beginning of another snapshot"):
        take_snapshot(repository, "nuts", out=URL)
    assert bucket.names() == {"unfinished-0123456789abcdef"}
    assert nothing_taken(repository)


def test_another_snapshot_that_was_finished_meanwhile_stays_whole(repository, other, bucket):
    bucket.before = once(lambda: take_snapshot(other, "nuts", out=URL))
    with pytest.raises(ExistsError, match="something else"):
        take_snapshot(repository, "nuts", out=URL)
    assert nothing_taken(repository)
    assert not any(name.startswith("unfinished-") for name in bucket.names())
    assert verify_files(other, "nuts@1").ok


def test_of_two_at_once_whoever_has_a_snapshot_has_its_bytes(repository, other, bucket, monkeypatch):
    """Both look, both find nothing, both begin."""
    meet = Barrier(2, timeout=60)
    listed = Bucket.iter_names
    looked = []

    def iter_names(self, prefix=""):
        names = list(listed(self, prefix))
        if len(looked) < 2:
            looked.append(names)
            meet.wait()
        return iter(names)

    monkeypatch.setattr(Bucket, "iter_names", iter_names)
    outcomes: dict[Repository, str] = {}

    def take(one: Repository) -> None:
        try:
            outcomes[one] = take_snapshot(one, "nuts", out=URL).snapshot
        except DsetError as error:
            outcomes[one] = error.kind

    threads = [Thread(target=take, args=(one,)) for one in (repository, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert looked == [[], []]
    assert "exists" in outcomes.values()
    for one, outcome in outcomes.items():
        assert (outcome == "exists" and nothing_taken(one)) or verify_files(one, "nuts@1").ok


@pytest.mark.parametrize("is_gone", [True, False])
def test_what_is_no_longer_there_is_not_recorded(repository, bucket, is_gone):
    """Somebody empties the URL, or cuts a file, while shards are sent."""

    def harm(name: str) -> None:
        if len(bucket.shards()) == 4:
            first = bucket.shards()[0]
            bucket.remove(first) if is_gone else bucket.write(first, b"short")

    bucket.before = harm
    with pytest.raises(StorageError, match=r"nuts-.*\.tfrecord-.* is not there as it was sent"):
        take_snapshot(repository, "nuts", out=URL)
    assert nothing_taken(repository)
    assert ORIGIN not in bucket.names()
    bucket.before = lambda _: None
    take_snapshot(repository, "nuts", out=URL)
    assert len(bucket.shards()) == 6, "only what was missing is sent again"
    assert verify_files(repository, "nuts@1").ok


def test_a_snapshot_that_another_machine_finished_meanwhile_is_not_renamed(repository, bucket):
    """It made the same shards; `snapshot.json` says whose they are."""
    theirs = json.dumps({"snapshot": "nuts@7"}).encode()
    bucket.before = lambda name: bucket.write(ORIGIN, theirs) if "tfrecord" in name else None
    with pytest.raises(ExistsError, match="something else"):
        take_snapshot(repository, "nuts", out=URL)
    assert nothing_taken(repository)
    assert bucket.get(ORIGIN).data == theirs


def test_a_failure_before_anything_was_sent_leaves_the_url_free(repository, bucket, monkeypatch):
    """Such as an image that cannot be rendered: what is taken after it was mended is another snapshot."""

    def fail(*_args, **_options):
        raise InvalidInputError("nuts/003.png cannot be rendered")

    with monkeypatch.context() as patched:
        patched.setattr("dvcore.snapshot.taking.take.fill_folder", fail)
        with pytest.raises(InvalidInputError):
            take_snapshot(repository, "nuts", out=URL)
    assert bucket.sent, "it was said what was going to be sent"
    assert bucket.names() == set()
    relabel(repository, ["nuts/000.png"], "almond")
    assert take_snapshot(repository, "nuts", out=URL).snapshot == "nuts@1"


def test_a_full_disk_keeps_the_url_for_the_next_attempt(repository, bucket, monkeypatch):
    """As it keeps the folder with what was made. A store that has gone is so not asked for minutes to forget it."""

    def fail(*_args, **_options):
        raise StorageError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("dvcore.snapshot.taking.take.fill_folder", fail)
        with pytest.raises(StorageError):
            take_snapshot(repository, "nuts", out=URL)
    (marker,) = bucket.names()
    assert [path.name for path in repository.layout.snapshots.iterdir()] == [marker.replace("unfinished-", ".making-")]
    take_snapshot(repository, "nuts", out=URL)
    assert verify_files(repository, "nuts@1").ok


def test_what_was_sent_for_nothing_is_not_sent_again(repository, bucket, monkeypatch):
    """The project changed meanwhile: what is there still says what it is."""

    def fail(*_args, **_options):
        raise StateError("the project changed meanwhile")

    with monkeypatch.context() as patched:
        patched.setattr("dvcore.snapshot.taking.take.record_snapshot", fail)
        with pytest.raises(StateError):
            take_snapshot(repository, "nuts", out=URL)
    assert any(name.startswith("unfinished-") for name in bucket.names())
    take_snapshot(repository, "nuts", out=URL)
    assert len(bucket.shards()) == 5
    assert verify_files(repository, "nuts@1").ok


def test_what_was_found_missing_is_no_longer_believed(repository, bucket):
    """It came back with other bytes of the same length."""
    kept = {}

    def harm(name: str) -> None:
        if len(bucket.shards()) == 4:
            kept["name"] = bucket.shards()[0]
            kept["data"] = bucket.get(kept["name"]).data
            bucket.remove(kept["name"])

    bucket.before = harm
    with pytest.raises(StorageError):
        take_snapshot(repository, "nuts", out=URL)
    bucket.before = lambda _: None
    bucket.write(kept["name"], kept["data"])
    bucket.damage(kept["name"])
    take_snapshot(repository, "nuts", out=URL)
    assert verify_files(repository, "nuts@1").ok


def test_a_url_with_far_too_much_is_refused_before_all_of_it_is_listed(repository, bucket, monkeypatch):
    monkeypatch.setattr("dvcore.snapshot.taking.sending._MOST_NAMES", 10)
    for number in range(50):
        bucket.write(f"photo-{number}", b"")
    listed = Bucket.iter_names
    taken = []

    def iter_names(self, prefix=""):
        for one in listed(self, prefix):
            taken.append(one)
            yield one

    monkeypatch.setattr(Bucket, "iter_names", iter_names)
    with pytest.raises(ExistsError, match="holds something else"):
        take_snapshot(repository, "nuts", out=URL)
    assert len(taken) == 11


@pytest.mark.parametrize("name", ["IMG 001.jpg", "größe.jpg", ".DS_Store"])
def test_files_whose_names_no_object_of_ours_has_are_something_else(repository, tmp_path, name):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / name).write_bytes(b"mine")
    with pytest.raises(ExistsError, match="something else"):
        take_snapshot(repository, "nuts", out=parse_url(f"file://{tmp_path}/photos"))
    assert [path.name for path in (tmp_path / "photos").iterdir()] == [name]
    assert nothing_taken(repository)


def test_a_web_server_takes_no_snapshot(repository, monkeypatch):
    open_in_memory(monkeypatch)["https://host/nuts-1"] = WebServer()
    with pytest.raises(AccessDeniedError, match=r"cannot send .* to https://host/nuts-1; .* only be read"):
        take_snapshot(repository, "nuts", out=Url("https://host/nuts-1"))


def test_a_whole_snapshot_in_a_bucket_that_can_only_be_read_is_taken_again(repository, bucket):
    take_snapshot(repository, "nuts", out=URL)
    take_snapshot(repository, "nuts")
    bucket.clear()
    bucket.fail_after, bucket.error = 0, AccessDeniedError("only to read")
    assert take_snapshot(repository, "nuts", out=URL).sent == 0
    assert find_place(repository, "nuts", 1) == URL


def test_a_bucket_that_can_only_be_read_is_told_before_any_work(repository, bucket, monkeypatch):
    def work(*_args, **_options):
        raise AssertionError("shards are made")

    monkeypatch.setattr("dvcore.snapshot.taking.take.fill_folder", work)
    bucket.fail_after, bucket.error = 0, AccessDeniedError("only to read")
    with pytest.raises(AccessDeniedError):
        take_snapshot(repository, "nuts", out=URL)
    assert nothing_taken(repository)


def test_a_store_out_of_reach_is_not_asked_for_every_shard(repository, bucket, monkeypatch):
    """Each try takes minutes; the shards can be made here."""
    take_snapshot(repository, "nuts", out=URL)
    for path in repository.layout.shards.iterdir():
        path.unlink()
    asked = []

    def get_range(self, name, start, length):
        asked.append(name)
        raise StorageError("no way there")

    monkeypatch.setattr(Bucket, "get_range", get_range)
    report = take_snapshot(repository, "nuts")
    assert (report.snapshot, report.made) == ("nuts@1", 5)
    assert len(asked) == 1


class WebServer(Bucket):
    """Lists nothing."""

    capabilities = Capabilities(False, False, False)

    def iter_names(self, prefix=""):
        raise AssertionError("nothing can be listed")


def test_a_web_server_is_verified_though_it_lists_nothing(tmp_path, monkeypatch):
    """A file that is too long, and an empty one that is missing, are found."""
    buckets = open_in_memory(monkeypatch)
    bucket = buckets.setdefault(URL.text, Bucket())
    with drawn_repository(tmp_path / "small", 3) as small:
        make_project(small, splits=(Split("train", "1", None, 8),))
        take_snapshot(small, "nuts", out=URL)
        web = buckets["https://host/nuts-1"] = WebServer()
        for one in bucket.iter_names():
            web.write(one.name, bucket.get(one.name).data)
        assert verify_files(small, "nuts@1", folder=Url("https://host/nuts-1")).problems == ()
        snapshot = load_snapshot(small, "nuts@1")
        full = next(snapshot.file_name(one) for one in snapshot.manifest.shards if one.size)
        empty = next(snapshot.file_name(one) for one in snapshot.manifest.shards if not one.size)
        web.write(full, web.get(full).data + b"more")
        web.remove(empty)
        problems = verify_files(small, "nuts@1", folder=Url("https://host/nuts-1")).problems
        assert sorted(problems) == sorted([f"{empty} is missing", f"{full} is longer than the snapshot's"])


@pytest.mark.parametrize("text", ["s3:/bucket/nuts", "file:/tmp/nuts", "https:/host/nuts"])
def test_half_a_url_is_no_folder(text):
    """It would be made in the current folder, and be filled."""
    with pytest.raises(InvalidInputError, match="://"):
        parse_place(text)
