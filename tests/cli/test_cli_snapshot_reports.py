"""`dset show PROJECT@N` and `dset diff PROJECT@A PROJECT@B`."""

import hashlib
import json
from pathlib import Path

import pytest
from support.command import Dset


@pytest.fixture
def twice(project: Dset) -> Dset:
    """Two snapshots: one image relabelled, one gone."""
    project("snapshot", "kinds")
    project("annotate", "nuts/almond/06.png", "--set", "label=walnut")
    project("remove", "nuts/walnut/00.png")
    project("commit", "-m", "one relabelled, one out")
    project("snapshot", "kinds")
    return project


@pytest.fixture
def boxes(nuts: Dset) -> Dset:
    """Two snapshots of a project of boxes: of one image a box moved."""
    nuts("project", "create", "boxes", "--feature", "image", "--feature", "boxes", "--split", "whole=1")
    nuts("snapshot", "boxes")
    (box,) = nuts("show", "nuts/walnut/00.png", "--json").json["instances"]
    moved = {"id": box["id"], "label": box["label"], "box": [2, 2, 3, 4]}
    (nuts.folder / "moved.json").write_text(json.dumps([moved]))
    nuts("annotate", "nuts/walnut/00.png", "--instances", "moved.json")
    nuts("commit", "-m", "a box moved")
    nuts("snapshot", "boxes")
    return nuts


def test_a_difference_names_each_image_and_counts(twice: Dset) -> None:
    lines = twice("diff", "kinds@1", "kinds@2").out.splitlines()
    assert lines[0] == "~ nuts/almond/06.png  (label almond -> walnut)"
    assert lines[1].startswith("- nuts/walnut/00.png  (walnut in ")
    assert lines[2] == "2 images: 1 removed, 1 modified (labels of 1)"
    stat = twice("diff", "kinds@1", "kinds@2", "--stat").out
    assert "nuts/" not in stat
    assert any(line.split() == ["train", "all", "images", *line.split()[3:]] for line in stat.splitlines())


def test_a_difference_as_json(twice: Dset) -> None:
    relabelled, removed = twice("diff", "kinds@1", "kinds@2", "--json").rows
    assert relabelled["labels"] == [["almond"], ["walnut"]]
    assert relabelled["heads"] == [{"image/class": ["almond"]}, {"image/class": ["walnut"]}]
    assert (relabelled["differs"], relabelled["boxes"]) == (["labels"], {})
    assert removed["split"][1] is None
    stat = twice("diff", "kinds@1", "kinds@2", "--stat", "--json").json
    assert stat["images"] == {"added": 0, "removed": 1, "modified": 1, "labels": 1}
    before, after = stat["splits"]
    assert sum(split["walnut"] for split in before.values()) == sum(split["walnut"] for split in after.values()) == 6


def test_boxes_are_followed(boxes: Dset) -> None:
    out = boxes("diff", "boxes@1", "boxes@2").out
    assert "~ nuts/walnut/00.png  (boxes: 1 moved)" in out
    assert "boxes: 1 moved" in out.splitlines()
    (row,) = boxes("diff", "boxes@1", "boxes@2", "--json").rows
    assert row["boxes"] == {"image/object": {"added": 0, "removed": 0, "moved": 1, "changed": 0}}
    assert boxes("diff", "boxes@1", "boxes@2", "--stat", "--json").json["boxes"]["moved"] == 1


def test_a_page_is_written_where_the_command_runs(boxes: Dset) -> None:
    result = boxes("diff", "boxes@1", "boxes@2", "--html", "changes.html")
    assert result.err.splitlines()[-1] == "wrote changes.html"
    assert "nuts/walnut" not in result.out
    text = (boxes.folder / "changes.html").read_text()
    assert text.startswith("<!DOCTYPE html>")
    assert text.count('<g class="changed">') == 2
    assert len(boxes("diff", "boxes@1", "boxes@2", "--html", "again.html", "--json").rows) == 1


def test_a_page_that_cannot_be_written(boxes: Dset) -> None:
    assert "cannot write" in boxes.fails("diff", "boxes@1", "boxes@2", "--html", "nowhere/page.html")


def test_show_tells_all_of_a_snapshot(twice: Dset) -> None:
    out = twice("show", "kinds@2").out
    facts = twice("show", "kinds@2", "--json").json
    assert f"digest {facts['digest']}" in out
    assert f"commit {facts['commit']}" in out
    assert "one relabelled, one out" in out
    assert "toolchain example " in out
    assert "kinds-train.tfrecord-00000-of-00002" in out
    assert '[[labels]]\nname = "walnut"\nwhere = "label = \'walnut\'"' in out
    assert facts["dataset"] == {
        "commit": facts["commit"],
        "author": "Ada <ada@example.org>",
        "time": twice("log", "--json").rows[0]["time"],
        "message": "one relabelled, one out",
    }
    assert facts["definition"]["labels"][0] == {"name": "walnut", "where": "label = 'walnut'"}
    assert facts["toolchain"]["pillow"]
    assert facts["image_shape"] == [8, 12, 3]
    assert (facts["passed"], facts["enlarged"]) == (11, 0)


def test_the_checksums_are_those_of_the_files(twice: Dset) -> None:
    facts = twice("show", "kinds@2", "--json").json
    for name, sha256 in facts["sha256"].items():
        assert hashlib.sha256((Path(facts["out"]) / name).read_bytes()).hexdigest() == sha256
