"""What works with images in a lazy clone brings those that it needs, all at once, and no other."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.datasets import drawn, drawn_repository, make_project, put_files, relabel
from support.lazy import lazily_cloned
from support.noise import noise
from support.remotes import CountingStorage, published
from support.repositories import assert_sound

from dvcore.errors import StateError
from dvcore.formats.export.exported import ExportOptions
from dvcore.formats.export.outtake import export_files
from dvcore.formats.export.source import directory_source
from dvcore.formats.exporters import find_exporter
from dvcore.history.changes_page import tree_changes_page
from dvcore.history.entry_changes import Side
from dvcore.model.definition import ImageOptions
from dvcore.model.names import parse_path
from dvcore.repo.bringing import bring_blobs
from dvcore.repo.commits import commit_working
from dvcore.repo.images import iter_images
from dvcore.repo.repository import Repository
from dvcore.repo.selection import EVERYTHING, Selection
from dvcore.snapshot.catalog.snapshots import load_snapshot
from dvcore.snapshot.comparing.diff import diff_snapshots
from dvcore.snapshot.comparing.page import snapshot_changes_page
from dvcore.snapshot.taking.project_images import iter_project_images
from dvcore.snapshot.taking.take import take_snapshot
from dvcore.snapshot.verifying.verify import verify_rebuild

NUTS, OTHERS = 40, 30
NOISE = noise(20_000 * OTHERS)


@pytest.fixture
def origin() -> Iterator[Repository]:
    """Forty nuts with a project, and thirty larger files that it does not want, which lie between them in the pack."""
    with drawn_repository(None, NUTS) as made:
        put_files(made, {f"others/{number}": NOISE[number * 20_000 :][:20_000] for number in range(OTHERS)})
        make_project(made, directories=("nuts",), image=ImageOptions(downsample="factor:2"))
        make_project(made, "whole", directories=("nuts",))
        commit_working(made, "all")
        yield made


@pytest.fixture
def storage(origin: Repository) -> CountingStorage:
    return CountingStorage(published(origin))


@pytest.fixture
def lazy(storage: CountingStorage, tmp_path: Path) -> Iterator[Repository]:
    with lazily_cloned(storage, tmp_path / "lazy") as repository:
        storage.reset()
        yield repository
        assert_sound(repository)


def absent(repository: Repository) -> int:
    return repository.blobs.count_absent()


def give_up_images(repository: Repository) -> None:
    blobs = [record.blob for _, record in repository.working_tree().iter_records()]
    with repository.uncollected(), repository.alone(5):
        repository.blobs.evict(blobs)


def nuts_bytes() -> int:
    return sum(len(drawn(number)) for number in range(NUTS))


def test_a_snapshot_brings_what_its_project_needs_and_is_the_same(
    origin: Repository, lazy: Repository, storage: CountingStorage, tmp_path: Path
) -> None:
    report = take_snapshot(lazy, "nuts")
    assert absent(lazy) == OTHERS
    assert nuts_bytes() < storage.bytes_read < nuts_bytes() + 48 * NUTS + 10_000  # entries' headers, root, index
    assert report.digest == take_snapshot(origin, "nuts", out=tmp_path / "out").digest


def test_a_second_snapshot_brings_nothing_that_the_first_one_made(lazy: Repository, storage: CountingStorage) -> None:
    """Records are taken over, and images from shards, also where the blobs have been given up again."""
    take_snapshot(lazy, "nuts")
    give_up_images(lazy)
    relabel(lazy, ["nuts/007.png"], "walnut")
    storage.reset()
    second = take_snapshot(lazy, "nuts")
    assert (second.snapshot, storage.number, absent(lazy)) == ("nuts@2", 0, NUTS + OTHERS)


def test_of_records_that_are_taken_over_no_image_is_brought(lazy: Repository) -> None:
    """Images that pass through are in no cache, but the record of one that kept its label is in the older shard."""
    take_snapshot(lazy, "whole")
    give_up_images(lazy)
    relabel(lazy, ["nuts/007.png"], "walnut")
    assert take_snapshot(lazy, "whole").snapshot == "whole@2"
    assert absent(lazy) == NUTS + OTHERS - 1


def test_shards_that_are_gone_are_made_again(lazy: Repository) -> None:
    report = take_snapshot(lazy, "nuts")
    give_up_images(lazy)
    shutil.rmtree(report.out)
    again = take_snapshot(lazy, "nuts")
    assert (again.snapshot, again.digest, absent(lazy)) == ("nuts@1", report.digest, OTHERS)


def test_an_interrupted_fetch_of_images_ends_in_one_line(lazy: Repository) -> None:
    lazy.provider = None
    with pytest.raises(StateError, match=r"40 blobs \(.*\) are on a remote and not here; 'dset fetch --for'"):
        take_snapshot(lazy, "nuts")


def test_verifying_makes_everything_anew(lazy: Repository) -> None:
    take_snapshot(lazy, "nuts")
    give_up_images(lazy)
    assert verify_rebuild(lazy, "nuts@1").ok
    assert absent(lazy) == OTHERS


@pytest.mark.parametrize("images", [True, False])
def test_an_export_brings_the_images_that_it_writes(lazy: Repository, tmp_path: Path, images: bool) -> None:
    source = directory_source(lazy.working_tree(), parse_path("nuts"), EVERYTHING)
    export_files(lazy, source, tmp_path / "out", find_exporter("coco"), options=ExportOptions(images=images))
    assert absent(lazy) == (OTHERS if images else NUTS + OTHERS)
    if images:
        found = {path.name: path.read_bytes() for path in (tmp_path / "out").rglob("*.png")}
        assert found == {f"{number:03d}.png": drawn(number) for number in range(NUTS)}


def test_a_page_brings_the_images_that_it_shows(lazy: Repository, storage: CountingStorage) -> None:
    tree = lazy.working_tree()
    sides = Side(tree, ("nowhere",)), Side(tree, ("nuts",))
    page = tree_changes_page(lazy, "changes", sides, lambda *_: [], most=7)
    assert page.count("data:image/jpeg") == 7
    assert absent(lazy) == NUTS + OTHERS - 7
    assert storage.requests["get"] == 1  # the root: all seven were asked for together
    lazy.provider = None
    page = tree_changes_page(lazy, "changes", sides, lambda *_: [], most=9)
    assert page.count("data:image/jpeg") == 7  # the marks can do without


def test_a_page_of_snapshots_brings_the_images_that_it_shows(lazy: Repository) -> None:
    take_snapshot(lazy, "nuts")
    relabel(lazy, ["nuts/007.png", "nuts/009.png"], "walnut")
    take_snapshot(lazy, "nuts")
    give_up_images(lazy)
    old, new = (load_snapshot(lazy, f"nuts@{number}") for number in (1, 2))
    changes = list(diff_snapshots(lazy, old, new))
    page = snapshot_changes_page(lazy, old, new, changes, most=1)
    assert (page.count("data:image/jpeg"), absent(lazy)) == (2, NUTS + OTHERS - 1)
    page = snapshot_changes_page(lazy, old, new, changes)
    assert (page.count("data:image/jpeg"), absent(lazy)) == (4, NUTS + OTHERS - 2)


def test_images_are_named_by_project_directory_and_number(lazy: Repository) -> None:
    tree = lazy.working_tree()
    names = [f"nuts/{number:03d}.png" for number in range(NUTS)]
    assert [one.path for one in iter_project_images(lazy, "nuts")] == names
    assert [one.path for one in iter_images(tree, [("nuts",)], EVERYTHING)] == names
    assert [one.path for one in iter_images(tree, [("nuts",), ("others",)], EVERYTHING, limit=3)] == names[:3]
    where = Selection(where=lambda *_: [("nuts", "003.png")])
    assert [one.path for one in iter_images(tree, [()], where)] == ["nuts/003.png"]
    bring_blobs(lazy, (one.blob for one in iter_images(tree, [("nuts",)], EVERYTHING, limit=3)))
    assert absent(lazy) == NUTS + OTHERS - 3
    take_snapshot(lazy, "nuts")
    relabel(lazy, names[:1], "almond")
    assert [one.path for one in iter_project_images(lazy, "nuts@1")] == names
