"""`dset import`: what it prints, for people and for scripts."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.command import Dset
from support.sources import coco, put_coco, put_pictures


@pytest.fixture
def photos_with_faults(tmp_path: Path) -> Path:
    """Three pictures, one of which is none, with four boxes: one sound, one cut off, one outside, one on no picture."""
    folder = put_pictures(tmp_path / "photos", "a.png", "b.png")
    (folder / "c.png").write_text("no image")
    (folder / "README").write_text("x")
    listed = [{"id": number, "file_name": f"{name}.png"} for number, name in enumerate("abc", start=1)]
    boxes = [
        {"bbox": [1, 1, 2, 2]},
        {"bbox": [-1, 1, 2, 2]},
        {"bbox": [50, 1, 2, 2]},
        {"bbox": [1, 1, 2, 2], "image_id": 3},
    ]
    return put_coco(folder, coco(*boxes, images=listed))


def test_every_instance_is_accounted_for(empty: Dset, photos_with_faults: Path) -> None:
    done = empty("import", photos_with_faults, "--to", "nuts", "--skip-bad")
    assert done.out.splitlines() == [
        "nuts: 2 files added",
        "passed over 1 file not meant to come in",
        "2 of 4 instances: nut 2",
        "  2 added, 1 left out, 1 of files that were left out",
    ]
    assert "read as coco: labels.json has COCO's lists of images and annotations" in done.err
    assert "1 instance left out, cannot be stored:\n  labels.json: annotation 3: is outside the image" in done.err


def test_json_says_the_same(empty: Dset, photos_with_faults: Path) -> None:
    done = empty("import", photos_with_faults, "--to", "nuts", "--skip-bad", "--json")
    said: dict[str, Any] = done.json
    assert (said["to"], said["format"], said["files"]["added"], said["files"]["passed_over"]) == ("nuts", "coco", 2, 1)
    assert said["files"]["faulty"] == [{"where": str(photos_with_faults / "c.png"), "reason": "is no image"}]
    instances = said["instances"]
    assert (instances["stated"], instances["taken"], instances["refused"], instances["repeated"]) == (4, 2, 1, 0)
    assert instances["labels"] == {"nut": 2}
    assert [one["where"] for one in instances["left_out"]] == ["labels.json: annotation 3"]
    assert [one["reason"] for one in instances["changed"]] == ["was cut off at the edge of the image"]
    assert instances["stated"] == instances["taken"] + len(instances["left_out"]) + instances["refused"]


def test_importing_again_counts_the_same_instances(empty: Dset, photos: Path) -> None:
    empty("import", photos, "--to", "nuts")
    again = empty("import", photos, "--to", "nuts")
    assert "12 of 12 instances: " in again.out
    assert "  12 there already" in again.out


def test_labels_from_the_names_of_files(empty: Dset, tmp_path: Path) -> None:
    put_pictures(tmp_path / "s", "cat_001.png", "dog_7.png")
    options = ("--format", "folders", "--label-from", "filename-without-index")
    empty("import", tmp_path / "s", "--to", "pets", *options)
    rows = empty("ls", "-R", "--json").rows
    assert [row["variables"] for row in rows] == [{"label": "cat"}, {"label": "dog"}]


def test_a_table_beside_images(empty: Dset, tmp_path: Path) -> None:
    put_pictures(tmp_path / "s", "a.png")
    (tmp_path / "t.csv").write_text("file_name;dpi\na.png;200\n")
    done = empty("import", tmp_path / "s", "--to", "scans", "--annotations", tmp_path / "t.csv")
    assert "types found in the table: dpi is int" in done.err
    assert empty("ls", "-R", "--json").rows[0]["variables"] == {"dpi": 200}


def test_a_fault_names_its_line(empty: Dset, tmp_path: Path) -> None:
    put_pictures(tmp_path / "s", "a.png")
    (tmp_path / "s/metadata.jsonl").write_text(json.dumps({"file_name": "gone.png"}) + "\n")
    done = empty.run("import", tmp_path / "s", "--to", "scans")
    assert done.code == 1
    assert "metadata.jsonl: line 1: names 'gone.png', which is no image of the source" in done.err
