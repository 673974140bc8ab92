"""`dset export`, as people call it."""

import json
from pathlib import Path

import pytest
from support.command import Dset
from support.sources import coco, put_coco, put_pictures


@pytest.fixture
def dset(tmp_path: Path) -> Dset:
    run = Dset(tmp_path)
    source = put_pictures(tmp_path / "source", "a.png", "b.png", "c.png")
    put_coco(source, coco({"bbox": [1, 1, 3, 3]}, {"segmentation": [[1, 1, 5, 1, 5, 5]], "category_id": 2}))
    run("init")
    run("import", "source", "--to", "nuts")
    return run


def test_a_directory_goes_out_and_the_report_says_what_was_lost(dset: Dset, tmp_path: Path) -> None:
    result = dset("export", "nuts", "out", "--format", "voc")
    assert result.out.splitlines() == [
        f"{tmp_path}/out: 3 images as voc, 1 annotated",
        "instances: leaf 1, nut 1",
        "converted: polygon as box (1)",
        "not held by voc: supercategory of labels (1)",
    ]
    assert (tmp_path / "out/Annotations/a.xml").is_file()
    assert dset.fails("export", "nuts", "out", "--format", "voc") == (
        f"dset: '{tmp_path}/out' holds something already; name a new or an empty folder"
    )


def test_the_report_as_json(dset: Dset, tmp_path: Path) -> None:
    found = dset("export", "nuts", "out", "--format", "csv", "--json").json
    assert found == {
        "format": "csv",
        "out": str(tmp_path / "out"),
        "files": 3,
        "annotated": 1,
        "splits": {},
        "instances": {},
        "left_out": {"files": {}, "instances": {"box": 1, "polygon": 1}},
        "converted": {},
        "lost": {},
        "notes": [],
        "warnings": [],
    }


def test_a_filter_a_revision_and_no_images(dset: Dset, tmp_path: Path) -> None:
    dset("commit", "-m", "first")
    dset("remove", "nuts/a.png")
    assert dset("export", "nuts", "now", "--format", "coco", "--json").json["files"] == 2
    assert dset("export", "HEAD:nuts", "then", "--format", "coco", "--json").json["files"] == 3
    arguments = ("export", "HEAD:nuts", "some", "--format", "coco", "--where", "has('nut')", "--no-images", "--json")
    found = dset(*arguments).json
    assert (found["files"], found["instances"]) == (1, {"leaf": 1, "nut": 1})
    assert not (tmp_path / "some/images").exists()
    document = json.loads((tmp_path / "some/annotations/instances.json").read_text())
    assert [one["file_name"] for one in document["images"]] == ["a.png"]


def test_a_snapshot_goes_out(dset: Dset, tmp_path: Path) -> None:
    dset("commit", "-m", "first")
    labels = ("--label", "nut=has('nut')", "--label", "none=NOT annotated")
    dset("project", "create", "kinds", *labels, "--split", "train=1")
    refused = dset.fails("export", "kinds", "out", "--format", "folders")
    assert "'kinds' is a project; 'dset snapshot kinds' takes one" in refused
    dset("snapshot", "kinds")
    refused = dset.fails("export", "kinds", "out", "--format", "folders")
    assert "'kinds' is a project; name a snapshot of it: kinds@1" in refused
    found = dset("export", "kinds@1", "out", "--format", "folders", "--json").json
    assert (found["files"], found["splits"]) == (3, {"train": 3})
    assert sorted(path.name for path in (tmp_path / "out/train/none").iterdir()) == ["nuts-b.png", "nuts-c.png"]
    assert "--where does not go with a snapshot" in dset.fails(
        "export", "kinds@1", "other", "--format", "coco", "--where", "annotated"
    )


def test_what_is_not_there(dset: Dset) -> None:
    assert "no export format 'vok'; did you mean 'voc'?" in dset.fails("export", "nuts", "out", "--format", "vok")
    assert "no file or directory 'nut'; did you mean 'nuts'?" in dset.fails("export", "nut", "out", "--format", "voc")
    assert "no revision 'kinds@1'" in dset.fails("export", "kinds@1:nuts", "out", "--format", "voc")
    assert "Missing option '--format'" in dset.fails("export", "nuts", "out", code=2)
    assert "is part of the repository itself" in dset.fails("export", "nuts", ".dset/out", "--format", "voc")
