"""Label Studio's json, long and short: what is kept, and what is named when it is wrong."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from support.sources import imported, instances, put_pictures, reasons, records

from dvcore.errors import FaultyFilesError, InvalidInputError, NotFoundError
from dvcore.formats.intake.report import ImportReport
from dvcore.formats.labelstudio.brush import brush_pixels
from dvcore.model.annotations import Instance
from dvcore.model.bitmaps import bitmap_of
from dvcore.model.geometry import Box, Point, Polygon, Polyline, RotatedBox, area
from dvcore.model.values import ValueType
from dvcore.repo.repository import Repository

# Percents of 12x8 pixels.
SQUARE = {"x": 25, "y": 50, "width": 50, "height": 25, "rotation": 0, "rectanglelabels": ["nut"]}
URL = "/data/upload/7/1b2c3d4e-a.png"


@pytest.fixture
def repository() -> Repository:
    return Repository.in_memory()


def result(kind: str, value: Any, **more: Any) -> dict[str, Any]:
    sizes = {"original_width": 12, "original_height": 8, "image_rotation": 0}
    names = {"from_name": "label", "to_name": "image", "origin": "manual"}
    return {"id": "r1", "type": kind, "value": value, **names, **sizes, **more}


def drawn(kind: str, label: str = "nut", **value: Any) -> dict[str, Any]:
    return result(kind, {**value, kind: [label]})


def task(*results: Any, **more: Any) -> dict[str, Any]:
    annotations = [{"id": 1, "result": list(results), "was_cancelled": False}]
    return {"id": 5, "data": {"image": URL}, "annotations": annotations, "predictions": [], **more}


def put_tasks(folder: Path, *tasks: Any, name: str = "export.json") -> Path:
    if not (folder / "a.png").exists():
        put_pictures(folder, "a.png", "b.png")
    (folder / name).write_text(json.dumps(tasks))
    return folder


def taken(repository: Repository, folder: Path, *results: Any, **more: Any) -> ImportReport:
    return imported(repository, put_tasks(folder, task(*results, **more)), format="labelstudio")


def only(repository: Repository) -> Instance:
    (one,) = instances(repository, "nuts/a.png")
    return one


def brush_code(alpha: Any, lengths: tuple[int, ...] = (3, 4, 8, 16)) -> list[int]:
    """Label Studio's code of an image whose alpha is this, runs and single values in turn."""
    alpha = np.asarray(alpha, np.uint8).ravel()
    values = np.stack([alpha, alpha, np.full_like(alpha, 9), alpha], axis=1).ravel().tolist()
    bits = f"{len(values):032b}{7:05b}" + "".join(f"{length - 1:04b}" for length in lengths)
    at = 0
    while at < len(values):
        end = at + 1
        while end < len(values) and values[end] == values[at]:
            end += 1
        take = min(end - at, 1 << lengths[-1]) if at % 3 else min(len(values) - at, 5)
        which = next(index for index, length in enumerate(lengths) if take <= 1 << length)
        bits += f"{int(at % 3 > 0)}{which:02b}{take - 1:0{lengths[which]}b}"
        bits += f"{values[at]:08b}" if at % 3 else "".join(f"{value:08b}" for value in values[at : at + take])
        at += take
    bits += "0" * (-len(bits) % 8)
    return [int(bits[index : index + 8], 2) for index in range(0, len(bits), 8)]


@pytest.mark.parametrize(
    ("one", "geometry"),
    [
        (result("rectanglelabels", SQUARE), Box(3.0, 4.0, 6.0, 2.0)),
        (drawn("polygonlabels", points=[[25, 25], [50, 25], [50, 100]]), Polygon((((3, 2, 6, 2, 6, 8),),))),
        (drawn("polygonlabels", points=[[25, 25], [50, 25]], closed=False), Polyline(((3, 2, 6, 2),))),
        (drawn("keypointlabels", x=25, y=25, width=0.5), Point(3.0, 2.0)),
        (result("rectanglelabels", {**SQUARE, "rotation": 360}), Box(3.0, 4.0, 6.0, 2.0)),
        (result("rectanglelabels", {**SQUARE, "x": 50, "y": 25, "rotation": 90}), RotatedBox(5.0, 5.0, 6.0, 2.0, 90.0)),
        (
            result("rectanglelabels", {**SQUARE, "rotation": -30}),
            RotatedBox(3 + 3 * 3**0.5 / 2 + 0.5, 4 + 3**0.5 / 2 - 1.5, 6.0, 2.0, 330.0),
        ),
    ],
)
def test_regions(repository: Repository, tmp_path: Path, one: Any, geometry: Any) -> None:
    report = taken(repository, tmp_path, one)
    found = only(repository)
    assert (found.label, found.source) == ("nut", "r1")
    if isinstance(geometry, RotatedBox):
        assert vars_of(found.geometry) == pytest.approx(vars_of(geometry), abs=1e-8)
    else:
        assert found.geometry == geometry
    assert report.notes[0] == "export.json has 1 task"


def vars_of(box: Any) -> tuple[float, ...]:
    return box.cx, box.cy, box.width, box.height, box.angle


def test_the_first_corner_of_a_turned_rectangle_stays(repository: Repository, tmp_path: Path) -> None:
    """Turned by 90 degrees around its first corner, a rectangle lies to the left of it, and below."""
    taken(repository, tmp_path, result("rectanglelabels", {**SQUARE, "x": 50, "y": 12.5, "rotation": 90}))
    box = only(repository).geometry
    assert (box.cx - box.height / 2, box.cx + box.height / 2) == (4.0, 6.0)
    assert (box.cy - box.width / 2, box.cy + box.width / 2) == (1.0, 7.0)


def test_an_ellipse_becomes_a_polygon_and_the_report_says_so(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, drawn("ellipselabels", x=50, y=50, radiusX=25, radiusY=25, rotation=0))
    assert area(only(repository).geometry) == pytest.approx(np.pi * 6, rel=0.002)
    assert "1 ellipse became polygons of 72 corners" in report.notes


def test_brush_strokes_are_masks(repository: Repository, tmp_path: Path) -> None:
    alpha = np.zeros((8, 12), np.uint8)
    alpha[2:5, 3:9], alpha[7, 11] = 255, 1
    taken(repository, tmp_path, drawn("brushlabels", format="rle", rle=brush_code(alpha)))
    assert (bitmap_of(only(repository).geometry) == (alpha > 0)).all()


@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.sampled_from([0, 0, 255, 7])))
def test_any_brush_stroke_is_unpacked(alpha: Any) -> None:
    height, width = alpha.shape
    assert (brush_pixels(brush_code(alpha), (width, height)) == (alpha > 0)).all()


@given(st.lists(st.integers(-1, 256), max_size=40), st.integers(0, 60), st.integers(0, 255))
def test_any_code_is_a_brush_stroke_or_refused(noise: list[int], at: int, value: int) -> None:
    sound = brush_code(np.eye(4, dtype=np.uint8))
    for code in (noise, [*sound[:at], value, *sound[at + 1 :]], sound[:at]):
        try:
            assert brush_pixels(code, (4, 4)).shape == (4, 4)
        except InvalidInputError as error:
            str(error).encode()


def test_results_of_one_region_are_one_instance(repository: Repository, tmp_path: Path) -> None:
    bare = {key: value for key, value in SQUARE.items() if key != "rectanglelabels"}
    region = [
        result("rectangle", bare),
        result("labels", {**bare, "labels": ["nut"]}),
        result("choices", {**bare, "choices": ["ripe", "big"]}, from_name="state"),
        result("textarea", {**bare, "text": ["brown"]}, from_name="remark"),
        result("taxonomy", {**bare, "taxonomy": [["a", "b"]]}, from_name="kind"),
    ]
    report = taken(repository, tmp_path, *region)
    assert only(repository).attributes == {"state": "ripe", "state_2": "big", "remark": "brown"}
    assert only(repository).geometry == Box(3.0, 4.0, 6.0, 2.0)
    assert "not kept: 'taxonomy' of regions (1)" in report.notes


def test_several_labels_of_a_region_are_several_instances(repository: Repository, tmp_path: Path) -> None:
    taken(repository, tmp_path, result("rectanglelabels", {**SQUARE, "rectanglelabels": ["nut", "leaf", "nut"]}))
    found = instances(repository, "nuts/a.png")
    assert [(one.label, one.source) for one in sorted(found, key=lambda one: one.label)] == [
        ("leaf", "r1"),
        ("nut", "r1"),
    ]


def test_scores_are_kept_and_the_rest_is_counted(repository: Repository, tmp_path: Path) -> None:
    more = {"score": 0.5, "meta": {"text": ["x"]}, "parentID": "r0", "new": 1, "hidden": False}
    report = taken(repository, tmp_path, result("rectanglelabels", SQUARE, **more), predictions=[{}, {}])
    assert only(repository).attributes == {"score": 0.5}
    lost = "'new' of regions (1), meta of regions (1), parentID of regions (1), predictions (2)"
    assert f"not kept: {lost}" in report.notes


def test_what_is_said_of_the_image_is_a_variable(repository: Repository, tmp_path: Path) -> None:
    said = [
        result("choices", {"choices": ["sunny", "warm"]}, from_name="weather", id="c1"),
        result("rating", {"rating": 4}, from_name="stars", id="c2"),
        result("textarea", {"text": ["two dates"]}, from_name="caption", id="c3"),
        result("taxonomy", {"taxonomy": [["a"]]}, from_name="kind", id="c4"),
        result("choices", {"choices": ["x"]}, from_name="width", id="c5"),
    ]
    data = {"image": URL, "place": "Reute", "dpi": 200, "other": "https://x/y.png", "nested": {}}
    report = taken(repository, tmp_path, *said, data=data)
    found = records(repository)["nuts/a.png"]
    assert found.variables == {
        **{"weather": "sunny", "weather_2": "warm", "stars": 4, "caption": "two dates"},
        **{"place": "Reute", "dpi": 200},
    }
    types = {one.name: one.type for one in repository.working_tree().tree.variables}
    assert (types["weather"], types["caption"], types["stars"]) == (ValueType.ENUM, ValueType.TEXT, ValueType.INT)
    assert "not kept: 'taxonomy' of images (1), 'width' of images (1)" in report.notes
    assert found.annotated


def test_a_variable_has_one_type(repository: Repository, tmp_path: Path) -> None:
    first = task(data={"image": "a.png", "dpi": 200})
    report = imported(repository, put_tasks(tmp_path, first, task(data={"image": "b.png", "dpi": "many"})))
    assert [one.variables for one in records(repository).values()] == [{"dpi": 200}, {}]
    assert "not kept: 'dpi' of images (1)" in report.notes


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (7, "task 5, result[0]: is no object"),
        ({}, "result[0]: has no value, or no type"),
        (result("rectanglelabels", []), "result[0]: has no value, or no type"),
        (result("rectanglelabels", SQUARE, id=[1]), "result[0]: has [1] as its id"),
        (result("rectanglelabels", SQUARE, original_width=0), "result[0]: has 0 x 8 as its width and height"),
        (result("rectanglelabels", {**SQUARE, "rectanglelabels": []}), "region r1: has no label"),
        (result("rectanglelabels", {**SQUARE, "rectanglelabels": [7]}), "region r1: '' cannot be a label"),
        (result("rectanglelabels", {**SQUARE, "rectanglelabels": 7}), "result[0]: has no list 'rectanglelabels'"),
        (result("rectanglelabels", {**SQUARE, "x": "1"}), "has a rectangle with a value that is no finite number"),
        (result("rectanglelabels", {**SQUARE, "width": 0}), "has no area: it is 0 wide and 2 high"),
        (result("rectanglelabels", {**SQUARE, "x": 1e300}), "has the coordinate"),
        (result("rectanglelabels", {**SQUARE, "rotation": "x"}), "has a rotation with a value that is no"),
        (result("rectanglelabels", SQUARE, image_rotation=90), "is drawn on the image turned by 90 degrees"),
        (drawn("polygonlabels", points=[[1, 1], [2]]), "has a point of 1 numbers"),
        (drawn("polygonlabels"), "has no list 'points'"),
        (drawn("ellipselabels", x=1, y=1, radiusX=0, radiusY=1), "has no area: its radii are 0 and"),
        (drawn("brushlabels", format="rle"), "has a brush stroke that is no list of whole numbers"),
        (drawn("brushlabels", rle=[1, 2]), "is a brush stroke that ends early"),
        (drawn("brushlabels", rle=[300]), "is a brush stroke with numbers that are no bytes"),
        (drawn("brushlabels", rle=[255] * 99), "is a brush stroke of 4294967295 values, its image has 12x8 pixels"),
        (drawn("brushlabels", rle=[0, 0, 1, 128, *[255] * 90]), "with values of 32 bits"),
        (drawn("brushlabels", rle=brush_code(np.zeros((8, 12)))), "has no area: its mask is empty"),
        (drawn("videolabels"), "is a 'videolabels', which there is no geometry for"),
    ],
)
def test_regions_that_cannot_be_stored_are_named(repository: Repository, tmp_path: Path, one: Any, reason: str) -> None:
    sound = result("rectanglelabels", SQUARE, id="r2")
    report = taken(repository, tmp_path, one, sound)
    assert report.instances == {"nut": 1}
    assert len(report.left_out) == 1
    assert reason in reasons(report.left_out)


def test_without_a_size_percents_are_of_the_image(repository: Repository, tmp_path: Path) -> None:
    bare = {"id": "r1", "type": "rectanglelabels", "value": SQUARE}
    turned = {"id": "r2", "type": "rectanglelabels", "value": {**SQUARE, "rotation": 5}}
    stroke = {"id": "r3", "type": "brushlabels", "value": {"rle": [], "brushlabels": ["nut"]}}
    report = taken(repository, tmp_path, bare, turned, stroke)
    assert only(repository).geometry == Box(3.0, 4.0, 6.0, 2.0)
    assert "region r2: is turned, and the size of its image is not given" in reasons(report.left_out)
    assert "region r3: is a brush stroke, and the size of its image is not given" in reasons(report.left_out)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("a.png", "a.png"),
        ("https://host:80/x/a.png?token=1#y", "a.png"),
        ("s3://bucket/x/a.png", "a.png"),
        ("/data/local-files/?d=x/a.png", "a.png"),
        ("/data/upload/7/1b2c3d4e-a.png", "a.png"),
        ("upload/7/c%20d.png", "c d.png"),
        ("C:\\photos\\a.png", "a.png"),
        ("/data/upload/7/1b2c3d4e-1b2c3d4e-a.png", "1b2c3d4e-a.png"),
    ],
)
def test_which_image_a_task_is_about(repository: Repository, tmp_path: Path, url: str, path: str) -> None:
    put_pictures(tmp_path, "a.png", "c d.png", "1b2c3d4e-a.png" if "1b2c3d4e-1b" in url else "b.png")
    imported(repository, put_tasks(tmp_path, task(result("rectanglelabels", SQUARE), data={"image": url})))
    assert [one for one, record in records(repository).items() if record.annotated] == [f"nuts/{path}"]


def test_the_folders_of_the_url_decide_between_images_of_one_name(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "x/one/a.png", "x/two/a.png", "a.png")
    imported(repository, put_tasks(tmp_path, task(data={"image": "/data/local-files/?d=y/two/a.png"})))
    assert [one for one, record in records(repository).items() if record.annotated] == ["nuts/x/two/a.png"]


def test_the_image_under_another_name_and_by_its_upload(repository: Repository, tmp_path: Path) -> None:
    first = task(data={"caption": "not a place", "photo": "/data/upload/1/a.png"})
    put_tasks(tmp_path, first, task(data={"x": "1"}, file_upload="1b2c3d4e-b.png"))
    imported(repository, tmp_path)
    assert all(one.annotated for one in records(repository).values())


def test_annotated_or_not(repository: Repository, tmp_path: Path) -> None:
    skipped = task(data={"image": "b.png"}, annotations=[{"result": [], "was_cancelled": True}])
    report = imported(repository, put_tasks(tmp_path, task(), skipped))
    assert [one.annotated for one in records(repository).values()] == [True, False]
    assert "unannotated, as export.json has no annotation of them: 1 image" in report.notes


@pytest.mark.parametrize(
    ("flags", "label"),
    [
        (({}, {"updated_at": "2024-01-02"}, {"updated_at": "2024-01-01"}), "label1"),
        (({"ground_truth": True}, {"updated_at": "2024-01-02"}, {}), "label0"),
        (({}, {"was_cancelled": True, "updated_at": "2024"}, {"updated_at": "2023"}), "label2"),
    ],
)
def test_one_of_several_annotations_counts(
    repository: Repository, tmp_path: Path, flags: Iterable[Any], label: str
) -> None:
    annotations = [
        {"result": [result("rectanglelabels", {**SQUARE, "rectanglelabels": [f"label{index}"]})], **more}
        for index, more in enumerate(flags)
    ]
    report = imported(repository, put_tasks(tmp_path, task(annotations=annotations)), format="labelstudio")
    assert only(repository).label == label
    assert "other annotations of a task" in reasons(report.notes)


def short(**more: Any) -> dict[str, Any]:
    times = {"annotator": 1, "annotation_id": 2, "created_at": "x", "updated_at": "y", "lead_time": 3.5}
    return {"image": URL, "id": 5, **times, **more}


def test_the_short_form(repository: Repository, tmp_path: Path) -> None:
    sizes = {"original_width": 12, "original_height": 8}
    boxes = [{**SQUARE, **sizes}, {**SQUARE, **sizes, "x": 0, "rectanglelabels": ["leaf"]}]
    points = [{"x": 25, "y": 25, "width": 1, "keypointlabels": ["eye"], **sizes}]
    document = short(label=boxes, eyes=points, weather="sunny", state={"choices": ["ripe", "big"]}, dpi=200)
    report = imported(repository, put_tasks(tmp_path, document))
    found = {one.label: one.geometry for one in instances(repository, "nuts/a.png")}
    assert found == {"nut": Box(3.0, 4.0, 6.0, 2.0), "leaf": Box(0.0, 4.0, 6.0, 2.0), "eye": Point(3.0, 2.0)}
    variables = records(repository)["nuts/a.png"].variables
    assert variables == {"weather": "sunny", "state": "ripe", "state_2": "big", "dpi": 200}
    assert report.reason == "export.json is a json of Label Studio's"


@pytest.mark.parametrize(
    ("tasks", "reason"),
    [
        ((7,), "export.json: [0]: is no object"),
        ((task(data={"image": "c.png"}),), "task 5: is about an image that is missing: it is called 'c.png'"),
        ((task(data={"image": 7}),), "is about an image that is missing: it is called nothing"),
        ((task(data={"image": "http://[x/a.png"}),), "is about an image that is missing"),
        ((task(), task(id=6)), "task 6: is about a.png, as export.json: task 5 is"),
        ((task(annotations=[7]),), "task 5: is no object"),
        ((task(annotations=True),), "task 5: has no list 'annotations'"),
        ((task(annotations=[{}]),), "task 5: has no list 'result'"),
        (
            (task(result("rectanglelabels", SQUARE), result("rectanglelabels", SQUARE, id="r2", original_width=13)),),
            "has regions for an image of 12x8 pixels and for one of 13x8",
        ),
        ((task(result("rectanglelabels", SQUARE, original_width=99)),), "are for an image of 99x8 pixels"),
    ],
)
def test_tasks_that_cannot_be_used_are_faults(
    repository: Repository, tmp_path: Path, tasks: tuple[Any, ...], reason: str
) -> None:
    put_tasks(tmp_path, *tasks)
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path, annotations=tmp_path / "export.json", format="labelstudio")
    assert reason in reasons(error.value.faults)
    report = imported(repository, tmp_path, annotations=tmp_path / "export.json", format="labelstudio", skip_bad=True)
    assert len(report.faulty_files) == 1
    assert sum(report.instances.values()) + len(report.left_out) == 0
    assert not any(one.annotated for one in records(repository).values())


def test_two_images_that_a_task_could_be_about_are_a_fault(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png", "one/c.png", "two/c.png")
    about_two = task(result("rectanglelabels", SQUARE), data={"image": "c.png"})
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, put_tasks(tmp_path, about_two))
    assert imported(repository, tmp_path, skip_bad=True).refused_instances == 1
    assert "could be about one/c.png and two/c.png" in reasons(error.value.faults)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "export.json is no json: Expecting '[': line 1 column 1"),
        ("{}", "export.json holds no list"),
        ("[{}", "export.json is no json: Expecting ',': line 1 column 4"),
        ("[" * 100_000, "export.json is nested too deeply"),
    ],
)
def test_a_broken_file_is_an_error(repository: Repository, tmp_path: Path, text: str, reason: str) -> None:
    put_pictures(tmp_path, "a.png")
    (tmp_path / "export.json").write_text(text)
    with pytest.raises(InvalidInputError) as error:
        imported(repository, tmp_path, format="labelstudio", annotations=tmp_path / "export.json")
    assert reason in str(error.value)


def test_several_files_have_to_be_chosen_from(repository: Repository, tmp_path: Path) -> None:
    put_tasks(put_tasks(tmp_path, task(result("rectanglelabels", SQUARE))), short(label=[SQUARE]), name="min.json")
    with pytest.raises(InvalidInputError, match=r"has several annotation files: export.json, min.json"):
        imported(repository, tmp_path)
    assert imported(repository, tmp_path, annotations=tmp_path / "min.json").instances == {"nut": 1}


def test_a_file_that_is_missing(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png")
    with pytest.raises(NotFoundError, match="there is no annotation file"):
        imported(repository, tmp_path, format="labelstudio", annotations=tmp_path / "none.json")
    with pytest.raises(InvalidInputError, match="has no json of Label Studio's"):
        imported(repository, tmp_path, format="labelstudio")
