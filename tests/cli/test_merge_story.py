"""Two people annotate blood cells at once: what they did comes together, and what it means for the model is exactly
the sum of it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.command import Dset

Json = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """Which images somebody does something to, by what: Ada relabels and moves, Bob adds, relabels one and removes.

    The images are in the order of their paths, each with four red cells or more. Ada relabels the first two cells of an
    image and moves the next two. On purpose, both relabel the first cell of `cell`, and Bob removes two images in which
    Ada moved boxes.
    """

    images: list[Json]

    @property
    def relabelled(self) -> list[Json]:
        return self.images[:10]

    @property
    def moved(self) -> list[Json]:
        return self.images[5:20]

    @property
    def added(self) -> list[Json]:
        return self.images[8:18] + self.images[30:40]

    @property
    def contested(self) -> list[str]:
        return [one["path"] for one in self.images[18:20]]

    @property
    def removed(self) -> list[str]:
        return [one["path"] for one in self.images[40:43]] + self.contested

    @property
    def cell(self) -> Json:
        return self.images[0]


@pytest.fixture
def cells(empty: Dset, shared_data: Path) -> Dset:
    """The images with their boxes, a detection project, and its first snapshot."""
    empty("import", shared_data / "bccd", "--to", "cells")
    empty("commit", "-m", "as they came")
    features = ("--feature", "image,downsample=both:24x32", "--feature", "boxes")
    empty("project", "create", "detection", *features, "--split", "train=0.8", "--split", "test=0.2")
    empty("snapshot", "detection")
    return empty


@pytest.fixture
def plan(cells: Dset) -> Plan:
    many = cells.paths("cells", "-R", "--where", "count('RBC') >= 4")
    return Plan([cells("show", path, "--json").json for path in many[:50]])


def red(image: Json) -> list[Json]:
    return [one for one in image["instances"] if one["label"] == "RBC"]


def shifted(image: Json, cell: Json) -> Json:
    """A pixel to the side where there is room."""
    x, y, width, height = cell["box"]
    return {**cell, "box": [x + 1 if x + width + 1 <= image["width"] else x - 1, y, width, height]}


def annotate(dset: Dset, added: Mapping[str, Iterable[Json]]) -> None:
    lines = [json.dumps({"path": path, "add": list(instances)}) for path, instances in added.items()]
    dset("annotate", "--from-json", "-", stdin="\n".join(lines))


def ada(dset: Dset, plan: Plan) -> None:
    """20 cells get another label, 30 boxes move."""
    annotate(dset, {one["path"]: [{**cell, "label": "WBC"} for cell in red(one)[:2]] for one in plan.relabelled})
    annotate(dset, {one["path"]: [shifted(one, cell) for cell in red(one)[2:4]] for one in plan.moved})
    dset("commit", "-m", "20 cells relabelled, 30 boxes moved", env={"DSET_AUTHOR": "Ada <ada@example.org>"})


def bob(dset: Dset, plan: Plan) -> None:
    """40 boxes are new, a cell has another label, 5 images go."""
    new = [{"label": "Platelets", "box": [10.0 + 40 * place, 20.0, 30.0, 25.0]} for place in range(2)]
    annotate(dset, {one["path"]: new for one in plan.added})
    annotate(dset, {plan.cell["path"]: [{**red(plan.cell)[0], "label": "Platelets"}]})
    dset("remove", *plan.removed)
    dset("commit", "-m", "40 boxes, 5 images removed", env={"DSET_AUTHOR": "Bob <bob@example.org>"})


@pytest.fixture
def merging(cells: Dset, plan: Plan) -> Dset:
    """Ada is in the midst of merging what Bob did."""
    cells("branch", "bob")
    ada(cells, plan)
    cells("switch", "bob")
    bob(cells, plan)
    cells("switch", "main")
    assert cells.run("merge", "bob").code == 1
    return cells


def test_conflicts_are_where_both_touched_the_same(merging: Dset, plan: Plan) -> None:
    merging("merge", "--abort")
    found = merging.run("merge", "bob", "--json").json["conflicts"]
    files = {one["path"]: one for one in found if one["kind"] == "file"}
    assert sorted(files) == sorted(plan.contested)
    for path, one in files.items():
        assert one["ours"]["instances"] == one["base"]["instances"], path
        assert one["theirs"] is None
    (cell,) = [one for one in found if one["kind"] != "file"]
    assert (cell["kind"], cell["path"], cell["name"]) == ("instance", plan.cell["path"], red(plan.cell)[0]["id"])
    assert [cell[side]["label"] for side in ("base", "ours", "theirs")] == ["RBC", "WBC", "Platelets"]
    assert "3 conflicts" in merging.fails("commit", "-m", "too early")


def test_what_the_merge_means_for_the_model_is_the_sum_of_both(merging: Dset, plan: Plan) -> None:
    gone, kept = plan.contested
    assert merging("resolve", gone, "--theirs", "--json").json == {"settled": 1, "left": 2}
    assert merging("resolve", kept, "--ours", "--json").json == {"settled": 1, "left": 1}
    merging("resolve", plan.cell["path"], "--theirs")
    merging("commit")
    assert merging("snapshot", "detection", "--json").json["snapshot"] == "detection@2"

    stat = merging("diff", "detection@1", "detection@2", "--stat", "--json").json
    assert stat["boxes"] == {"added": 40, "removed": 0, "moved": 28, "changed": 20}
    assert {one: stat["images"][one] for one in ("added", "removed", "modified")} == {
        "added": 0,
        "removed": 4,
        "modified": 29,
    }
    rows = merging("diff", "detection@1", "detection@2", "--json").rows
    assert {row["path"] for row in rows if row["change"] == "removed"} == set(plan.removed) - {kept}
    boxes = {row["path"]: row["boxes"]["image/object"] for row in rows if row["change"] == "modified"}
    assert boxes == expected(plan, gone)
    assert all(row["differs"] == ["boxes"] for row in rows if row["change"] == "modified")


def expected(plan: Plan, gone: str) -> dict[str, dict[str, int]]:
    """What is to have happened to the boxes of each image."""
    doings = {"changed": plan.relabelled, "moved": plan.moved, "added": plan.added}
    touched = [one for images in doings.values() for one in images if one["path"] != gone]
    return {
        one["path"]: {"removed": 0} | {what: 2 if one in images else 0 for what, images in doings.items()}
        for one in touched
    }


def test_the_boxes_themselves_are_those_of_both(merging: Dset, plan: Plan) -> None:
    merging("resolve", "/", "--ours")
    merging("commit")
    both = next(one for one in plan.relabelled if one in plan.moved and one in plan.added)
    before = {one["id"]: one for one in both["instances"]}
    after = {one["id"]: one for one in merging("show", both["path"], "--json").json["instances"]}
    cells = red(both)
    assert {id_ for id_ in before if after[id_] != before[id_]} == {one["id"] for one in cells[:4]}
    assert [after[one["id"]] for one in cells[:2]] == [{**one, "label": "WBC"} for one in cells[:2]]
    assert [after[one["id"]] for one in cells[2:4]] == [shifted(both, one) for one in cells[2:4]]
    assert sorted(one["label"] for id_, one in after.items() if id_ not in before) == ["Platelets", "Platelets"]
    assert set(plan.removed) & set(merging.paths("cells", "-R")) == set(plan.contested)
