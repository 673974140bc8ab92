"""What was exported and imported again is what it was, wherever the format can hold it."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.exports import HEIGHT, WIDTH, content, exported, put_annotated, variables
from support.sources import imported

from dvcore.model.annotations import Entered
from dvcore.model.bitmaps import mask_of_bitmap
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.geometry import Box, Keypoints, Mask, Point, Polygon, Polyline, RotatedBox
from dvcore.model.values import Value, ValueType
from dvcore.repo.repository import Repository

FILES = ("a.png", "b.png", "sub/c.png", "sub/deeper/d.png")
PERSON = LabelDeclaration("person", 0, 7, keypoints=("head", "left hand", "right hand"), skeleton=((0, 1), (0, 2)))

labels = st.sampled_from(["walnut", "été & <co>", "b/c"])
words = st.sampled_from(["x", "a b", "ü", "no 7", "q&a <b>"])


def quarters(most: int) -> st.SearchStrategy[float]:
    return st.integers(0, 4 * most).map(lambda number: number / 4)


@st.composite
def box_of(draw: st.DrawFn, least: float = 0.25) -> Box:
    x, y = draw(quarters(WIDTH - 5)), draw(quarters(HEIGHT - 5))
    width, height = draw(quarters(4)), draw(quarters(4))
    return Box(x, y, max(width, least), max(height, least))


boxes = box_of()
points = st.builds(Point, quarters(WIDTH), quarters(HEIGHT))


@st.composite
def rotated(draw: st.DrawFn) -> RotatedBox:
    cx, cy = draw(st.integers(8, WIDTH - 8)), draw(st.integers(8, HEIGHT - 8))
    return RotatedBox(float(cx), float(cy), draw(quarters(9)) + 3, draw(quarters(2)) + 0.25, draw(quarters(179)) + 0.25)


@st.composite
def ring(draw: st.DrawFn) -> tuple[float, ...]:
    box = draw(box_of(least=1.0))
    right, bottom = box.x + box.width, box.y + box.height
    return box.x, box.y, right, box.y, right, bottom, box.x + box.width / 2, bottom - 0.25, box.x, bottom


outlines = ring().map(lambda one: Polygon(((one,),)))
several = st.lists(ring(), min_size=1, max_size=3).map(lambda rings: Polygon(tuple((one,) for one in rings)))
lines = st.lists(st.tuples(quarters(WIDTH), quarters(HEIGHT)), min_size=2, max_size=4, unique=True).map(
    lambda found: Polyline((tuple(c for point in found for c in point),))
)


@st.composite
def masks(draw: st.DrawFn) -> Mask:
    bitmap = np.zeros((HEIGHT, WIDTH), np.bool_)
    left, top = draw(st.integers(0, WIDTH - 6)), draw(st.integers(0, HEIGHT - 4))
    bits = draw(st.lists(st.booleans(), min_size=24, max_size=24).filter(any))
    bitmap[top : top + 4, left : left + 6] = np.array(bits).reshape(4, 6)
    return mask_of_bitmap(bitmap)


seen = st.tuples(quarters(WIDTH), quarters(HEIGHT), st.sampled_from([1, 2]))
keypoints = st.tuples(seen, seen, st.just((0.0, 0.0, 0)) | seen).map(Keypoints)


def attributes(**kinds: st.SearchStrategy[Value]) -> st.SearchStrategy[dict[str, Value]]:
    return st.fixed_dictionaries({}, optional=kinds)


flag = st.just(True)
number = st.integers(2, 99) | st.integers(1, 99).map(lambda n: n / 8)
score = st.integers(1, 63).map(lambda n: n / 64)
anything = attributes(crowd=flag, score=score, track_id=st.integers(1, 99), pose=words, size=number, wet=flag)


def entered(geometry: st.SearchStrategy[Any], more: st.SearchStrategy[dict[str, Value]]) -> st.SearchStrategy[Entered]:
    return st.builds(Entered, labels, geometry, st.none(), st.none(), more)


people = st.builds(Entered, st.just("person"), keypoints, box_of(least=1.0), st.none(), anything)
flags = attributes(difficult=flag, truncated=flag, occluded=flag, pose=words, wet=flag, size=number, kind=words)
in_space = st.fixed_dictionaries(
    {name: number.map(float) for name in ("dimension_height", "dimension_width", "dimension_length")}
    | {name: number.map(float) for name in ("location_x", "location_y", "location_z", "rotation_y")}
)
kitti_facts = (
    attributes(truncated=score, occluded=st.integers(0, 3), alpha=st.integers(-3, 3).map(float), score=score) | in_space
)
tool_facts = attributes(pose=words, size=number, wet=flag, note=words)

HELD: dict[str, st.SearchStrategy[Entered]] = {
    "coco": entered(boxes | several | masks(), anything) | people,
    "voc": entered(box_of(least=1.25), flags),
    "yolo": entered(boxes, st.just({})),
    "kitti": st.builds(Entered, st.sampled_from(["Car", "Ünïon"]), boxes, st.none(), st.none(), kitti_facts),
    "cvat": entered(boxes | rotated() | outlines | masks() | lines | points, tool_facts | attributes(occluded=flag))
    | st.builds(Entered, st.just("person"), keypoints, st.none(), st.none(), attributes(z_order=st.integers(1, 9))),
    "openimages": entered(
        boxes | masks(), attributes(occluded=flag, crowd=flag, inside=flag, source=words, score=score)
    ),
    "labelme": entered(boxes | rotated() | outlines | masks() | lines | points, tool_facts),
    "labelstudio": entered(
        boxes | rotated() | outlines | masks() | lines | points, attributes(score=score, size=number, note=words)
    ),
}


def round_trip(name: str, files: dict[str, Sequence[Entered] | None]) -> None:
    """Export, import again, and compare."""
    with TemporaryDirectory() as folder:
        before, after = Repository.in_memory(), Repository.in_memory()
        put_annotated(before, files, labels=[PERSON] if name in ("coco", "cvat") else ())
        report = exported(before, Path(folder, "out"), name)
        assert report.instances_left_out == {}
        assert report.converted == {}
        assert report.lost == {}
        back = imported(after, Path(folder, "out"))
        assert back.format == name
        assert (back.left_out, back.faulty_files) == ((), ())
        assert content(after) == content(before)


@pytest.mark.parametrize("name", HELD)
def test_what_a_format_holds_comes_back(name: str) -> None:
    @settings(max_examples=20)
    @given(st.fixed_dictionaries({path: st.none() | st.lists(HELD[name], max_size=4) for path in FILES}))
    def check(files: dict[str, Sequence[Entered] | None]) -> None:
        files["first.png"] = [Entered("person" if name == "coco" else "Car", Box(1.0, 2.0, 3.0, 4.0))]
        if name == "openimages":  # a table of boxes does not say that there is none
            files = {f"{number}{Path(path).name}": some or None for number, (path, some) in enumerate(files.items())}
        round_trip(name, files)

    check()


@pytest.mark.parametrize(
    ("geometry", "more"),
    [(outlines, ()), (rotated(), ()), (keypoints, (box_of(least=1.0),))],
    ids=["segment", "obb", "pose"],
)
def test_each_task_of_yolo_comes_back(geometry: st.SearchStrategy[Any], more: Sequence[Any]) -> None:
    @settings(max_examples=20)
    @given(st.lists(st.builds(Entered, st.just("person"), geometry, *more), min_size=1, max_size=4))
    def check(instances: list[Entered]) -> None:
        round_trip("yolo", {"a.png": instances, "b.png": [], "c.png": None})

    check()


LABELLED = VariableDeclaration("label", ValueType.ENUM, ("walnut", "fig"))
SPLIT = VariableDeclaration("split", ValueType.ENUM, ("train", "val", "test"))


@pytest.mark.parametrize("name", ["coco", "voc", "yolo", "kitti", "cvat", "openimages", "folders", "csv"])
def test_splits_come_back(name: str, tmp_path: Path) -> None:
    files = {f"{number}.png": [Entered("nut", Box(1.0, 1.0, 4.0, 4.0))] for number in range(6)}
    splits = ("train", "train", "val", "val", "test", "train")
    given = {path: {"split": split, "label": "fig"} for path, split in zip(files, splits, strict=True)}
    if name not in ("folders", "csv"):
        given = {path: {"split": of["split"]} for path, of in given.items()}
    before, after = Repository.in_memory(), Repository.in_memory()
    put_annotated(before, files, declared=[LABELLED, SPLIT], variables=given)
    exported(before, tmp_path / "out", name)
    imported(after, tmp_path / "out", format=name)
    assert variables(after) == variables(before)


def test_variables_come_back_through_a_table(tmp_path: Path) -> None:
    declared = [
        VariableDeclaration("almond", ValueType.BOOL),
        VariableDeclaration("dpi", ValueType.INT),
        VariableDeclaration("weight", ValueType.FLOAT),
        VariableDeclaration("place", ValueType.TEXT),
        SPLIT,
    ]
    given: dict[str, dict[str, Value]] = {
        "a.png": {"almond": True, "dpi": 200, "weight": 0.1, "place": 'Reute, "Süd"\nHof', "split": "val"},
        "b/c.png": {"almond": False, "place": "=1+1"},
        "b/d.png": {"dpi": -3, "weight": 1e-300},
    }
    before, after = Repository.in_memory(), Repository.in_memory()
    put_annotated(before, dict.fromkeys(given), declared=declared, variables=given)
    exported(before, tmp_path / "out", "csv")
    imported(after, tmp_path / "out")
    assert variables(after) == variables(before)
    kinds = {one.name: one.type for one in after.working_tree().tree.variables}
    assert kinds == {one.name: one.type for one in declared}


def test_captions_and_unannotated_images_come_back_through_coco(tmp_path: Path) -> None:
    declared = [VariableDeclaration(name, ValueType.TEXT) for name in ("caption", "caption_2")]
    given: dict[str, dict[str, Value]] = {
        "a.png": {"caption": "one", "caption_2": "two", "split": "train"},
        "b.png": {"caption": "three", "split": "val"},
        "c.png": {"split": "val"},
    }
    files = {"a.png": [Entered("nut", Box(1.0, 1.0, 4.0, 4.0))], "b.png": None, "c.png": None}
    before, after = Repository.in_memory(), Repository.in_memory()
    put_annotated(before, files, declared=[*declared, SPLIT], variables=given)
    assert exported(before, tmp_path / "out", "coco").lost == {}
    imported(after, tmp_path / "out")
    assert (variables(after), content(after)) == (variables(before), content(before))


@pytest.mark.parametrize("name", ["coco", "yolo"])
def test_labels_come_back_with_their_numbers(name: str, tmp_path: Path) -> None:
    labels = [LabelDeclaration(one, 0, number) for one, number in (("b", 2), ("a", 0), ("unused", 1))]
    before, after = Repository.in_memory(), Repository.in_memory()
    put_annotated(before, {"a.png": [Entered("b", Box(1.0, 1.0, 4.0, 4.0))]}, labels=labels)
    exported(before, tmp_path / "out", name)
    imported(after, tmp_path / "out")
    assert {one.name: one.source for one in after.working_tree().tree.labels} == {"b": 2, "a": 0, "unused": 1}


FIXTURES = "format-fixtures"
REAL = [
    ("bccd", "voc"),
    ("yolo", "yolo"),
    ("coco-polygons", "coco"),
    (f"{FIXTURES}/coco_dataset/coco_instances", "coco"),
    (f"{FIXTURES}/coco_dataset/coco_person_keypoints", "coco"),
    (f"{FIXTURES}/coco_dataset/coco_panoptic", "coco"),
    (f"{FIXTURES}/coco_dataset/coco_captions", "coco"),
    (f"{FIXTURES}/coco_dataset/coco_roboflow", "coco"),
    (f"{FIXTURES}/coco_dataset/coco_stuff", "coco"),
    (f"{FIXTURES}/voc_dataset/voc_dataset3", "voc"),
    (f"{FIXTURES}/yolo_dataset/labels", "yolo"),
    (f"{FIXTURES}/yolo_dataset/strict", "yolo"),
    (f"{FIXTURES}/kitti_dataset/kitti_3d", "kitti"),
    (f"{FIXTURES}/kitti_dataset/kitti_3d_with_subset", "kitti"),
    (f"{FIXTURES}/kitti_dataset/kitti_detection", "kitti"),
    (f"{FIXTURES}/cvat_dataset/for_images/export_task", "cvat"),
    (f"{FIXTURES}/cvat_dataset/for_images/export_project", "cvat"),
    (f"{FIXTURES}/open_images_dataset/v6", "openimages"),
]
"""Real sets and fixtures, each with a format that holds all that it says."""


@pytest.mark.parametrize(("source", "name"), REAL, ids=[source.rpartition("/")[2] for source, _ in REAL])
def test_real_sets_come_back(source: str, name: str, tmp_path: Path, shared_data: Path) -> None:
    before, after = Repository.in_memory(), Repository.in_memory()
    imported(before, shared_data / source, skip_bad=True)
    report = exported(before, tmp_path / "out", name, "nuts")
    back = imported(after, tmp_path / "out", format=name)
    assert (back.left_out, back.faulty_files) == ((), ())
    assert content(after) == content(before)
    assert sum(report.instances.values()) == sum(back.instances.values())
    assert report.instances_left_out == {}
    assert (report.converted, report.lost) == ({}, {})


def test_masks_come_back_from_labelme_without_the_boxes_beside_them(tmp_path: Path, shared_data: Path) -> None:
    before, after = Repository.in_memory(), Repository.in_memory()
    imported(before, shared_data / FIXTURES / "labelme_dataset")
    report = exported(before, tmp_path / "out", "labelme", "nuts")
    assert (report.converted, report.lost) == ({}, {"box beside a mask": 2})
    imported(after, tmp_path / "out", format="labelme")
    ((_, (*was,)),), ((_, (*became,)),) = content(before), content(after)
    assert [(label, place, more) for label, place, _, more in became] == [
        (label, place, more) for label, place, _, more in was
    ]


def test_masks_come_back_from_voc_as_boxes(tmp_path: Path, shared_data: Path) -> None:
    before, after = Repository.in_memory(), Repository.in_memory()
    imported(before, shared_data / FIXTURES / "voc_dataset/voc_dataset1")
    report = exported(before, tmp_path / "out", "voc", "nuts")
    assert (report.converted, report.lost) == ({"mask as box": 1}, {})
    assert imported(after, tmp_path / "out").instances == report.instances
