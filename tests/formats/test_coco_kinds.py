"""The kinds of COCO files: keypoints, panoptic, stuff, captions, labels, image info; one at a time and together."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.sources import HEIGHT, WIDTH, coco, imported, instances, put_coco, put_pictures, reasons, records

from dvcore.errors import FaultyFilesError, InvalidInputError
from dvcore.formats.coco.naming import Kind, parse_naming
from dvcore.formats.intake.report import ImportReport
from dvcore.model.bitmaps import bitmap_of
from dvcore.model.geometry import Box, Keypoints, Polygon
from dvcore.model.values import ValueType
from dvcore.repo.repository import Repository

SQUARE = [1, 1, 3, 1, 3, 3, 1, 3]
POINTS = {"keypoints": [1, 2, 2, 0, 0, 0, 5, 6, 1], "num_keypoints": 2}
PERSON = [{"id": 1, "name": "person", "keypoints": ["nose", "ear", "eye"], "skeleton": [[1, 2], [3, 1]]}]


@pytest.fixture
def repository() -> Repository:
    return Repository.in_memory()


def taken(repository: Repository, folder: Path, *annotations: Any, **sections: Any) -> ImportReport:
    return imported(repository, put_coco(folder, coco(*annotations, **sections)))


@pytest.mark.parametrize(
    ("stem", "kind", "part", "split"),
    [
        ("instances_train2017", Kind.INSTANCES, "train2017", "train2017"),
        ("person_keypoints_val2017", Kind.KEYPOINTS, "val2017", "val2017"),
        ("image_info_test-dev2017", Kind.IMAGE_INFO, "test-dev2017", "test-dev2017"),
        ("instances_default", Kind.INSTANCES, "default", None),
        ("Captions_Val", Kind.CAPTIONS, "Val", "Val"),
        ("instances", Kind.INSTANCES, None, None),
        ("labels_train", Kind.LABELS, "train", "train"),
        ("labels", None, None, None),
        ("trainval", None, "trainval", "trainval"),
        ("train_data", None, None, None),
        ("_annotations.coco", None, None, None),
    ],
)
def test_names_of_files_say_what_they_hold(stem: str, kind: Kind | None, part: str | None, split: str | None) -> None:
    naming = parse_naming(stem)
    assert (naming.kind, naming.part, naming.split) == (kind, part, split)


# Keypoints.


def test_keypoints_with_the_box_beside_them(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, {**POINTS, "bbox": [1, 1, 6, 6]}, categories=PERSON)
    (one,) = instances(repository, "nuts/a.png")
    assert one.geometry == Keypoints(((1.0, 2.0, 2), (0.0, 0.0, 0), (5.0, 6.0, 1)))
    assert (one.box, one.attributes) == (Box(1.0, 1.0, 6.0, 6.0), {})
    (label,) = repository.working_tree().tree.labels
    assert (label.keypoints, label.skeleton) == (("nose", "ear", "eye"), ((0, 1), (2, 0)))
    assert "not kept" not in reasons(report.notes)


def test_an_outline_beside_keypoints_is_lost_and_counted(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, {**POINTS, "bbox": [1, 1, 6, 6], "segmentation": [SQUARE]}, categories=PERSON)
    assert isinstance(instances(repository, "nuts/a.png")[0].geometry, Keypoints)
    assert "not kept of its annotations: 'segmentation' beside keypoints (1)" in reasons(report.notes)


@pytest.mark.parametrize("keypoints", [[0] * 9, [], None])
def test_without_a_labelled_point_the_outline_is_the_geometry(
    repository: Repository, tmp_path: Path, keypoints: Any
) -> None:
    one = {"keypoints": keypoints, "num_keypoints": 0, "bbox": [1, 1, 2, 2], "segmentation": [SQUARE]}
    report = taken(repository, tmp_path, one, categories=PERSON)
    assert isinstance(instances(repository, "nuts/a.png")[0].geometry, Polygon)
    assert "not kept" not in reasons(report.notes)


@pytest.mark.parametrize(
    ("keypoints", "reason"),
    [
        ([1, 2], "keypoints that are not three numbers each"),
        ([1, 2, 2], "has 1 keypoints, its category has 3"),
        ([1, 2, 0.5] * 3, "a visibility that is none of 0, 1 and 2"),
        ([1, 2, 7] * 3, "has a keypoint of visibility 7"),
        (["1", 2, 2] * 3, "keypoints with a value that is no finite number"),
        ("x", "keypoints that is no list"),
    ],
)
def test_faulty_keypoints_are_left_out_and_named(
    repository: Repository, tmp_path: Path, keypoints: Any, reason: str
) -> None:
    report = taken(repository, tmp_path, {"keypoints": keypoints, "bbox": [1, 1, 2, 2]}, categories=PERSON)
    assert reason in reasons(report.left_out)
    assert (report.taken_instances, report.stated_instances) == (0, 1)


@pytest.mark.parametrize(
    ("category", "points", "skeleton", "lost"),
    [
        ({"skeleton": [[0, 1], [1, 2]]}, 3, ((0, 1), (1, 2)), ""),
        ({"skeleton": [[1, 4]]}, 3, (), "'skeleton' (1)"),
        ({"skeleton": "x"}, 3, (), "'skeleton' (1)"),
        ({"keypoints": ["a", "a"]}, 0, (), "'keypoints' (1), 'skeleton' (1)"),
        ({"keypoints": ["a", 1]}, 0, (), "'keypoints' (1), 'skeleton' (1)"),
    ],
)
def test_skeletons_count_from_1_or_are_lost(
    tmp_path: Path, category: Any, points: int, skeleton: Any, lost: str
) -> None:
    repository = Repository.in_memory()
    report = taken(repository, tmp_path, {"bbox": [1, 1, 2, 2]}, categories=[{**PERSON[0], **category}])
    (label,) = repository.working_tree().tree.labels
    assert (len(label.keypoints), label.skeleton) == (points, skeleton)
    assert (f"not kept of its categories: {lost}" if lost else "lists 1 image") in reasons(report.notes)


# Captions, labels, image info.


def test_captions_are_texts_of_the_image(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, {"caption": "a nut"}, {"caption": "two"}, {"caption": 5}, categories=[])
    record = records(repository)["nuts/a.png"]
    assert dict(record.variables) == {"caption": "a nut", "caption_2": "two"}
    assert "annotation 3: has 5 as its caption" in reasons(report.left_out)
    kinds = {one.name: one.type for one in repository.working_tree().tree.variables}
    assert kinds == {"caption": ValueType.TEXT, "caption_2": ValueType.TEXT}


def test_a_caption_beside_a_box_is_an_attribute(repository: Repository, tmp_path: Path) -> None:
    taken(repository, tmp_path, {"caption": "a nut", "bbox": [1, 1, 2, 2]})
    assert instances(repository, "nuts/a.png")[0].attributes == {"caption": "a nut"}


@pytest.mark.parametrize("name", ["captions_val.json", "image_info_test.json", "labels_val.json"])
def test_files_that_do_not_say_where_things_are_leave_images_unannotated(
    repository: Repository, tmp_path: Path, name: str
) -> None:
    imported(repository, put_coco(tmp_path, coco(), f"annotations/{name}"))
    assert not records(repository)["nuts/a.png"].annotated


def test_a_json_without_a_list_of_annotations_annotates_nothing(repository: Repository, tmp_path: Path) -> None:
    document = coco()
    del document["annotations"]
    report = imported(repository, put_coco(tmp_path, document))
    assert (report.format, records(repository)["nuts/a.png"].annotated) == ("coco", False)


def test_labels_of_whole_images_are_a_variable(repository: Repository, tmp_path: Path) -> None:
    put_coco(tmp_path, coco({"category_id": 2}, {}, {"category_id": 9}), "annotations/labels_train.json")
    report = imported(repository, tmp_path, variable="kind")
    assert dict(records(repository)["nuts/a.png"].variables) == {"kind": "leaf", "kind_2": "nut", "split": "train"}
    assert repository.working_tree().tree.labels == ()
    assert repository.working_tree().variable("kind").choices == ("nut", "leaf")
    assert "has the unknown category_id 9" in reasons(report.left_out)


# Panoptic.


def put_panoptic(folder: Path, segments: Any, ids: Any, **options: Any) -> Path:
    """A panoptic json with one mask, of the ids of segments."""
    annotation = {"image_id": 1, "file_name": "a.png", "segments_info": segments, "id": None, **options}
    put_coco(folder, coco(annotation), "annotations/panoptic_val.json")
    colours = np.stack([ids % 256, ids // 256 % 256, ids // 65536], axis=-1).astype(np.uint8)
    place = folder / "annotations/panoptic_val/a.png"
    place.parent.mkdir(parents=True)
    Image.fromarray(colours).save(place)
    return folder


@pytest.fixture
def ids() -> Any:
    ids = np.zeros((HEIGHT, WIDTH), np.int64)
    ids[2:5, 3:9] = 70_000
    ids[6:, :] = 9
    return ids


def test_panoptic_segments_are_masks(repository: Repository, tmp_path: Path, ids: Any) -> None:
    segments = [{"id": 70_000, "category_id": 1, "iscrowd": 0, "area": 18}, {"id": 9, "category_id": 2, "iscrowd": 1}]
    put_panoptic(tmp_path, segments, ids)
    report = imported(repository, tmp_path)
    thing, stuff = instances(repository, "nuts/a.png")
    assert (thing.label, thing.source, stuff.label, stuff.source) == ("nut", "70000", "leaf", "9")
    assert np.array_equal(bitmap_of(thing.geometry), ids == 70_000)
    assert np.array_equal(bitmap_of(stuff.geometry), ids == 9)
    assert (thing.attributes, stuff.attributes) == ({}, {"crowd": True})
    assert sorted(records(repository)) == ["nuts/a.png"], "masks are no images"
    assert (report.passed_over, report.stated_instances) == (0, 2)


def test_things_and_stuff(repository: Repository, tmp_path: Path, ids: Any) -> None:
    put_panoptic(tmp_path, [{"id": 70_000, "category_id": 1}, {"id": 9, "category_id": 2}], ids)
    place = tmp_path / "annotations/panoptic_val.json"
    document = json.loads(place.read_text())
    document["categories"] = [{"id": 1, "name": "nut", "isthing": 1}, {"id": 2, "name": "sky", "isthing": 0}]
    place.write_text(json.dumps(document))
    imported(repository, tmp_path)
    said = {one.label: one.attributes["isthing"] for one in instances(repository, "nuts/a.png")}
    assert said == {"nut": True, "sky": False}


@pytest.mark.parametrize(
    ("segment", "reason"),
    [
        ({"id": 5, "category_id": 1}, "has no pixels in a.png"),
        ({"id": 2**62, "category_id": 1}, "has no pixels in a.png"),
        ({"id": -1, "category_id": 1}, "which is no colour"),
        ({"id": "x", "category_id": 1}, "which is no colour"),
        ({"category_id": 1}, "has no id"),
        ({"id": 9, "category_id": 5}, "has the unknown category_id 5"),
        ({"id": 70_000, "category_id": 1}, "has the id of an annotation before it"),
        ("x", "is no object"),
    ],
)
def test_a_faulty_segment_is_left_out_and_named(
    repository: Repository, tmp_path: Path, ids: Any, segment: Any, reason: str
) -> None:
    put_panoptic(tmp_path, [{"id": 70_000, "category_id": 1}, segment], ids)
    report = imported(repository, tmp_path)
    assert len(report.left_out) == 1
    assert reason in str(report.left_out[0])
    assert str(report.left_out[0]).startswith("annotations/panoptic_val.json: a.png, segment 1: ")
    assert (report.taken_instances, report.stated_instances) == (1, 2)


def test_a_mask_that_cannot_be_read_is_a_fault_of_its_image(repository: Repository, tmp_path: Path, ids: Any) -> None:
    put_panoptic(put_pictures(tmp_path, "a.png", "b.png"), [{"id": 9, "category_id": 2}] * 3, ids)
    place = tmp_path / "annotations/panoptic_val/a.png"
    for damage, reason in (
        (lambda: Image.new("L", (WIDTH, HEIGHT)).save(place), "its pixels are not red"),
        (place.unlink, "No such"),
    ):
        damage()
        with pytest.raises(FaultyFilesError) as error:
            imported(repository, tmp_path)
        assert reason in reasons(error.value.faults)
        assert "annotations/panoptic_val.json: the mask 'a.png'" in reasons(error.value.faults)
    report = imported(repository, tmp_path, skip_bad=True)
    assert sorted(records(repository)) == ["nuts/b.png"]
    assert (report.refused_instances, report.stated_instances) == (3, 3)


@pytest.mark.parametrize(
    ("name", "said"), [("captions_val.json", {"caption": "nuts"}), ("labels_val.json", {"category_id": 1})]
)
def test_values_of_an_image_that_is_left_out_are_no_instances(
    repository: Repository, tmp_path: Path, name: str, said: dict[str, Any]
) -> None:
    document = coco(said, {**said, "image_id": 2})
    document["images"].append({"id": 2, "file_name": "missing.png"})
    report = imported(repository, put_coco(tmp_path, document, f"annotations/{name}"), skip_bad=True)
    assert len(report.faulty_files) == 1
    assert (report.refused_instances, report.stated_instances) == (0, 0)


def test_masks_that_nothing_names_are_passed_over(repository: Repository, tmp_path: Path, ids: Any) -> None:
    put_panoptic(tmp_path, [{"id": 9, "category_id": 2}], ids)
    put_pictures(tmp_path, "annotations/panoptic_val/other.png")
    assert imported(repository, tmp_path).passed_over == 1


@pytest.mark.parametrize("name", ["../../secret.png", "/etc/secret.png", "", 5])
def test_a_mask_outside_its_folder_is_not_read(repository: Repository, tmp_path: Path, ids: Any, name: Any) -> None:
    put_panoptic(tmp_path, [{"id": 9, "category_id": 2}], ids, file_name=name)
    with pytest.raises(FaultyFilesError, match="1 file cannot be imported"):
        imported(repository, tmp_path)


# Several files.


def put_both(folder: Path, first: Any, second: Any, names: tuple[str, str]) -> Path:
    for name, document in zip(names, (first, second), strict=True):
        put_coco(folder, document, name)
    return folder


def test_splits_come_from_the_names_of_files(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "images/train2017/1.png", "images/val2017/1.png", "images/other.png")
    listed = [{"id": 1, "file_name": "1.png"}]
    names = ("annotations/instances_train2017.json", "annotations/instances_val2017.json")
    one, two = coco({"bbox": [1, 1, 2, 2]}, images=listed), coco({"bbox": [2, 2, 2, 2]}, images=listed)
    for name, document in zip(names, (one, two), strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps(document))
    report = imported(repository, tmp_path)
    found = records(repository)
    assert {path: record.variables.get("split") for path, record in found.items()} == {
        "nuts/images/train2017/1.png": "train2017",
        "nuts/images/val2017/1.png": "val2017",
        "nuts/images/other.png": None,
    }
    assert instances(repository, "nuts/images/val2017/1.png")[0].geometry == Box(2.0, 2.0, 2.0, 2.0)
    assert repository.working_tree().variable("split").choices == ("train2017", "val2017")
    assert all(name in report.reason for name in names)


def test_what_only_the_second_of_two_files_says_of_an_instance_is_counted(
    repository: Repository, tmp_path: Path
) -> None:
    outlines = coco({"segmentation": [SQUARE]}, {"bbox": [4, 4, 2, 2], "ripe": True}, {"bbox": [5, 5, 2, 2]})
    points = coco({"bbox": [1, 1, 6, 6]}, {"bbox": [4, 4, 2, 2]}, {"bbox": [5, 5, 2, 2]})
    put_both(tmp_path, outlines, points, ("annotations/instances_val.json", "annotations/person_keypoints_val.json"))
    report = imported(repository, tmp_path)
    assert (report.taken_instances, report.repeated_instances) == (3, 3)
    assert "of two instances with one id and label: other attributes (1), outline (1)" in reasons(report.notes)


def test_kinds_are_merged_by_image_and_instances_by_id(repository: Repository, tmp_path: Path) -> None:
    outlines = coco({"segmentation": [SQUARE]}, {"bbox": [4, 4, 2, 2]}, {"bbox": [5, 5, 2, 2]})
    points = coco({**POINTS, "bbox": [1, 1, 6, 6]}, {"id": 3, "category_id": 2, "bbox": [1, 1, 2, 2]})
    put_both(tmp_path, outlines, points, ("annotations/instances_val.json", "annotations/person_keypoints_val.json"))
    put_coco(tmp_path, coco({"caption": "nuts"}, categories=[]), "annotations/captions_val.json")
    report = imported(repository, tmp_path)
    found = Counter((one.source, one.label, type(one.geometry)) for one in instances(repository, "nuts/a.png"))
    assert found == Counter([("1", "nut", Keypoints), ("2", "nut", Box), ("3", "nut", Box), ("3", "leaf", Box)])
    assert dict(records(repository)["nuts/a.png"].variables) == {"caption": "nuts", "split": "val"}
    assert (report.taken_instances, report.repeated_instances, report.stated_instances) == (4, 1, 5)
    assert "taken once: 1 instance" in reasons(report.notes)


def test_labels_of_several_files_are_completed(repository: Repository, tmp_path: Path) -> None:
    plain = coco(categories=[{"id": 1, "name": "person", "supercategory": "living"}])
    put_both(tmp_path, plain, coco(categories=PERSON), ("instances_val.json", "keypoints_val.json"))
    imported(repository, tmp_path)
    (label,) = repository.working_tree().tree.labels
    assert (label.supercategory, label.keypoints) == ("living", ("nose", "ear", "eye"))


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("one.json", "two.json"), "nothing says that they belong together: one.json, two.json"),
        (("instances_val.json", "two.json"), "nothing says that they belong together"),
        (("a/instances_val.json", "two.json"), "nothing says that they belong together"),
        (("labels.json", "annotations/labels.json"), "nothing says that they belong together"),
        (("instances_val.json", "panoptic_val.json"), "states where things are of 'a.png', like instances_val.json"),
        (("instances_val.json", "a/instances_val.json"), "nothing says that they belong together"),
        (("instances_val.json", "instances_minival.json"), "states where things are of 'a.png'"),
        (("instances_val.json", "captions_train.json"), "states a split of 'a.png', like"),
    ],
)
def test_files_that_do_not_belong_together_are_named(
    repository: Repository, tmp_path: Path, names: tuple[str, str], reason: str
) -> None:
    put_both(tmp_path, coco(), coco(), names)
    with pytest.raises(InvalidInputError) as error:
        imported(repository, tmp_path)
    assert reason in str(error.value)
    assert "--annotations" in str(error.value)
    for name in names:
        assert imported(repository, tmp_path, name.replace(".", "-"), annotations=tmp_path / name).format == "coco"


def test_a_folder_of_annotations_may_be_named(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path / "photos", "a.png")
    put_both(tmp_path, coco(), coco({"caption": "x"}), ("said/instances_val.json", "said/captions_val.json"))
    report = imported(repository, tmp_path / "photos", annotations=tmp_path / "said")
    assert dict(records(repository)["nuts/a.png"].variables) == {"split": "val", "caption": "x"}
    assert report.format == "coco"


def test_a_folder_of_one_json_an_image_is_not_coco(repository: Repository, tmp_path: Path) -> None:
    for number in range(101):
        put_coco(tmp_path, coco(), f"{number}.json")
    assert imported(repository, tmp_path).format == "images"


def test_two_files_that_give_an_image_two_sizes(repository: Repository, tmp_path: Path) -> None:
    other = coco(images=[{"id": 1, "file_name": "a.png", "width": 5, "height": 5}])
    put_both(put_pictures(tmp_path, "b.png"), coco(), other, ("instances_val.json", "captions_val.json"))
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path)
    assert "has another width and height than in instances_val.json" in reasons(error.value.faults)
    imported(repository, tmp_path, skip_bad=True)
    assert sorted(records(repository)) == ["nuts/b.png"]


def test_each_image_has_its_own_annotations_in_whatever_order_they_come(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png", "b.png", "c.png")
    listed = [{"id": number, "file_name": f"{name}.png"} for number, name in enumerate("abc")]
    many = [{"image_id": number % 3, "bbox": [1, 1, 1 + number / 100, 2]} for number in range(300)]
    taken(repository, tmp_path, *many, images=listed)
    for number, name in enumerate("abc"):
        widths = {one.geometry.width for one in instances(repository, f"nuts/{name}.png")}
        assert widths == {1 + place / 100 for place in range(number, 300, 3)}


def test_sections_come_in_any_order(tmp_path: Path) -> None:
    document = coco({"bbox": [1, 1, 2, 2]}, {"bbox": [9, 9, 0, 0]})
    trees, told = set(), set()
    for order in (
        ("images", "categories", "annotations"),
        ("annotations", "images", "categories"),
        ("images", "annotations", "categories"),
    ):
        with Repository.in_memory() as repository:
            report = imported(repository, put_coco(tmp_path, {name: document[name] for name in order}))
            trees.add(repository.working_tree().id)
            told.add((reasons(report.left_out), report.stated_instances))
    assert len(trees) == len(told) == 1


def test_a_mask_needs_the_size_of_its_image(repository: Repository, tmp_path: Path) -> None:
    put_panoptic(tmp_path, [{"id": 9, "category_id": 2}], np.full((5, 5), 9))
    assert "has a mask of 5x5 pixels, the image has 12x8" in reasons(imported(repository, tmp_path).left_out)
