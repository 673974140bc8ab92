"""Images that cannot be rendered: named, and left out where the user says so."""

import shutil
from dataclasses import replace

import pytest
from support.datasets import broken, drawn_repository, make_project, put_files, relabel

from dvcore.errors import FaultyFilesError, StateError
from dvcore.model.definition import ImageOptions, Split
from dvcore.repo.commits import commit_working
from dvcore.repo.projects import load_project
from dvcore.snapshot.catalog.snapshots import iter_exported, load_snapshot
from dvcore.snapshot.planning.plan import NOT_RENDERED
from dvcore.snapshot.splits.balance import Balance
from dvcore.snapshot.taking.take import take_snapshot
from dvcore.snapshot.verifying.verify import verify_files, verify_rebuild

SPLITS = (Split("train", "0.8", None, 4), Split("test", "0.2", None, 1))
IMAGE = ImageOptions(downsample="both:6x6")
BAD = ("nuts/bad1.png", "nuts/bad2.png")


@pytest.fixture
def repository(tmp_path):
    with drawn_repository(tmp_path / "work", 30) as made:
        put_files(made, {path: broken(index) for index, path in enumerate(BAD)}, dict.fromkeys(BAD, "walnut"))
        commit_working(made, "two damaged ones")
        make_project(made, splits=SPLITS, image=IMAGE)
        yield made


def names(repository, snapshot):
    return {exported.path for _, exported in iter_exported(repository, load_snapshot(repository, snapshot))}


def test_without_it_the_snapshot_stops_and_names_the_image(repository):
    with pytest.raises(FaultyFilesError, match=r"nuts/bad[12]\.png .*'--skip-bad'") as error:
        take_snapshot(repository, "nuts")
    assert error.value.faults[0].where in BAD
    assert load_project(repository, "nuts").snapshots == ()
    assert list(repository.layout.snapshots.iterdir()) == []


def test_with_it_they_are_left_out_counted_and_named(repository):
    report = take_snapshot(repository, "nuts", skip_bad=True)
    assert report.left_out == {NOT_RENDERED: 2}
    assert names(repository, "nuts@1") == {f"nuts/{number:03d}.png" for number in range(30)}
    assert sum(split.examples for split in report.splits.values()) == 30
    assert sum(split.labels["walnut"] for split in report.splits.values()) == 15
    for path in BAD:
        assert any(path in warning for warning in report.warnings)


def test_no_count_holds_what_was_left_out(repository, tmp_path):
    """The report is that of the same images without the damaged ones."""
    taken = take_snapshot(repository, "nuts", skip_bad=True)
    assert take_snapshot(repository, "nuts").balance == taken.balance
    with drawn_repository(tmp_path / "sound", 30) as sound:
        make_project(sound, splits=SPLITS, image=IMAGE)
        assert taken.balance == take_snapshot(sound, "nuts").balance != Balance()


def test_with_nothing_to_skip_the_report_is_the_same(tmp_path):
    reports = []
    for name in ("plain", "skipping"):
        with drawn_repository(tmp_path / name, 30) as made:
            make_project(made, splits=SPLITS, image=IMAGE)
            reports.append(replace(take_snapshot(made, "nuts", skip_bad=name == "skipping"), out=tmp_path))
    assert reports[0] == reports[1]


def test_stratified_labels_keep_the_cuts_that_all_images_gave(repository):
    make_project(repository, "even", splits=SPLITS, image=IMAGE, stratify=True)
    first = take_snapshot(repository, "even", skip_bad=True)
    assert first.left_out == {NOT_RENDERED: 2}
    shutil.rmtree(first.out)
    assert take_snapshot(repository, "even").digest == first.digest
    assert verify_rebuild(repository, "even@1").ok


def test_a_split_that_lost_all_its_images_is_named(repository):
    make_project(repository, "bad", splits=(Split("rest", "1"), Split("bad", "0", "name LIKE 'bad%'")), image=IMAGE)
    report = take_snapshot(repository, "bad", skip_bad=True)
    assert report.splits["bad"].examples == 0
    assert any("'bad' is empty" in warning for warning in report.warnings)


def test_it_is_the_snapshot_of_that_commit_from_then_on(repository):
    first = take_snapshot(repository, "nuts", skip_bad=True)
    again = take_snapshot(repository, "nuts")
    assert (again.snapshot, again.is_new, again.digest) == ("nuts@1", False, first.digest)
    shutil.rmtree(first.out)
    assert take_snapshot(repository, "nuts").made == 5
    assert verify_files(repository, "nuts@1").ok


def test_a_rebuild_leaves_out_what_the_manifest_names(repository):
    take_snapshot(repository, "nuts", skip_bad=True)
    assert verify_rebuild(repository, "nuts@1").ok


def test_the_next_snapshot_has_to_be_told_again(repository):
    take_snapshot(repository, "nuts", skip_bad=True)
    relabel(repository, ["nuts/000.png"], "almond")
    with pytest.raises(FaultyFilesError):
        take_snapshot(repository, "nuts")
    report = take_snapshot(repository, "nuts", skip_bad=True)
    assert (report.snapshot, report.left_out) == ("nuts@2", {NOT_RENDERED: 2})
    assert verify_rebuild(repository, "nuts@2").ok


def test_other_faults_still_stop_it(repository, monkeypatch):
    from dvcore.errors import CorruptError

    def lost(self, blob):
        raise CorruptError("blob is missing")

    monkeypatch.setattr("dvcore.store.blobs.BlobStore.read", lost)
    with pytest.raises(CorruptError):
        take_snapshot(repository, "nuts", skip_bad=True)


def test_nothing_left_is_no_snapshot(tmp_path):
    with drawn_repository(tmp_path / "work", 0) as repository:
        put_files(repository, {BAD[0]: broken(1)}, {BAD[0]: "walnut"})
        commit_working(repository, "a damaged one")
        make_project(repository, image=ImageOptions(color="gray"))
        with pytest.raises(StateError, match="none of the project's images"):
            take_snapshot(repository, "nuts", skip_bad=True)
        assert load_project(repository, "nuts").snapshots == ()
        assert list(repository.layout.snapshots.iterdir()) == []
