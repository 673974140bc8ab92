"""Imports of the real data sets."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from pycocotools.coco import COCO
from support.sources import imported, instances, records

from dvcore.errors import FaultyFilesError, InvalidInputError
from dvcore.model.geometry import Box, Keypoints
from dvcore.model.values import ValueType
from dvcore.repo.repository import Repository


@pytest.fixture
def repository() -> Repository:
    return Repository.in_memory()


def test_nuts_have_the_counts_of_pycocotools(
    repository: Repository, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = shared_data / "coco-polygons"
    report = imported(repository, source)
    expected = COCO(source / "trainval.json")
    capsys.readouterr()
    names = {one["id"]: one["name"] for one in expected.loadCats(expected.getCatIds())}
    assert report.instances == {name: len(expected.getAnnIds(catIds=[id_])) for id_, name in names.items()}
    assert (report.format, report.files.added, report.files.instances_added) == ("coco", 18, 165)
    assert report.left_out == report.faulty_files == ()
    for image in expected.loadImgs(expected.getImgIds()):
        path = f"nuts/images/{image['file_name']}"
        found = Counter((one.source, one.label) for one in instances(repository, path))
        stated = expected.loadAnns(expected.getAnnIds(imgIds=[image["id"]]))
        assert found == Counter((str(one["id"]), names[one["category_id"]]) for one in stated)
        assert records(repository)[path].annotated


def test_polygons_are_stored_exactly_as_stated(repository: Repository, shared_data: Path) -> None:
    source = shared_data / "coco-polygons"
    imported(repository, source)
    stated = {str(one["id"]): one for one in json.loads((source / "trainval.json").read_text())["annotations"]}
    for path in records(repository):
        for one in instances(repository, path):
            parts = [list(part[0]) for part in one.geometry.parts]
            assert parts == stated[one.source]["segmentation"]


def test_importing_again_changes_nothing(repository: Repository, shared_data: Path) -> None:
    imported(repository, shared_data / "coco-polygons")
    before = repository.working_tree().id
    report = imported(repository, shared_data / "coco-polygons")
    assert repository.working_tree().id == before
    assert (report.files.added, report.files.unchanged) == (0, 18)
    assert (report.files.instances_added, report.files.instances_present) == (0, 165)


def test_two_repositories_get_the_same_tree(shared_data: Path, tmp_path: Path) -> None:
    shutil.copytree(shared_data / "coco-polygons", tmp_path / "elsewhere")
    trees = set()
    for source in (shared_data / "coco-polygons", tmp_path / "elsewhere"):
        with Repository.in_memory() as repository:
            imported(repository, source)
            trees.add(repository.working_tree().id)
    assert len(trees) == 1


def test_class_folders(repository: Repository, shared_data: Path) -> None:
    report = imported(repository, shared_data / "sign-digits", "signs", format="folders", variable="digit")
    assert report.files.added == 601
    variable = repository.working_tree().tree.find_variable("digit")
    assert variable is not None
    assert (variable.type, variable.choices) == (ValueType.ENUM, tuple("0123456789"))
    found = records(repository)
    assert len(found) == 601
    assert all(record.variables == {"digit": path.split("/")[1]} for path, record in found.items())
    assert not any(record.annotated for record in found.values())


def test_orientations(repository: Repository, shared_data: Path) -> None:
    imported(repository, shared_data / "exif", "exif")
    found = records(repository)
    assert len(found) == 9
    for path, record in found.items():
        assert record.facts is not None
        assert record.facts.orientation == int(Path(path).stem[-1])
        assert record.facts.height > record.facts.width, "all are portraits as displayed"


def test_corrupt_files_stop_an_import_and_are_all_named(repository: Repository, shared_data: Path) -> None:
    before = repository.working_tree().id
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, shared_data / "near-duplicates", "near")
    assert sorted(Path(fault.where).parent.name for fault in error.value.faults) == [
        "mixed_images",
        "mixed_nested_images",
    ]
    assert repository.working_tree().id == before
    report = imported(repository, shared_data / "near-duplicates", "near", skip_bad=True)
    assert len(report.faulty_files) == 2
    assert report.files.added == len(records(repository)) == 20
    assert "near/mixed_nested_images/lvl1/lvl2a/ukbench00120_rotation.jpg" in records(repository)


FIXTURES = "format-fixtures/coco_dataset"


@pytest.mark.parametrize("folder", ["coco_instances", "mmdet_coco"])
def test_fixture_instances(repository: Repository, shared_data: Path, folder: str) -> None:
    source = shared_data / FIXTURES / folder
    images = source / ("images/val" if (source / "images").exists() else "val")
    report = imported(repository, images, "v", annotations=source / "annotations/instances_val.json")
    assert report.instances == {"a": 1, "b": 1}
    first, second = instances(repository, "v/b.jpg")
    assert first.attributes == {"x": 1, "y": "hello"}
    assert second.attributes == {"crowd": True}
    # The fixture's bbox [0, 0, 1, 9] beside a mask of two whole columns of 10 pixels is kept.
    assert second.box is not None
    assert (second.box.width, second.box.height) == (1.0, 9.0)
    assert [one.name for one in repository.working_tree().tree.labels] == ["a", "b", "c"]
    assert [one.source for one in repository.working_tree().tree.labels] == [1, 2, 4]


def stated_in(place: Path) -> int:
    """What a json says of where things are: its annotations but for captions and labels, or their segments."""
    document = json.loads(place.read_text())
    found = [one for one in document["annotations"] if one.keys() & {"bbox", "segments_info"}]
    return sum(len(one.get("segments_info", "1")) for one in found)


@pytest.mark.parametrize(
    ("folder", "left_out"),
    [
        ("coco_captions", 0),
        ("coco_image_info", 0),
        ("coco_instances", 0),
        ("coco_labels", 0),
        ("coco_panoptic", 1),  # a mask of 5x5 pixels for an image of 10x5
        ("coco_person_keypoints", 0),
        ("coco_roboflow", 0),
        ("coco_stuff", 0),
        ("mmdet_coco", 0),
    ],
)
def test_fixtures_have_the_counts_of_their_files(
    repository: Repository, shared_data: Path, folder: str, left_out: int
) -> None:
    source = shared_data / FIXTURES / folder
    report = imported(repository, source)
    stated = sum(map(stated_in, source.rglob("*.json")))
    assert (report.format, report.files.added) == ("coco", 2)
    assert report.taken_instances + len(report.left_out) == report.stated_instances == stated
    assert len(report.left_out) == left_out
    found = records(repository)
    assert {one.variables["split"] for one in found.values()} == {"train", "val"}
    assert {one.annotated for one in found.values()} == {stated > 0}


def test_fixture_keypoints(repository: Repository, shared_data: Path) -> None:
    imported(repository, shared_data / FIXTURES / "coco_person_keypoints", "p")
    first, _ = instances(repository, "p/images/val/b.jpg")
    assert first.geometry == Keypoints(((1.0, 2.0, 2), (3.0, 4.0, 2), (2.0, 3.0, 2)))
    assert first.box == Box(0.0, 0.0, 1.0, 2.0)


def test_fixture_captions_and_labels(repository: Repository, shared_data: Path) -> None:
    imported(repository, shared_data / FIXTURES / "coco_captions", "c")
    imported(repository, shared_data / FIXTURES / "coco_labels", "l")
    found = records(repository)
    assert found["c/images/val/b.jpg"].variables == {"caption": "world", "caption_2": "text", "split": "val"}
    assert found["l/images/val/b.jpg"].variables == {"label": "a", "label_2": "b", "split": "val"}


def test_fixture_roboflow(repository: Repository, shared_data: Path) -> None:
    report = imported(repository, shared_data / FIXTURES / "coco_roboflow/val", "v")
    assert (report.format, report.instances) == ("coco", {"a": 1, "b": 1})


def test_files_that_say_where_the_same_things_are_have_to_be_chosen_from(
    repository: Repository, shared_data: Path
) -> None:
    with pytest.raises(InvalidInputError, match=r"panoptic_train\.json: states where things are.*--annotations"):
        imported(repository, shared_data / FIXTURES / "coco")


def test_fixture_of_all_kinds_but_panoptic(repository: Repository, shared_data: Path, tmp_path: Path) -> None:
    """Its stuff and its keypoints repeat instances, with one id and label."""
    source = tmp_path / "coco"
    shutil.copytree(shared_data / FIXTURES / "coco", source)
    for place in (source / "annotations").glob("panoptic_*"):
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    report = imported(repository, source)
    stated = sum(map(stated_in, source.rglob("*.json")))
    assert (report.stated_instances, report.repeated_instances, report.taken_instances) == (stated, 4, 4)
    kinds = {type(one.geometry) for one in instances(repository, "nuts/images/val/b.jpg")}
    assert kinds == {Keypoints}
    assert records(repository)["nuts/images/val/b.jpg"].variables["caption_2"] == "text"


def test_boxes_that_were_edited_outside_keep_their_ids(
    repository: Repository, shared_data: Path, tmp_path: Path
) -> None:
    """Pascal VOC gives no ids. One box is moved, one relabelled, one removed, one added."""
    for folder in ("Annotations", "JPEGImages"):
        (tmp_path / folder).mkdir()
        for number in range(3):
            (found,) = (shared_data / "bccd" / folder).glob(f"BloodImage_{number:05}.*")
            shutil.copy(found, tmp_path / folder)
    imported(repository, tmp_path, format="voc")
    path = "nuts/JPEGImages/BloodImage_00000.jpg"
    before = {one.id: one for one in instances(repository, path)}
    source = tmp_path / "Annotations" / "BloodImage_00000.xml"
    text = source.read_text()
    objects = re.findall(r"\t<object>.*?</object>\n", text, re.DOTALL)
    moved = re.sub(r"<xmin>(\d+)</xmin>", lambda found: f"<xmin>{int(found[1]) - 4}</xmin>", objects[1])
    relabelled = objects[2].replace(">RBC<", ">WBC<")
    added = re.sub(r"<(xmax|ymax)>\d+<", r"<\1>9<", re.sub(r"<(xmin|ymin)>\d+<", r"<\1>2<", objects[3]))
    for old, new in ((objects[1], moved), (objects[2], relabelled), (objects[3], added)):
        assert old != new
        text = text.replace(old, new)
    source.write_text(text)
    files = imported(repository, tmp_path, format="voc", replace_annotations=True).files
    assert (files.instances_edited, files.instances_added, files.instances_removed) == (2, 1, 1)
    after = {one.id: one for one in instances(repository, path)}
    assert len(before.keys() & after.keys()) == len(before) - 1
    edited = [(before[id_], after[id_]) for id_ in before.keys() & after.keys() if before[id_] != after[id_]]
    assert sorted((old.label, new.label) for old, new in edited) == [("RBC", "RBC"), ("RBC", "WBC")]
