"""Other programs' readers find in an export what was exported."""

import json
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import yaml
from PIL import Image
from pycocotools import mask as masks
from pycocotools.coco import COCO
from support.exports import HEIGHT, WIDTH, exported, put_annotated
from support.sources import imported, turned_jpeg

from dvcore.formats.export.exported import Orientation
from dvcore.model.annotations import Entered
from dvcore.model.conversions import mask_of
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.geometry import Box, Geometry, Keypoints, Mask, Polygon, RotatedBox, area
from dvcore.model.values import ValueType
from dvcore.repo.repository import Repository

SQUARE = (4.0, 4.0, 12.0, 4.0, 12.0, 12.0, 4.0, 12.0)
HOLE = (6.0, 6.0, 6.0, 10.0, 10.0, 10.0, 10.0, 6.0)
FAR = (20.0, 5.0, 30.0, 5.0, 30.0, 10.0)
WITH_HOLE = Polygon(((SQUARE, HOLE),))
SAME_WAY = Polygon(((SQUARE, (6.0, 6.0, 10.0, 6.0, 10.0, 10.0, 6.0, 10.0)), ((30.0, 10.0, 30.0, 5.0, 20.0, 5.0),)))
"""Hole and outline run in one direction, the other outline in the other."""
PERSON = LabelDeclaration("person", 0, 1, keypoints=("head", "foot"), skeleton=((0, 1),))
NUT = LabelDeclaration("nut", 1, 18, "food")
SMALL = Box(1.0, 2.0, 3.0, 4.0)
SPLIT = VariableDeclaration("split", ValueType.ENUM, ("train", "val"))


@pytest.fixture
def repository() -> Iterator[Repository]:
    with Repository.in_memory() as made:
        yield made


def supervision() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that OpenCV is not there
        import supervision as module
    return module


def test_pycocotools_reads_coco(repository: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shapes: list[Geometry] = [
        Box(1.0, 2.0, 3.0, 4.0),
        Polygon(((SQUARE,), (FAR,))),
        WITH_HOLE,
        mask_of(WITH_HOLE, HEIGHT, WIDTH),
        RotatedBox(20.0, 15.0, 10.0, 6.0, 90.0),
    ]
    person = Entered("person", Keypoints(((5.0, 5.0, 2), (0.0, 0.0, 0))), Box(4.0, 4.0, 10.0, 10.0))
    entered = [person, *(Entered("nut", shape, attributes={"crowd": True}) for shape in shapes)]
    put_annotated(repository, {"a.png": entered, "b.png": [], "c.png": None}, labels=[PERSON, NUT])
    report = exported(repository, tmp_path / "out", "coco")
    assert report.converted == {"polygon with holes as mask": 1, "rotated box as polygon": 1}
    coco = COCO(str(tmp_path / "out/annotations/instances.json"))
    assert "index created" in capsys.readouterr().out
    assert sorted(one["file_name"] for one in coco.loadImgs(coco.getImgIds())) == ["a.png", "b.png"]
    people, nuts = coco.loadCats([1, 18])
    assert people == {"id": 1, "name": "person", "keypoints": ["head", "foot"], "skeleton": [[1, 2]]}
    assert nuts == {"id": 18, "name": "nut", "supercategory": "food"}
    (found,) = coco.loadAnns(coco.getAnnIds(catIds=[1]))
    assert (found["keypoints"], found["num_keypoints"]) == ([5.0, 5.0, 2, 0.0, 0.0, 0], 1)
    crowd = coco.loadAnns(coco.getAnnIds(catIds=[18], iscrowd=True))
    assert sorted(one["area"] for one in crowd) == sorted(map(area, shapes))
    pixels = sorted(int(masks.area(coco.annToRLE(one))) for one in crowd if one["segmentation"])
    expected = [mask_of(shape, HEIGHT, WIDTH) for shape in shapes[1:] if isinstance(shape, Polygon | Mask | RotatedBox)]
    assert pixels == sorted(int(area(one)) for one in expected)


def test_results_are_loaded_beside_what_was_exported(
    repository: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """pycocotools 2.0.9 and 2.0.10 want an `info` there."""
    put_annotated(repository, {"a.png": [Entered("nut", Box(1.0, 2.0, 3.0, 4.0))]}, labels=[NUT])
    exported(repository, tmp_path / "out", "coco")
    found = json.loads((tmp_path / "out/annotations/instances.json").read_text())
    assert list(found) == ["info", "licenses", "categories", "images", "annotations"]
    coco = COCO(str(tmp_path / "out/annotations/instances.json"))
    coco.info()
    assert len(coco.loadRes([{"image_id": 1, "category_id": 18, "bbox": [1, 2, 3, 4], "score": 0.5}]).anns) == 1
    assert "index created" in capsys.readouterr().out


def test_elementtree_reads_voc(repository: Repository, tmp_path: Path) -> None:
    attributes = {"difficult": True, "truncated": 0.5, "pose": "left <&>", "age": 7}
    entered = [Entered("a & <b>", Box(0.0, 0.0, 10.0, 20.5), attributes=attributes), Entered("x", Polygon(((FAR,),)))]
    put_annotated(repository, {"sub/a.png": entered})
    report = exported(repository, tmp_path / "out", "voc")
    assert report.converted == {"attribute truncated as yes or no": 1, "polygon as box": 1}
    root = ElementTree.parse(tmp_path / "out/Annotations/sub/a.xml").getroot()
    assert [root.findtext(name) for name in ("folder", "filename", "size/width", "size/height", "size/depth")] == [
        "JPEGImages/sub",
        "a.png",
        "40",
        "30",
        "3",
    ]
    by_name = {one.findtext("name"): one for one in root.iter("object")}
    first, second = by_name["a & <b>"], by_name["x"]
    assert [one.text for one in first.find("bndbox") or ()] == ["1", "1", "10", "20.5"]
    assert [one.text for one in second.find("bndbox") or ()] == ["21", "6", "30", "10"]
    assert [first.findtext(name) for name in ("difficult", "truncated", "pose")] == ["1", "1", "left <&>"]
    assert first.findtext("attributes/attribute[name='age']/value") == "7"
    assert second.findtext("pose") == "Unspecified"


def test_a_box_narrower_than_a_pixel_is_one_in_voc(repository: Repository, tmp_path: Path) -> None:
    put_annotated(repository, {"a.png": [Entered("x", Box(5.0, 5.0, 0.5, 3.0))]})
    report = exported(repository, tmp_path / "out", "voc")
    assert report.converted == {"box narrower than a pixel as one pixel": 1}
    root = ElementTree.parse(tmp_path / "out/Annotations/a.xml").getroot()
    assert [one.text for one in root.find("object/bndbox") or ()] == ["6", "6", "6", "8"]


def test_a_pose_that_voc_cannot_hold(repository: Repository, tmp_path: Path) -> None:
    poses = ["left", 3, True, "a\x01b", "", "unspecified"]
    put_annotated(repository, {f"{n}.png": [Entered("x", SMALL, attributes={"pose": p})] for n, p in enumerate(poses)})
    report = exported(repository, tmp_path / "out", "voc")
    assert report.lost == {"attribute pose": 3}
    roots = [ElementTree.parse(tmp_path / f"out/Annotations/{number}.xml").getroot() for number in range(len(poses))]
    assert [root.findtext("object/pose") for root in roots] == ["left", *["Unspecified"] * 5]
    assert [root.findtext("object/attributes/attribute[name='pose']/value") for root in roots] == [
        *(None, "3", "true"),
        *[None] * 3,
    ]


@pytest.mark.parametrize("box", [Box(5.0, 5.0, 1.0, 3.0), Box(5.0, 5.0, 3.0, 0.5)])
def test_boxes_that_look_in_voc_as_if_they_had_no_area_are_told_of(
    box: Box, repository: Repository, tmp_path: Path
) -> None:
    put_annotated(repository, {"a.png": [Entered("x", box), Entered("x", SMALL)]})
    assert exported(repository, tmp_path / "out", "voc").notes == (
        "boxes of at most one pixel, which some programs take for mistakes: 1",
    )


@pytest.mark.parametrize("name", ["voc", "kitti", "openimages"])
def test_the_box_around_something_does_not_reach_over_the_edge(
    name: str, repository: Repository, tmp_path: Path
) -> None:
    over = Entered("x", RotatedBox(3.0, 3.0, 20.0, 4.0, 45.0))
    points = Entered("p", Keypoints(((1.0, 1.0, 2), (5.0, 5.0, 2))))
    put_annotated(repository, {"a.png": [over, Entered("x", SMALL), points]})
    exported(repository, tmp_path / "out", name)
    with Repository.in_memory() as other:
        report = imported(other, tmp_path / "out", format=name)
    assert (report.taken_instances, report.left_out, report.adjusted) == (3, (), ())


def test_the_box_beside_an_outline_does_not_reach_over_the_edge(repository: Repository, tmp_path: Path) -> None:
    put_annotated(repository, {"a.png": [Entered("x", RotatedBox(3.0, 3.0, 20.0, 4.0, 0.0))]})
    exported(repository, tmp_path / "out", "coco")
    (found,) = json.loads((tmp_path / "out/annotations/instances.json").read_text())["annotations"]
    assert found["bbox"] == [0.0, 1.0, 13.0, 4.0]


def test_supervision_reads_coco_voc_and_yolo(repository: Repository, tmp_path: Path) -> None:
    sv = supervision()
    boxes = [Box(1.0, 2.0, 10.0, 5.0), Box(20.0, 8.0, 4.0, 16.0)]
    files = {"a.png": [Entered("nut", box) for box in boxes], "b.png": [Entered("leaf", boxes[0])], "c.png": []}
    put_annotated(repository, files)
    for name in ("coco", "voc", "yolo"):
        exported(repository, tmp_path / name, name)
    read = sv.DetectionDataset
    coco, voc, yolo = tmp_path / "coco", tmp_path / "voc", tmp_path / "yolo"
    sets = {
        "coco": read.from_coco(str(coco / "images"), str(coco / "annotations/instances.json")),
        "voc": read.from_pascal_voc(str(voc / "JPEGImages"), str(voc / "Annotations")),
        "yolo": read.from_yolo(str(yolo / "images"), str(yolo / "labels"), str(yolo / "data.yaml")),
    }
    for name, found in sets.items():
        counts: Counter[Any] = Counter()
        for path, _, detections in found:
            for corners, index in zip(detections.xyxy, detections.class_id, strict=True):
                counts[Path(path).name, found.classes[index], tuple(round(float(c), 3) for c in corners)] += 1
        assert counts == {
            ("a.png", "nut", (1, 2, 11, 7)): 1,
            ("a.png", "nut", (20, 8, 24, 24)): 1,
            ("b.png", "leaf", (1, 2, 11, 7)): 1,
        }, name


def test_ultralytics_form_of_yolo(repository: Repository, tmp_path: Path) -> None:
    labels = [LabelDeclaration('b: #"x" 😀', 0, 1), LabelDeclaration("a", 1, 0)]
    outline = Entered("a", Polygon(((FAR,),)))
    files = {"a.png": [outline, outline, Entered("a", Box(4.0, 3.0, 8.0, 6.0))], "b.png": [], "c.png": None}
    given = {"a.png": {"split": "train"}, "b.png": {"split": "val"}}
    put_annotated(repository, files, labels=labels, declared=[SPLIT], variables=given)
    report = exported(repository, tmp_path / "out", "yolo")
    assert report.converted == {"box as polygon": 1}
    assert yaml.safe_load((tmp_path / "out/data.yaml").read_text()) == {
        "train": "images/train",
        "val": "images/val",
        "task": "segment",
        "names": {0: "a", 1: 'b: #"x" 😀'},
    }
    lines = (tmp_path / "out/labels/train/a.txt").read_text().splitlines()
    assert sorted(map(len, map(str.split, lines))) == [7, 7, 9]
    assert "0 0.1 0.1 0.3 0.1 0.3 0.3 0.1 0.3" in lines
    assert (tmp_path / "out/labels/val/b.txt").read_text() == ""
    assert not (tmp_path / "out/labels/c.txt").exists()


@pytest.mark.parametrize(
    "shape", [WITH_HOLE, SAME_WAY, Polygon(((SQUARE,), (FAR,))), mask_of(WITH_HOLE, HEIGHT, WIDTH)]
)
def test_one_ring_has_the_pixels_of_several(shape: Polygon | Mask, repository: Repository, tmp_path: Path) -> None:
    put_annotated(repository, {"a.png": [Entered("a", shape)]})
    exported(repository, tmp_path / "out", "yolo")
    numbers = [float(text) for text in (tmp_path / "out/labels/a.txt").read_text().split()[1:]]
    ring = tuple(c * (HEIGHT if at % 2 else WIDTH) for at, c in enumerate(numbers))
    joined = mask_of(Polygon(((ring,),)), HEIGHT, WIDTH)
    assert area(joined) == area(mask_of(shape, HEIGHT, WIDTH))
    assert area(Polygon(((ring,),))) == pytest.approx(area(shape))


def test_source_ids_come_back(repository: Repository, tmp_path: Path) -> None:
    entered = [Entered("nut", Box(1.0, 1.0, 2.0, 2.0), source=id_) for id_ in ("7", "x", None)]
    put_annotated(repository, {"a.png": entered, "b.png": entered[:1]}, labels=[NUT])
    report = exported(repository, tmp_path / "out", "coco")
    found = json.loads((tmp_path / "out/annotations/instances.json").read_text())
    ids = [one["id"] for one in found["annotations"]]
    assert len(set(ids)) == 4
    assert 7 in ids
    assert report.lost == {"source id": 2}
    assert {one["category_id"] for one in found["annotations"]} == {18}


def test_labels_of_two_sources_with_the_same_numbers(repository: Repository, tmp_path: Path) -> None:
    labels = [LabelDeclaration(name, 0, number) for name, number in (("a", 0), ("b", 1), ("c", 0), ("d", 1), ("e", 2))]
    entered = [Entered("c", Box(1.0, 1.0, 2.0, 2.0)), Entered("d", Box(1.0, 1.0, 2.0, 2.0))]
    put_annotated(repository, {"a.png": entered}, labels=labels)
    exported(repository, tmp_path / "one", "yolo")
    assert yaml.safe_load((tmp_path / "one/data.yaml").read_text())["names"] == {0: "c", 1: "d"}
    put_annotated(repository, {"b.png": [Entered("a", Box(1.0, 1.0, 2.0, 2.0))]})
    report = exported(repository, tmp_path / "both", "yolo")
    assert yaml.safe_load((tmp_path / "both/data.yaml").read_text())["names"] == {0: "a", 1: "c", 2: "d"}
    assert report.notes == ("the classes are numbered anew: YOLO's indices begin at 0 and leave none out",)


@pytest.mark.parametrize("orientation", [None, *range(1, 9)])
def test_no_reader_sees_a_turned_image_otherwise(orientation: int | None, tmp_path: Path, shared_data: Path) -> None:
    """The picture of the exported file, raw, is that of the source as displayed; so is its size."""
    name = f"Portrait_{orientation}.jpg"
    source = tmp_path / "source"
    source.mkdir()
    (source / name).write_bytes((shared_data / "exif" / name).read_bytes() if orientation else turned_jpeg(1))
    with Repository.in_memory() as repository:
        imported(repository, source)
        report = exported(repository, tmp_path / "out", "coco")
        kept = exported(repository, tmp_path / "kept", "coco", orientation=Orientation.KEEP)
        bare = exported(repository, tmp_path / "bare", "coco", images=False)
    before = (source / name).read_bytes()
    assert (tmp_path / "kept/images/nuts" / name).read_bytes() == before
    if orientation in (None, 1):
        assert (tmp_path / "out/images/nuts" / name).read_bytes() == before
        assert (report.notes, report.warnings, kept.warnings, bare.warnings) == ((), (), (), ())
        return
    assert report.notes == ("turned upright and encoded anew, for their EXIF orientation: 1 image",)
    assert [len(one.warnings) for one in (report, kept, bare)] == [0, 1, 1]
    with (
        Image.open(tmp_path / "out/images/nuts" / name) as turned,
        Image.open(shared_data / "exif/Portrait_1.jpg") as up,
    ):
        assert turned.size == up.size
        assert 0x0112 not in turned.getexif()
        difference = np.asarray(turned.convert("L"), float) - np.asarray(up.convert("L"), float)
    assert np.abs(difference).mean() < 4
