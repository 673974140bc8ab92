"""The export of a snapshot: its images with their classes and splits, whatever the tree has become since."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.datasets import TWO_KINDS, drawn_repository, make_project, put_drawn, relabel
from support.repositories import paths

from dvcore.formats.export.outtake import export_files
from dvcore.formats.exporters import find_exporter
from dvcore.model.definition import Feature, Label, Split
from dvcore.model.names import parse_path
from dvcore.repo.commits import commit_working
from dvcore.repo.entries import remove
from dvcore.repo.mirroring import mirror
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog.snapshots import iter_exported, load_snapshot
from dvcore.snapshot.reading.export_source import snapshot_source
from dvcore.snapshot.taking.take import take_snapshot


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    with drawn_repository(tmp_path / "repository") as made:
        yield made


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*.png")}


def export(repository: Repository, name: str, out: Path, format_: str) -> set[str]:
    source = snapshot_source(repository, load_snapshot(repository, name))
    report = export_files(repository, source, out, find_exporter(format_))
    assert report.files == source.total
    return files(out)


def expected(repository: Repository, name: str) -> set[str]:
    """Split, class and path of each example that the manifest has."""
    snapshot = load_snapshot(repository, name)
    definition = snapshot.definition
    return {
        "/".join((definition.splits[one.split].name, definition.labels[one.labels[0]].name, one.path.replace("/", "-")))
        for _, one in iter_exported(repository, snapshot)
    }


def test_class_folders_of_a_snapshot(repository: Repository, tmp_path: Path) -> None:
    make_project(repository)
    take_snapshot(repository, "nuts")
    wanted = expected(repository, "nuts@1")
    assert len(wanted) == 40
    relabel(repository, ["nuts/000.png", "nuts/001.png"], "almond")
    remove(repository, [parse_path("nuts/002.png")])
    commit_working(repository, "less")
    assert export(repository, "nuts@1", tmp_path / "out", "folders") == wanted


def test_a_table_of_a_snapshot_has_class_and_split(repository: Repository, tmp_path: Path) -> None:
    make_project(repository)
    take_snapshot(repository, "nuts")
    assert export(repository, "nuts@1", tmp_path / "out", "csv") == set(paths(repository))
    head, *rows = (tmp_path / "out/metadata.csv").read_text().splitlines()
    assert head == "file_name,kind,label,split"
    cells = [row.split(",") for row in rows]
    assert all(kind == label for _, kind, label, _ in cells)
    assert {f"{split}/{label}/{path.replace('/', '-')}" for path, _, label, split in cells} == expected(
        repository, "nuts@1"
    )


def test_splits_of_a_snapshot_are_those_of_the_format(repository: Repository, tmp_path: Path) -> None:
    make_project(repository, splits=(Split("train", "0.5"), Split("val", "0.5")))
    take_snapshot(repository, "nuts")
    found = export(repository, "nuts@1", tmp_path / "out", "yolo")
    assert {path.split("/")[1] for path in found} == {"train", "val"}
    assert len(found) == 40


def test_each_image_is_exported_once_under_the_path_of_its_example(repository: Repository, tmp_path: Path) -> None:
    mirror(repository, [parse_path("nuts")], parse_path("again"))
    put_drawn(repository, 2, first=50, directory="other")
    commit_working(repository, "more")
    make_project(repository, "some", directories=("nuts", "again", "nuts"))
    take_snapshot(repository, "some")
    found = export(repository, "some@1", tmp_path / "out", "csv")
    assert found == {f"again/{number:03d}.png" for number in range(40)}


def test_the_classes_of_an_export_are_those_of_the_first_feature_of_one_label(
    repository: Repository, tmp_path: Path
) -> None:
    features = (
        Feature("image", "image"),
        Feature("multihot", "image/tags", (Label("any", "true"),)),
        Feature("index", "image/class", TWO_KINDS),
        Feature("onehot", "image/half", (Label("low", "name < '020.png'"), Label("high", "name >= '020.png'"))),
    )
    make_project(repository, labels=(), features=features)
    take_snapshot(repository, "nuts")
    export(repository, "nuts@1", tmp_path / "out", "csv")
    _, *rows = (tmp_path / "out/metadata.csv").read_text().splitlines()
    cells = [row.split(",") for row in rows]
    assert len(cells) == 40
    assert all(kind == label for _, kind, label, _ in cells)
    make_project(repository, "tagged", labels=(), features=features[:2])
    take_snapshot(repository, "tagged")
    assert len(export(repository, "tagged@1", tmp_path / "tagged", "csv")) == 40
