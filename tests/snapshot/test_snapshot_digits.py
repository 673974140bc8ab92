"""Class folders of photographs, whole: import, commit, snapshot, twice and apart."""

import pytest
from support.datasets import make_project

from dvcore.formats.intake.importing import import_source
from dvcore.model.definition import ImageOptions, Label, Split
from dvcore.repo.annotating import Annotation, annotate
from dvcore.repo.commits import commit_working
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog.snapshots import iter_exported, load_snapshot
from dvcore.snapshot.comparing.diff import diff_snapshots
from dvcore.snapshot.taking.take import take_snapshot
from dvcore.snapshot.verifying.verify import verify_rebuild

DIGITS = tuple(Label(f"sign-{digit}", f"label = '{digit}'") for digit in range(10))
SPLITS = (Split("train", "0.8", None, 16), Split("test", "0.2", None, 2))


def digits_repository(root, shared_data):
    repository = Repository.init(root)
    import_source(repository, shared_data / "sign-digits", ("digits",), format="folders")
    commit_working(repository, "601 photographs")
    image = ImageOptions(color="gray", downsample="both:64x64")
    make_project(repository, "digits", labels=DIGITS, splits=SPLITS, image=image)
    return repository


@pytest.fixture
def taken(tmp_path, shared_data):
    with digits_repository(tmp_path / "one", shared_data) as repository:
        yield repository, take_snapshot(repository, "digits", jobs=1)


def test_all_photographs_of_all_classes_are_there(taken):
    _, report = taken
    assert sum(split.examples for split in report.splits.values()) == 601
    assert report.left_out == {}
    assert [sum(split.labels[label.name] for split in report.splits.values()) for label in DIGITS] == [
        60, 60, 60, 60, 60, 60, 60, 61, 60, 60,
    ]  # fmt: skip


def test_another_repository_and_number_of_jobs_give_the_same_digest(taken, tmp_path, shared_data):
    _, report = taken
    with digits_repository(tmp_path / "two", shared_data) as other:
        assert take_snapshot(other, "digits", jobs=2).digest == report.digest
        assert verify_rebuild(other, "digits@1").ok


def test_five_relabelled_change_their_shards_only_and_are_named(taken):
    repository, first = taken
    old = load_snapshot(repository, "digits@1")
    not_nines = [one.path for _, one in iter_exported(repository, old) if one.labels != (9,)]
    paths = not_nines[::120][:5]
    annotate(repository, [tuple(path.split("/")) for path in paths], Annotation(set={"label": "9"}))
    commit_working(repository, "five are nines")
    second = take_snapshot(repository, "digits")
    changes = list(diff_snapshots(repository, old, load_snapshot(repository, "digits@2")))
    assert sorted(change.path for change in changes) == sorted(paths)
    places = {(change.new.split, change.new.exported.shard) for change in changes}
    differing = {
        (split, index)
        for split in first.splits
        for index, (a, b) in enumerate(zip(first.splits[split].shards, second.splits[split].shards, strict=True))
        if (first.out / a.name).read_bytes() != (second.out / b.name).read_bytes()
    }
    assert differing == places
