"""COCO json: what is kept, and what is named when it is wrong."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as reference
from support.sources import HEIGHT, WIDTH, coco, imported, instances, put_coco, put_pictures, reasons, records

from dvcore.errors import FaultyFilesError, InvalidInputError, NotFoundError
from dvcore.formats.coco import documents
from dvcore.formats.intake.report import ImportReport
from dvcore.model.geometry import Box, Mask, Polygon
from dvcore.repo.repository import Repository

SQUARE = [1, 1, 3, 1, 3, 3, 1, 3]


@pytest.fixture
def repository() -> Repository:
    return Repository.in_memory()


def taken(repository: Repository, folder: Path, *annotations: Any, **sections: Any) -> ImportReport:
    return imported(repository, put_coco(folder, coco(*annotations, **sections)))


def test_boxes_polygons_and_masks(repository: Repository, tmp_path: Path) -> None:
    bitmap = np.zeros((HEIGHT, WIDTH), np.uint8)
    bitmap[2:5, 3:9] = 1
    code = reference.encode(np.asfortranarray(bitmap))
    plain = [3 * HEIGHT + 2] + [3, 5] * 5 + [3, 3 + 3 * HEIGHT]
    taken(
        repository,
        tmp_path,
        {"bbox": [1, 2, 3.5, 4], "category_id": 2},
        {"segmentation": [SQUARE, [5, 5, 7, 5, 7, 7, 5, 5]]},
        {"segmentation": {"size": [HEIGHT, WIDTH], "counts": code["counts"].decode()}, "iscrowd": 1},
        {"segmentation": {"size": [HEIGHT, WIDTH], "counts": plain}},
        {"segmentation": SQUARE},
    )
    box, polygon, packed, runs, flat = instances(repository, "nuts/a.png")
    assert (box.label, box.geometry, box.source, box.attributes) == ("leaf", Box(1.0, 2.0, 3.5, 4.0), "1", {})
    assert polygon.geometry == Polygon((((1.0, 1.0, 3.0, 1.0, 3.0, 3.0, 1.0, 3.0),), ((5.0, 5.0, 7.0, 5.0, 7.0, 7.0),)))
    assert packed.geometry == runs.geometry == Mask(HEIGHT, WIDTH, code["counts"])
    assert (packed.attributes, runs.attributes) == ({"crowd": True}, {})
    assert flat.geometry == Polygon((((1.0, 1.0, 3.0, 1.0, 3.0, 3.0, 1.0, 3.0),),))


def test_a_box_beside_a_polygon_is_kept_where_it_says_something_else(repository: Repository, tmp_path: Path) -> None:
    taken(
        repository,
        tmp_path,
        {"segmentation": [SQUARE], "bbox": [1, 1, 2, 2]},
        {"segmentation": [SQUARE], "bbox": [1, 1, 2.25, 2]},
    )
    same, other = instances(repository, "nuts/a.png")
    assert same.box is None
    assert other.box == Box(1.0, 1.0, 2.25, 2.0)


def test_a_bad_box_beside_a_polygon_loses_the_box_only(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, {"segmentation": [SQUARE], "bbox": [1, 1, 0, 2]})
    assert instances(repository, "nuts/a.png")[0].box is None
    assert "annotation 1: keeps its outline; its bbox has no area" in reasons(report.adjusted)


@pytest.mark.parametrize("segmentation", [[[]], [[], []], [], {}, None])
def test_a_segmentation_of_nothing_is_none(repository: Repository, tmp_path: Path, segmentation: Any) -> None:
    report = taken(repository, tmp_path, {"segmentation": segmentation, "bbox": [1, 1, 2, 2]})
    assert instances(repository, "nuts/a.png")[0].geometry == Box(1.0, 1.0, 2.0, 2.0)
    assert (report.left_out, report.adjusted) == ((), ())


@pytest.mark.parametrize(
    ("segmentation", "reason"),
    [
        ([[1, 1, 3, 3]], "keeps its bbox; its outline has fewer than 3 points"),
        ([[1, 1, 2, 2, 3, 3, 5, 5]], "keeps its bbox; its outline has no area: its points are on a line"),
        ({"size": [HEIGHT, WIDTH], "counts": [HEIGHT * WIDTH]}, "keeps its bbox; its outline has no area: its mask"),
    ],
)
def test_a_sound_box_beside_a_useless_outline_is_kept(
    repository: Repository, tmp_path: Path, segmentation: Any, reason: str
) -> None:
    report = taken(repository, tmp_path, {"segmentation": segmentation, "bbox": [1, 1, 2, 2], "score": 0.5})
    (one,) = instances(repository, "nuts/a.png")
    assert (one.geometry, one.box, one.attributes) == (Box(1.0, 1.0, 2.0, 2.0), None, {"score": 0.5})
    assert f"annotation 1: {reason}" in reasons(report.adjusted)
    assert report.left_out == ()


def test_a_useless_outline_beside_a_useless_box_is_left_out(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, {"segmentation": [[1, 1, 3, 3]], "bbox": [1, 1, 0, 2]}, {"bbox": [2, 2, 2, 2]})
    assert reasons(report.left_out) == (
        "labels.json: annotation 1: has fewer than 3 points, and its bbox has no area: it is 0 wide and 2 high"
    )


def test_the_box_of_a_useless_outline_is_cut_off_at_the_edge(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, {"segmentation": [[1, 1, 3, 3]], "bbox": [-1, -1, 3, 3]})
    assert instances(repository, "nuts/a.png")[0].geometry == Box(0.0, 0.0, 2.0, 2.0)
    assert [one.reason for one in report.adjusted] == [
        "keeps its bbox; its outline has fewer than 3 points",
        "was cut off at the edge of the image",
    ]


def test_labels_keep_what_the_source_says_of_them(repository: Repository, tmp_path: Path) -> None:
    categories = [
        {"id": 7, "name": "nut", "supercategory": "food", "color": "#FF8000", "url": ""},
        {"id": "x9", "name": "été"},
        {"id": 8, "name": "nut"},
    ]
    report = taken(repository, tmp_path, {"bbox": [1, 1, 2, 2], "category_id": 8}, categories=categories)
    nut, summer = repository.working_tree().tree.labels
    assert (nut.name, nut.source, nut.supercategory, nut.color) == ("nut", 7, "food", "#ff8000")
    assert (summer.name, summer.source) == ("été", "x9")
    assert report.instances == {"nut": 1}
    assert "the categories 7 and 8 are one label, 'nut'" in reasons(report.notes)
    assert "not kept of its categories: 'url' (1)" in reasons(report.notes)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("  ", "'  ' cannot be a label: it is blank"),
        ("a\u2028b", "contains a line break"),
        ("x" * 256, "longer than 255 bytes"),
        (7, "has 7 as its name"),
    ],
)
def test_a_category_that_cannot_be_a_label_is_left_out_with_its_annotations(
    repository: Repository, tmp_path: Path, name: Any, reason: str
) -> None:
    categories = [{"id": 1, "name": "tv/monitor"}, {"id": 2, "name": name}]
    shapes = [{"bbox": [1, 1, 2, 2]}, {"bbox": [1, 1, 2, 2], "category_id": 2}]
    report = taken(repository, tmp_path, *shapes, categories=categories)
    assert [one.name for one in repository.working_tree().tree.labels] == ["tv/monitor"]
    (annotation,) = report.left_out
    assert "labels.json: categories[1] is no label: " in reasons(report.notes)
    assert reason in reasons(report.notes)
    assert str(annotation) == "labels.json: annotation 2: has the unknown category_id 2"


def test_spaces_around_the_name_of_a_category_are_taken_off_and_named(repository: Repository, tmp_path: Path) -> None:
    categories = [{"id": 1, "name": "tv "}, {"id": 2, "name": "tv"}]
    shapes = [{"bbox": [1, 1, 2, 2]}, {"bbox": [1, 1, 3, 3], "category_id": 2}]
    report = taken(repository, tmp_path, *shapes, categories=categories)
    assert [one.name for one in repository.working_tree().tree.labels] == ["tv"]
    assert report.instances == {"tv": 2}
    assert "labels.json: the category 1 is called 'tv '; it is 'tv'" in reasons(report.notes)
    assert "the categories 1 and 2 are one label, 'tv'" in reasons(report.notes)


def test_attributes_whose_names_cannot_be_are_lost_and_counted(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, {"bbox": [1, 1, 2, 2], " a": 1, "b/c": 2, "": 3, "d\u2028": 4})
    assert instances(repository, "nuts/a.png")[0].attributes == {"b/c": 2}
    assert "not kept of its annotations: ' a' (1), '' (1), 'd\\u2028' (1)" in reasons(report.notes)


@pytest.mark.parametrize("yes", [1, 1.0, True, "1", "true", "True"])
@pytest.mark.parametrize("no", [0, 0.0, False, "0", "false", "FALSE", None])
def test_iscrowd_is_yes_or_no_in_many_spellings(repository: Repository, tmp_path: Path, yes: Any, no: Any) -> None:
    report = taken(repository, tmp_path, {"bbox": [1, 1, 2, 2], "iscrowd": yes}, {"bbox": [2, 2, 2, 2], "iscrowd": no})
    crowd, single = instances(repository, "nuts/a.png")
    assert (crowd.attributes, single.attributes) == ({"crowd": True}, {})
    assert "iscrowd" not in reasons(report.notes)


@pytest.mark.parametrize("odd", [2, -1, 0.5, "yes", "", [1], {}])
def test_any_other_iscrowd_is_lost_and_counted(repository: Repository, tmp_path: Path, odd: Any) -> None:
    report = taken(repository, tmp_path, {"bbox": [1, 1, 2, 2], "iscrowd": odd})
    assert instances(repository, "nuts/a.png")[0].attributes == {}
    assert "not kept of its annotations: 'iscrowd' (1)" in reasons(report.notes)


def test_attributes(repository: Repository, tmp_path: Path) -> None:
    one = {
        "bbox": [1, 1, 2, 2],
        "score": 0.5,
        "area": 4,
        "occluded": True,
        "attributes": {"ripe": "yes", "score": 1, "tags": ["a"], "none": None},
        "polyline": [1, 2, 2],
        "huge": 10**30,
    }
    report = taken(repository, tmp_path, one)
    assert instances(repository, "nuts/a.png")[0].attributes == {"score": 0.5, "occluded": True, "ripe": "yes"}
    assert "not kept of its annotations: 'huge' (1), 'polyline' (1), 'score' (1), 'tags' (1)" in reasons(report.notes)


def test_listed_without_instances_is_annotated_and_unlisted_is_not(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png", "b.png")
    report = taken(repository, tmp_path)
    found = records(repository)
    assert (found["nuts/a.png"].annotated, found["nuts/b.png"].annotated) == (True, False)
    assert "unannotated, as labels.json does not list them: 1 image" in reasons(report.notes)


def test_images_are_looked_for_in_the_folder_and_then_in_images(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "images/sub/b.png", "a.png", "images/a.png")
    listed = [{"id": 1, "file_name": "sub\\b.png"}, {"id": 2, "file_name": "./a.png"}]
    taken(repository, tmp_path, {"bbox": [1, 1, 2, 2]}, images=listed)
    found = records(repository)
    assert {path for path, record in found.items() if record.annotated} == {"nuts/images/sub/b.png", "nuts/a.png"}
    assert len(instances(repository, "nuts/images/sub/b.png")) == 1


def test_ids_are_compared_as_texts(repository: Repository, tmp_path: Path) -> None:
    report = taken(
        repository,
        tmp_path,
        {"id": "x-1", "image_id": "1", "category_id": "1", "bbox": [1, 1, 2, 2]},
        {"id": 2.0, "image_id": 1.0, "category_id": 1, "bbox": [1, 1, 3, 3]},
        {"id": None, "bbox": [1, 1, 4, 4]},
    )
    assert {one.source for one in instances(repository, "nuts/a.png")} == {"x-1", "2", None}
    assert report.left_out == ()


INSTANCE_FAULTS: list[tuple[Any, str]] = [
    ({"bbox": [1, 1, 0, 5]}, "annotation 1: has no area: it is 0 wide and 5 high"),
    ({"bbox": [1, 1, -2, 5]}, "has no area"),
    ({"bbox": [50, 1, 2, 2]}, "is outside the image of 12x8 pixels"),
    ({"bbox": [float("nan"), 1, 2, 2]}, "no finite number"),
    ({"bbox": [1, 1, float("inf"), 2]}, "no finite number"),
    ({"bbox": [1, 1, 1e300, 2]}, "has the coordinate 1e+300"),
    ({"bbox": [1, 1, 10**400, 2]}, "no finite number"),
    ({"bbox": [1, 1, 2]}, "a bbox of 3 numbers instead of 4"),
    ({"bbox": ["1", 1, 2, 2]}, "no finite number"),
    ({"bbox": [True, 1, 2, 2]}, "no finite number"),
    ({"bbox": {"x": 1}}, "a bbox that is no list"),
    ({}, "has neither bbox nor segmentation"),
    ({"bbox": [], "segmentation": []}, "has neither bbox nor segmentation"),
    ({"segmentation": [[1, 1, 3, 3]]}, "has fewer than 3 points"),
    ({"segmentation": [[1, 1, 3, 3, 5]]}, "odd number of coordinates"),
    ({"segmentation": [[1, 1, 2, 2, 3, 3, 5, 5]]}, "has no area: its points are on a line"),
    ({"segmentation": [[20, 1, 22, 1, 22, 5]]}, "is outside the image"),
    ({"segmentation": [[]]}, "has neither bbox nor segmentation"),
    ({"segmentation": [[], [1, 1]]}, "has fewer than 3 points"),
    ({"segmentation": [SQUARE, "x"]}, "a polygon that is no list"),
    ({"segmentation": 5}, "neither polygons nor a run-length code"),
    ({"segmentation": {"size": [8, 12]}}, "a mask's run-length code that is no list"),
    ({"segmentation": {"size": [8, 12], "counts": [10, 10]}}, "runs total 20 pixels, its size is 12x8"),
    ({"segmentation": {"size": [12, 8], "counts": [10, 86]}}, "a mask of 8x12 pixels, the image has 12x8"),
    ({"segmentation": {"size": [8, 12], "counts": [96]}}, "its mask is empty"),
    ({"segmentation": {"size": [8, 12], "counts": [-1, 97]}}, "negative length"),
    ({"segmentation": {"size": [8, 12], "counts": "é"}}, "run-length code is none"),
    ({"segmentation": {"size": [8, 0], "counts": []}}, "size that is not height and width"),
    ({"bbox": [1, 1, 2, 2], "category_id": 99}, "has the unknown category_id 99"),
    ({"bbox": [1, 1, 2, 2], "category_id": None}, "has no category_id"),
    ({"bbox": [1, 1, 2, 2], "category_id": [1]}, "has [1] as its category_id"),
    ({"bbox": [1, 1, 2, 2], "image_id": 5}, "has the unknown image_id 5"),
    ({"bbox": [1, 1, 2, 2], "image_id": None}, "has no image_id"),
    ({"bbox": [1, 1, 2, 2], "image_id": True}, "has True as its image_id"),
    ({"bbox": [1, 1, 2, 2], "id": {}}, "annotations[0]: has {} as its id"),
    ("nonsense", "annotations[0]: is no object"),
]


@pytest.mark.parametrize(("bad", "reason"), INSTANCE_FAULTS)
def test_a_faulty_instance_is_left_out_and_named(repository: Repository, tmp_path: Path, bad: Any, reason: str) -> None:
    good = {"id": 50, "bbox": [2, 2, 2, 2]}
    report = taken(repository, tmp_path, bad, good)
    assert len(report.left_out) == 1
    assert reason in str(report.left_out[0])
    assert str(report.left_out[0]).startswith("labels.json: annotation")
    assert [one.source for one in instances(repository, "nuts/a.png")] == ["50"]


def test_strict_stops_at_a_faulty_instance(repository: Repository, tmp_path: Path) -> None:
    put_coco(tmp_path, coco({"bbox": [1, 1, 0, 5]}, {"bbox": [1, 1, 2, 2]}))
    with pytest.raises(FaultyFilesError, match=r"^1 instance cannot be stored"):
        imported(repository, tmp_path, strict=True)
    assert records(repository) == {}


def test_the_second_of_two_annotations_with_one_id_is_left_out(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, {"id": 7, "bbox": [1, 1, 2, 2]}, {"id": "7", "bbox": [2, 2, 2, 2]})
    assert reasons(report.left_out) == "labels.json: annotation 7: has the id of an annotation before it"
    assert instances(repository, "nuts/a.png")[0].geometry == Box(1.0, 1.0, 2.0, 2.0)


def test_a_category_id_of_two_names_is_no_category(repository: Repository, tmp_path: Path) -> None:
    categories = [{"id": 1, "name": "nut"}, {"id": 1, "name": "leaf"}]
    report = taken(repository, tmp_path, {"bbox": [1, 1, 2, 2]}, categories=categories)
    assert "which is both 'nut' and 'leaf'" in reasons(report.left_out)


def test_parts_without_area_are_taken_out_and_named(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, {"segmentation": [[1, 1, 2, 2], SQUARE, [4, 4, 5, 5, 6, 6]]})
    assert "lost 2 of 3 parts, which have no area" in reasons(report.adjusted)
    assert len(instances(repository, "nuts/a.png")[0].geometry.parts) == 1


FILE_FAULTS: list[tuple[Any, str]] = [
    ({"id": 2, "file_name": "gone.png"}, "images[1] ('gone.png'): is missing"),
    ({"id": 2, "file_name": "../a.png"}, "leads out of the folder"),
    ({"id": 2, "file_name": "/etc/a.png"}, "an absolute path"),
    ({"id": 2, "file_name": "C:\\a.png"}, "an absolute path"),
    ({"id": 2, "file_name": ""}, "has '' as its file_name"),
    ({"id": 2, "file_name": 5}, "has 5 as its file_name"),
    ({"id": 2, "file_name": "\ud800.png"}, "no valid Unicode"),
    ({"id": 2}, "has no file_name"),
    ({"file_name": "b.png"}, "has no id"),
    ({"id": [2], "file_name": "b.png"}, "has [2] as its id"),
    ({"id": 2, "file_name": "a.png"}, "is listed again under the id 2"),
    ({"id": 1, "file_name": "b.png"}, "has the id of labels.json: images[0]"),
    ({"id": 2, "file_name": "b.png", "width": "x", "height": 8}, "has 'x' x 8 as its width and height"),
    ({"id": 2, "file_name": "b.png", "width": 0, "height": 0}, "has 0 x 0 as its width and height"),
    ({"id": 2, "file_name": "b.png", "width": float("nan"), "height": 8}, "has nan x 8"),
    ({"id": 2, "file_name": "b.png", "width": float("inf"), "height": 8}, "has inf x 8"),
    ({"id": 2, "file_name": "b.png", "width": 13, "height": 8}, "for an image of 13x8 pixels, it has 12x8"),
    ("nonsense", "images[1]: is no object"),
]


@pytest.mark.parametrize(("bad", "reason"), FILE_FAULTS)
def test_a_faulty_image_entry_stops_the_import(repository: Repository, tmp_path: Path, bad: Any, reason: str) -> None:
    put_pictures(tmp_path, "a.png", "b.png")
    listed = [{"id": 1, "file_name": "a.png"}, bad]
    put_coco(tmp_path, coco({"bbox": [1, 1, 2, 2]}, images=listed))
    before = repository.working_tree().id
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path)
    assert len(error.value.faults) == 1
    assert reason in str(error.value.faults[0])
    assert repository.working_tree().id == before


def test_skipping_bad_entries_leaves_out_their_files_and_names_them(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png", "b.png", "c.png")
    listed = [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png", "width": -1, "height": 8}]
    put_coco(tmp_path, coco({"bbox": [1, 1, 2, 2]}, {"bbox": [1, 1, 2, 2], "image_id": 2}, images=listed))
    report = imported(repository, tmp_path, skip_bad=True)
    assert sorted(records(repository)) == ["nuts/a.png", "nuts/c.png"]
    assert len(report.faulty_files) == 1
    assert report.left_out == (), "the instances of a file that was named are not named again"


@pytest.mark.parametrize("second", [{"id": 2, "file_name": "b.png"}, {"id": 1, "file_name": "c.png"}])
def test_skipping_bad_entries_leaves_out_all_that_claim_one_place(
    repository: Repository, tmp_path: Path, second: Any
) -> None:
    """Nothing tells which of two entries is right, so neither is believed."""
    put_pictures(tmp_path, "a.png", "b.png", "c.png")
    listed = [{"id": 1, "file_name": "b.png"}, second, {"id": 3, "file_name": "a.png"}]
    put_coco(tmp_path, coco({"bbox": [1, 1, 2, 2]}, images=listed))
    report = imported(repository, tmp_path, skip_bad=True)
    named = {one["file_name"] for one in listed[:2]}
    assert set(records(repository)) == {f"nuts/{name}" for name in {"a.png", "b.png", "c.png"} - named}
    assert len(report.faulty_files) == 1
    assert report.instances == {}


def test_a_coco_json_is_known_however_its_sections_lie_in_the_pieces_that_are_read(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_coco(tmp_path, coco({"bbox": [1, 1, 2, 2]}))
    for size in (1, 7, 20):
        monkeypatch.setattr(documents, "_READ_BYTES", size)
        assert imported(repository, tmp_path).format == "coco"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no json"),
        ("[]", "holds no object"),
        ('{"images": [], "annotations": {}}', "its 'annotations' is no list"),
        ('{"images": [], "images": [], "annotations": []}', "has the list 'images' twice"),
        ('{"annotations": [], "categories": []}', "it has no list 'images'"),
        ('{"images": ' + "[" * 100_000, "is nested too deeply"),
        ('{"images": [' + "9" * 5000 + "]}", "is no json: Exceeds the limit"),
        ('{"images": [],\n "annotations": [{]}', "is no json: Expecting .*: line 2 column 19$"),
        ('{"images": [', "is no json: Expecting value: line 1 column 13$"),
        ('{"images": []} x', "is no json: Extra data: line 1 column 16$"),
    ],
)
def test_what_is_no_coco_json_is_refused(repository: Repository, tmp_path: Path, text: str, message: str) -> None:
    put_coco(tmp_path, text)
    with pytest.raises(InvalidInputError, match=message) as error:
        imported(repository, tmp_path, format="coco", annotations=tmp_path / "labels.json")
    assert "labels.json" in str(error.value)


def test_a_missing_annotation_file(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png")
    with pytest.raises(NotFoundError, match="there is no annotation file"):
        imported(repository, tmp_path, annotations=tmp_path / "no.json")
    with pytest.raises(InvalidInputError, match="has no COCO json"):
        imported(repository, tmp_path, format="coco")


def test_text_encodings(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png")
    (tmp_path / "labels.json").write_bytes(json.dumps(coco({"bbox": [1, 1, 2, 2]})).encode("utf-8-sig"))
    assert imported(repository, tmp_path).instances == {"nut": 1}
