"""What holds for the export to any format: where it goes, what stops it, what it says."""

import errno
import os
import resource
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.datasets import drawn
from support.exports import HEIGHT, WIDTH, exported, put_annotated
from support.repositories import FACTS, put

from dvcore.errors import (
    ConflictError,
    CorruptError,
    DsetError,
    ExistsError,
    FaultyFilesError,
    InvalidInputError,
    NotFoundError,
    StateError,
    StorageError,
)
from dvcore.formats.export.exported import Orientation
from dvcore.formats.exporters import EXPORTERS, find_exporter
from dvcore.model.annotations import Entered
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.geometry import Box, Keypoints, Point, Polyline
from dvcore.model.values import ValueType
from dvcore.repo.repository import Repository
from dvcore.repo.staging import staging_folder

BOX = Box(1.0, 2.0, 3.0, 4.0)
NUT = Entered("nut", BOX)
SPLIT = VariableDeclaration("split", ValueType.ENUM, ("train", "val", ".."))
ANNOTATED = [name for name in EXPORTERS if name not in ("csv", "folders")]


@pytest.fixture
def repository() -> Iterator[Repository]:
    with Repository.in_memory() as made:
        yield made


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_folder_must_be_new_or_empty(repository: Repository, tmp_path: Path) -> None:
    put_annotated(repository, {"a.png": [NUT]})
    out = tmp_path / "deep/out"
    assert exported(repository, out, "voc").out == out
    before = tree(out)
    with pytest.raises(ExistsError, match="holds something already; name a new or an empty folder"):
        exported(repository, out, "coco")
    assert tree(out) == before
    (tmp_path / "empty").mkdir()
    exported(repository, tmp_path / "empty", "voc")
    assert tree(tmp_path / "empty") == before
    (tmp_path / "file").touch()
    with pytest.raises(ExistsError, match="is a file"):
        exported(repository, tmp_path / "file", "voc")


def test_a_link_to_an_empty_folder_is_filled(repository: Repository, tmp_path: Path) -> None:
    put_annotated(repository, {"a.png": [NUT]})
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    exported(repository, tmp_path / "link", "voc")
    assert "JPEGImages/a.png" in tree(tmp_path / "there")


def test_nothing_goes_into_the_repository_itself(tmp_path: Path) -> None:
    with Repository.init(tmp_path) as repository:
        put_annotated(repository, {"a.png": [NUT]})
        (tmp_path / "link").symlink_to(".dset")
        for out in (tmp_path / ".dset/out", tmp_path / "link/out"):
            with pytest.raises(InvalidInputError, match="is part of the repository itself"):
                exported(repository, out, "voc")


@pytest.mark.parametrize("name", EXPORTERS)
def test_a_failure_leaves_nothing(
    name: str, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    label = VariableDeclaration("label", ValueType.TEXT)
    files = {f"{number:03d}.png": [NUT] for number in range(200)}
    put_annotated(repository, files, declared=[label], variables={path: {"label": "x"} for path in files})
    create, calls, threads = os.open, iter(range(1000)), threading.active_count()

    def failing(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if flags & os.O_EXCL and next(calls) == 50:
            raise OSError(errno.ENOSPC, "No space left on device")
        return create(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr("dvcore.formats.export.out_folder.os.open", failing)
    with pytest.raises(StorageError, match="No space left on device; check permissions and free space"):
        exported(repository, tmp_path / "out", name)
    assert list(tmp_path.iterdir()) == []
    assert threading.active_count() == threads
    monkeypatch.undo()
    assert exported(repository, tmp_path / "out", name).files == 200


def test_a_full_disk(repository: Repository, tmp_path: Path) -> None:
    put_annotated(repository, {"a.png": [NUT]})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        for name in ("voc", "coco", "cvat"):
            with pytest.raises(StorageError):
                exported(repository, tmp_path / "out", name)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_made(repository: Repository) -> None:
    put_annotated(repository, {"a.png": [NUT]})
    with pytest.raises(StorageError, match=r"cannot use /proc/dset/\.making-export-\w+: No such file or directory"):
        exported(repository, Path("/proc/dset/out"), "voc")


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of the folders that exports are made in."""
    found: list[str] = []

    def noted(parent: Path, key: str, what: str) -> object:
        found.append(key)
        return staging_folder(parent, key, what)

    monkeypatch.setattr("dvcore.formats.export.outtake.staging_folder", noted)
    return found


def test_what_a_killed_export_left_is_cleared(repository: Repository, tmp_path: Path, keys: list[str]) -> None:
    put_annotated(repository, {"a.png": [NUT]})
    out = tmp_path / "out"
    exported(repository, out, "voc")
    whole = tree(out)
    out.rename(tmp_path / f".making-{keys[0]}")
    (tmp_path / f".making-{keys[0]}/Annotations/b.xml").write_text("half")
    exported(repository, out, "voc")
    assert tree(out) == whole
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_two_exports_to_one_place(repository: Repository, tmp_path: Path, keys: list[str]) -> None:
    put_annotated(repository, {"a.png": [NUT]})
    exported(repository, tmp_path / "out", "voc")
    (tmp_path / "out").rename(tmp_path / "other")
    with (
        staging_folder(tmp_path, keys[0], "it"),
        pytest.raises(StateError, match=r"another process is making an export to .*/out; run the command again"),
    ):
        exported(repository, tmp_path / "out", "voc")


def test_two_images_of_one_stem_are_named(repository: Repository, tmp_path: Path) -> None:
    put_annotated(repository, {"x/a.jpg": [NUT], "x/a.png": [NUT]})
    for name, path in (("voc", "Annotations/x/a.xml"), ("yolo", "labels/x/a.txt"), ("labelme", "x/a.json")):
        with pytest.raises(ConflictError, match=f"x/a.png: another file has become '{path}' already"):
            exported(repository, tmp_path / "out", name)
    with pytest.raises(ConflictError, match=r"x/a\.jpg and x/a.png would both have the id 'x-a'"):
        exported(repository, tmp_path / "out", "openimages")
    assert exported(repository, tmp_path / "out", "coco").files == 2
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_that_the_format_makes_is_not_doubled(repository: Repository, tmp_path: Path) -> None:
    put_annotated(repository, {"images/a.png": [NUT], "JPEGImages/b.png": [NUT], "c/images/d.png": [NUT]})
    put_annotated(repository, {"images/images/e.png": [NUT]})
    exported(repository, tmp_path / "coco", "coco")
    assert [path for path in tree(tmp_path / "coco") if path.endswith("png")] == [
        "images/a.png",
        "images/b.png",
        "images/c/images/d.png",
        "images/images/e.png",
    ]
    put_annotated(repository, {"a.png": [NUT]})
    with pytest.raises(ConflictError, match=r"images/a.png: another file has become 'images/a.png' already"):
        exported(repository, tmp_path / "out", "coco")


def test_what_is_no_image_is_left_out_and_counted(repository: Repository, tmp_path: Path) -> None:
    put(repository, "notes.txt", facts=None)
    with pytest.raises(InvalidInputError, match="there is no image to export"):
        exported(repository, tmp_path / "out", "coco")
    put_annotated(repository, {"a.png": [NUT], "b.png": None})
    report = exported(repository, tmp_path / "out", "coco")
    assert (report.files, report.annotated, report.files_left_out) == (2, 1, {"no image": 1})
    assert tree(tmp_path / "out") == ["annotations/instances.json", "images/a.png", "images/b.png"]


def test_images_are_the_stored_bytes(repository: Repository, tmp_path: Path) -> None:
    put_annotated(repository, {"a.png": [NUT]})
    exported(repository, tmp_path / "out", "coco")
    assert (tmp_path / "out/images/a.png").read_bytes() == drawn(0, size=(WIDTH, HEIGHT))
    exported(repository, tmp_path / "bare", "coco", images=False)
    assert tree(tmp_path / "bare") == ["annotations/instances.json"]


def test_a_large_image_is_streamed(repository: Repository, tmp_path: Path) -> None:
    data = "x" * 5_000_000
    put(repository, "a.png", data=data, entered=[NUT])
    exported(repository, tmp_path / "out", "voc")
    assert (tmp_path / "out/JPEGImages/a.png").read_text() == data


def test_a_blob_that_is_gone(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_annotated(repository, {"a.png": [NUT]})
    with Repository.in_memory() as other:
        monkeypatch.setattr(Repository, "blobs", other.blobs)
        with pytest.raises(CorruptError, match="is missing"):
            exported(repository, tmp_path / "out", "voc")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ANNOTATED)
def test_every_instance_is_written_or_counted(name: str, repository: Repository, tmp_path: Path) -> None:
    person = LabelDeclaration("person", 0, keypoints=("head", "foot"))
    shapes = [
        BOX,
        Point(5.0, 5.0),
        Polyline(((1.0, 1.0, 5.0, 1.0), (2.0, 2.0, 3.0, 3.0))),
        Keypoints(((1.0, 1.0, 2), (3.0, 4.0, 1))),
        Keypoints(((1.0, 1.0, 2), (0.0, 0.0, 0))),
    ]
    put_annotated(repository, {"a.png": [Entered("person", shape) for shape in shapes]}, labels=[person])
    report = exported(repository, tmp_path / "out", name)
    assert sum(report.instances.values()) + sum(report.instances_left_out.values()) == len(shapes)
    assert report.instances["person"] >= 1


def test_what_a_format_has_no_place_for_is_counted(repository: Repository, tmp_path: Path) -> None:
    nut = LabelDeclaration("nut", 0, 3, "food", "#ff0000")
    dpi = VariableDeclaration("dpi", ValueType.INT)
    instances = [Entered("nut", BOX, attributes={"pose": "left", "score": 0.5, "crowd": True}), Entered("nut", BOX)]
    put_annotated(
        repository,
        {"a.png": instances, "b.png": []},
        labels=[nut],
        declared=[dpi],
        variables={"a.png": {"dpi": 200}, "b.png": {"dpi": 300}},
    )
    report = exported(repository, tmp_path / "yolo", "yolo")
    assert report.instances == {"nut": 2}
    assert report.lost == {
        "attribute crowd": 1,
        "attribute pose": 1,
        "attribute score": 1,
        "color of labels": 1,
        "supercategory of labels": 1,
        "variable dpi": 2,
    }
    assert exported(repository, tmp_path / "coco", "coco").lost == {"variable dpi": 2}
    table = exported(repository, tmp_path / "csv", "csv")
    assert (table.instances, table.instances_left_out) == ({}, {"box": 2})
    assert (tmp_path / "csv/metadata.csv").read_text() == "file_name,dpi\na.png,200\nb.png,300\n"


def test_splits_are_folders_or_lists(repository: Repository, tmp_path: Path) -> None:
    files = {"a.png": [NUT], "val/b.png": [NUT], "c.png": [NUT]}
    given = {"a.png": {"split": "train"}, "val/b.png": {"split": "val"}}
    put_annotated(repository, files, declared=[SPLIT], variables=given)
    report = exported(repository, tmp_path / "yolo", "yolo")
    assert report.splits == {"train": 1, "val": 1}
    assert report.lost == {}
    assert tree(tmp_path / "yolo") == [
        "data.yaml",
        "images/c.png",
        "images/train/a.png",
        "images/val/b.png",
        "labels/c.txt",
        "labels/train/a.txt",
        "labels/val/b.txt",
    ]
    exported(repository, tmp_path / "voc", "voc")
    lists = tmp_path / "voc/ImageSets/Main"
    assert {path.name: path.read_text() for path in lists.iterdir()} == {"train.txt": "a\n", "val.txt": "val/b\n"}
    exported(repository, tmp_path / "coco", "coco")
    assert [path for path in tree(tmp_path / "coco") if "json" in path] == [
        "annotations/instances.json",
        "annotations/instances_train.json",
        "annotations/instances_val.json",
    ]
    assert exported(repository, tmp_path / "labelme", "labelme").lost == {"variable split": 2}


@pytest.mark.parametrize("name", EXPORTERS)
def test_a_split_cannot_lead_out_of_the_folder(name: str, repository: Repository, tmp_path: Path) -> None:
    label = VariableDeclaration("label", ValueType.TEXT)
    given = {"a.png": {"split": "..", "label": "x"}}
    put_annotated(repository, {"a.png": [NUT]}, declared=[SPLIT, label], variables=given)
    with pytest.raises(InvalidInputError, match=r"a\.png: the split '\.\.' cannot be a name"):
        exported(repository, tmp_path / "out", name)


@pytest.mark.parametrize("value", ["..", "a/b", ""])
def test_a_class_cannot_lead_out_of_the_folder(value: str, repository: Repository, tmp_path: Path) -> None:
    label = VariableDeclaration("label", ValueType.TEXT)
    put_annotated(repository, {"a.png": None}, declared=[label], variables={"a.png": {"label": value}})
    with pytest.raises(FaultyFilesError) as caught:
        exported(repository, tmp_path / "out", "folders")
    assert str(caught.value.faults[0]).startswith(f"a.png: {value!r} cannot be a name")


def test_class_folders(repository: Repository, tmp_path: Path) -> None:
    kind = VariableDeclaration("kind", ValueType.TEXT)
    files = dict.fromkeys(["nut/a.png", "x/nut/b.png", "x/y/c.png", "d.png", "e.png"])
    given = {path: {"kind": "nut"} for path in files if path != "e.png"}
    given["d.png"] = {"kind": "nut", "split": "val"}
    put_annotated(repository, files, declared=[kind, SPLIT], variables=given)
    with pytest.raises(InvalidInputError, match="no variable 'label' is declared"):
        exported(repository, tmp_path / "out", "folders")
    report = exported(repository, tmp_path / "out", "folders", variable="kind")
    assert tree(tmp_path / "out") == ["nut/a.png", "nut/x-b.png", "nut/x-y-c.png", "val/nut/d.png"]
    assert (report.files, report.files_left_out) == (4, {"no kind": 1})


def test_folders_that_some_systems_take_for_one_are_told_of(repository: Repository, tmp_path: Path) -> None:
    label = VariableDeclaration("label", ValueType.TEXT)
    given = {"a.png": {"label": "Nut"}, "b.png": {"label": "nut"}, "c.png": {"label": "fig"}}
    put_annotated(repository, dict.fromkeys(given), declared=[label], variables=given)
    assert exported(repository, tmp_path / "out", "folders").warnings == (
        "Nut and nut differ in case only: on Windows and macOS, one folder holds the files of all",
    )
    assert exported(repository, tmp_path / "csv", "csv").warnings == ()


@pytest.mark.parametrize(("name", "faulty"), [("kitti", ["hand axe", "old hat"]), ("voc", ["bad\ufffe", "bad\uffff"])])
def test_labels_that_a_format_cannot_hold_are_named_together(
    name: str, faulty: list[str], repository: Repository, tmp_path: Path
) -> None:
    instances = [Entered(label, BOX) for label in ("nut", *faulty)]
    put_annotated(repository, {"a.png": instances, "b.png": instances})
    with pytest.raises(FaultyFilesError) as caught:
        exported(repository, tmp_path / "out", name)
    assert caught.value.message == f"2 labels cannot be written as {name}, nothing was done"
    reason = {"kitti": "has a space", "voc": "has a sign that XML cannot hold"}[name]
    assert [(one.where, one.reason) for one in caught.value.faults] == [(repr(label), reason) for label in faulty]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["kitti", "voc", "cvat"])
def test_labels_that_nothing_has_stop_no_export(name: str, repository: Repository, tmp_path: Path) -> None:
    unused = [LabelDeclaration("hand axe", 0), LabelDeclaration("bad\ufffe", 0)]
    put_annotated(repository, {"a.png": [NUT]}, labels=unused)
    assert exported(repository, tmp_path / "out", name).instances == {"nut": 1}


def test_several_images_that_cannot_be_written_are_named_together(repository: Repository, tmp_path: Path) -> None:
    label = VariableDeclaration("label", ValueType.TEXT)
    files = {f"{number:02d}.png": None for number in range(24)}
    given = {path: {"label": "a/b" if int(path[:2]) % 2 else "nut"} for path in files}
    put_annotated(repository, files, declared=[label], variables=given)
    with pytest.raises(FaultyFilesError, match="at least 10 images cannot be exported, nothing was done") as caught:
        exported(repository, tmp_path / "out", "folders")
    assert [one.where for one in caught.value.faults] == [f"{number:02d}.png" for number in range(1, 21, 2)]
    few = {path: {"label": "x" if int(path[:2]) > 4 else "a/b"} for path in files}
    with Repository.in_memory() as other:
        put_annotated(other, files, declared=[label], variables=few)
        with pytest.raises(FaultyFilesError, match=r"^5 images cannot be exported, nothing was done"):
            exported(other, tmp_path / "out", "folders")
    assert list(tmp_path.iterdir()) == []


def test_images_that_cannot_be_turned_are_named_together(repository: Repository, tmp_path: Path) -> None:
    for path in ("a.jpg", "b.jpg"):
        put(repository, path, data="no jpeg", facts=replace(FACTS, orientation=6))
    put(repository, "c.jpg", facts=FACTS)
    with pytest.raises(FaultyFilesError, match=r"^2 images .*; --orientation keep writes them as they are") as caught:
        exported(repository, tmp_path / "out", "coco")
    assert [one.where for one in caught.value.faults] == ["a.jpg", "b.jpg"]
    assert exported(repository, tmp_path / "out", "coco", orientation=Orientation.KEEP).files == 3


def test_turned_images_are_no_longer_counted_where_they_are_left_out(repository: Repository, tmp_path: Path) -> None:
    label = VariableDeclaration("label", ValueType.TEXT)
    put_annotated(repository, {"a.png": None}, declared=[label], variables={"a.png": {"label": "x"}})
    put(repository, "b.jpg", data="no jpeg", facts=replace(FACTS, orientation=6))
    assert exported(repository, tmp_path / "out", "folders").notes == ()


@pytest.mark.parametrize(
    ("name", "path"), [("folders", "d" * 200 + "/" + "x" * 100 + ".png"), ("voc", "x" * 254 + "y")]
)
def test_names_that_become_too_long_are_named(name: str, path: str, repository: Repository, tmp_path: Path) -> None:
    label = VariableDeclaration("label", ValueType.TEXT)
    put_annotated(repository, {path: [NUT]}, declared=[label], variables={path: {"label": "x"}})
    with pytest.raises(FaultyFilesError) as caught:
        exported(repository, tmp_path / "out", name)
    assert "is longer than 255 bytes" in str(caught.value.faults[0])
    assert list(tmp_path.iterdir()) == []


def test_an_image_without_a_split_does_not_slip_into_one(repository: Repository, tmp_path: Path) -> None:
    """YOLO's readers take every image under `images/train` for one of `train`."""
    files = {path: [NUT] for path in ("train/a.png", "train/b.png", "other/c.png", "d.png")}
    put_annotated(repository, files, declared=[SPLIT], variables={"train/a.png": {"split": "train"}})
    with pytest.raises(FaultyFilesError) as caught:
        exported(repository, tmp_path / "out", "yolo")
    (fault,) = caught.value.faults
    assert str(fault) == "train/b.png: is of no split, and would lie in the folder of the split 'train'"
    assert exported(repository, tmp_path / "out", "kitti").files == 4


def test_images_that_nobody_has_looked_at_are_told_of(repository: Repository, tmp_path: Path) -> None:
    put_annotated(repository, {"a.png": [NUT], "b.png": None, "c.png": []})
    assert exported(repository, tmp_path / "out", "yolo").notes == (
        "1 image is not annotated: programs that train take what has no label file for empty",
    )


def test_what_open_images_says_in_tables_of_masks_only(repository: Repository, tmp_path: Path) -> None:
    entered = [Entered("nut", BOX, attributes={"predicted_iou": 0.5, "source": ""})]
    put_annotated(repository, {"a.png": entered})
    report = exported(repository, tmp_path / "out", "openimages")
    assert report.lost == {"attribute predicted_iou": 1, "attribute source": 1}


def test_an_empty_description_is_lost_in_labelme(repository: Repository, tmp_path: Path) -> None:
    put_annotated(repository, {"a.png": [Entered("nut", BOX, attributes={"description": ""})]})
    assert exported(repository, tmp_path / "out", "labelme").lost == {"attribute description": 1}


def test_texts_that_xml_cannot_hold_are_lost_and_counted(repository: Repository, tmp_path: Path) -> None:
    put_annotated(repository, {"a.png": [Entered("nut", BOX, attributes={"note": "a\x00b", "also": " "})]})
    for name in ("voc", "cvat"):
        report = exported(repository, tmp_path / name, name)
        assert report.lost == {"attribute also": 1, "attribute note": 1}


def test_cells_of_a_table_are_quoted_and_else_left_alone(repository: Repository, tmp_path: Path) -> None:
    note = VariableDeclaration("note", ValueType.TEXT)
    texts = {"a.png": "=1+1", "b.png": 'a,"b"\r\nc', "c.png": ""}
    given = {path: {"note": text} for path, text in texts.items()}
    put_annotated(repository, dict.fromkeys(texts), declared=[note], variables=given)
    report = exported(repository, tmp_path / "out", "csv")
    table = (tmp_path / "out/metadata.csv").read_bytes().decode()
    assert table == 'file_name,note\na.png,=1+1\nb.png,"a,""b""\r\nc"\nc.png,\n'
    assert report.lost == {"empty text of variable note": 1}


def test_an_unknown_format() -> None:
    with pytest.raises(NotFoundError, match="there is no export format 'coc'; did you mean 'coco'"):
        find_exporter("coc")
    assert issubclass(NotFoundError, DsetError)
