"""LabelMe, of the desktop program and of the web tool: what is kept, and what is named when it is wrong."""

import io
import json
import xml.etree.ElementTree as Reference
from base64 import b64encode
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.sources import imported, instances, put_pictures, reasons, records

from dvcore.errors import FaultyFilesError
from dvcore.formats.intake.report import ImportReport
from dvcore.model.annotations import Instance
from dvcore.model.bitmaps import bitmap_of
from dvcore.model.geometry import Box, Keypoints, Point, Polygon, Polyline, RotatedBox, area
from dvcore.model.values import ValueType
from dvcore.repo.repository import Repository

TRIANGLE = [[1, 1], [3, 1], [3.5, 4]]
NUT = {"label": "nut", "points": TRIANGLE, "shape_type": "polygon", "group_id": None, "flags": {}}


@pytest.fixture
def repository() -> Repository:
    return Repository.in_memory()


def labelme(*shapes: Any, **more: Any) -> dict[str, Any]:
    return {
        **{"version": "5.5.0", "flags": {}, "shapes": list(shapes), "imagePath": "a.png", "imageData": None},
        **{"imageHeight": 8, "imageWidth": 12},
        **more,
    }


def shape(kind: str | None, points: Any, **more: Any) -> dict[str, Any]:
    return {"label": "nut", "points": points, "shape_type": kind, **more}


def put_labelme(folder: Path, document: Any, name: str = "a.json") -> Path:
    if not (folder / "a.png").exists():
        put_pictures(folder, "a.png")
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(document if isinstance(document, str) else json.dumps(document))
    return folder


def taken(repository: Repository, folder: Path, *shapes: Any, **more: Any) -> ImportReport:
    return imported(repository, put_labelme(folder, labelme(*shapes, **more)))


def only(repository: Repository, path: str = "nuts/a.png") -> Instance:
    (one,) = instances(repository, path)
    return one


def mask_code(drawn: Any) -> str:
    stream = io.BytesIO()
    Image.fromarray(np.asarray(drawn, np.uint8) * 255).save(stream, "PNG")
    return b64encode(stream.getvalue()).decode()


@pytest.mark.parametrize(
    ("kind", "points", "geometry"),
    [
        ("rectangle", [[4, 6], [1.5, 2]], Box(1.5, 2.0, 2.5, 4.0)),
        ("rectangle", [[1, 2], [4, 2], [4, 6], [1, 6]], Box(1.0, 2.0, 3.0, 4.0)),
        ("polygon", TRIANGLE, Polygon((((1.0, 1.0, 3.0, 1.0, 3.5, 4.0),),))),
        (None, TRIANGLE, Polygon((((1.0, 1.0, 3.0, 1.0, 3.5, 4.0),),))),
        ("line", [[1, 1], [3, 1]], Polyline(((1.0, 1.0, 3.0, 1.0),))),
        ("linestrip", TRIANGLE, Polyline(((1.0, 1.0, 3.0, 1.0, 3.5, 4.0),))),
        ("point", [[1, 2.5]], Point(1.0, 2.5)),
        ("points", [[1, 2], [3, 4]], Keypoints(((1.0, 2.0, 2), (3.0, 4.0, 2)))),
        ("oriented_rectangle", [[4, 1], [4, 5], [2, 5], [2, 1]], RotatedBox(3.0, 3.0, 4.0, 2.0, 90.0)),
        ("rotation", [[0, 0], [9, 0], [9, 8], [4, 5]], Polygon((((0.0, 0.0, 9.0, 0.0, 9.0, 8.0, 4.0, 5.0),),))),
    ],
)
def test_shapes(repository: Repository, tmp_path: Path, kind: str | None, points: Any, geometry: object) -> None:
    report = taken(repository, tmp_path, shape(kind, points))
    assert only(repository).geometry == geometry
    assert (report.format, report.reason, report.notes) == ("labelme", "a.json is a json of LabelMe", ())


def test_a_circle_becomes_a_polygon_and_the_report_says_so(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, shape("circle", [[6, 4], [6, 7]]))
    assert area(only(repository).geometry) == pytest.approx(np.pi * 9, rel=0.002)
    assert report.notes == ("1 circle became polygons of 72 corners",)


def test_a_mask_lies_where_its_first_point_is(repository: Repository, tmp_path: Path) -> None:
    drawn = np.array([[1, 0, 1], [0, 1, 0]])
    taken(repository, tmp_path, shape("mask", [[4, 3], [6, 4]], mask=mask_code(drawn)))
    expected = np.zeros((8, 12), np.bool_)
    expected[3:5, 4:7] = drawn
    assert (bitmap_of(only(repository).geometry) == expected).all()


def test_attributes(repository: Repository, tmp_path: Path) -> None:
    more = {"flags": {"occluded": True, "checked": False}, "group_id": 3, "description": "brown", "score": 0.5}
    empty = {"mask": None, "kie_linking": [], "attributes": {"ripe": "yes"}, "line_color": None}
    odd = {"difficult": False, "other": [1], "": 1}
    report = taken(repository, tmp_path, shape("polygon", TRIANGLE, **more, **empty, **odd))
    assert only(repository).attributes == {
        **{"occluded": True, "checked": False, "group": 3, "description": "brown", "score": 0.5},
        **{"ripe": "yes", "difficult": False},
    }
    assert report.notes == ("not kept: '' (1), 'other' (1)",)


def test_flags_of_the_image_are_variables(repository: Repository, tmp_path: Path) -> None:
    flags = {"__ignore__": False, "cat": True, "width": True, "odd": "text"}
    report = taken(repository, tmp_path, flags=flags, fillColor=[1, 2], lineColor=[], text="", more=1)
    found = records(repository)["nuts/a.png"]
    assert (found.variables, found.annotated) == ({"__ignore__": False, "cat": True}, True)
    declared = [(one.name, one.type) for one in repository.working_tree().tree.variables]
    assert declared == [("__ignore__", ValueType.BOOL), ("cat", ValueType.BOOL)]
    assert report.notes == (
        "not kept: 'more' of images (1), 'odd' of images (1), 'text' of images (1), 'width' of images (1)",
    )


def test_the_bytes_of_the_image_inside_the_file_are_not_looked_at(repository: Repository, tmp_path: Path) -> None:
    assert taken(repository, tmp_path, NUT, imageData="no base64").instances == {"nut": 1}


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (7, "is no object"),
        ({"points": TRIANGLE}, "has no label"),
        ({"label": " ", "points": TRIANGLE}, "cannot be a label: it is blank"),
        ({"label": "nut"}, "has no list 'points'"),
        (shape("polygon", [[1, 1], [2]]), "has a point of 1 numbers"),
        (shape("polygon", [[1, 1], "ab"]), "has a point that is no list"),
        (shape("polygon", [[1, 1], [True, 2]]), "has a point with a value that is no finite number"),
        (shape("polygon", [[1, 1], [2, 2]]), "has fewer than 3 points"),
        (shape("polygon", []), "has fewer than 3 points"),
        (shape("rectangle", [[1, 1]]), "is a rectangle of 1 points"),
        (shape("rectangle", [[1, 1], [1, 5]]), "has no area: it is 0 wide and 4 high"),
        (shape("rectangle", [[10**400, 1], [1, 5]]), "has a point with a value that is no finite number"),
        (shape("circle", [[1, 1]]), "is a circle of 1 points"),
        (shape("circle", [[1, 1], [1, 1]]), "has no area: its radii are 0 and 0"),
        (shape("point", TRIANGLE), "is a point of 3 points"),
        (shape("star", TRIANGLE), "is a 'star', which there is no geometry for"),
        (shape(["x"], TRIANGLE), "is a ['x'], which there is no geometry for"),
        (shape("mask", [[1, 1]]), "is a mask without pixels or without a place"),
        (shape("mask", [], mask=""), "is a mask without pixels or without a place"),
        (shape("mask", [[1e300, 1]], mask="AAAA"), "is a mask without pixels or without a place"),
        (shape("mask", [[1, 1]], mask="ÄÄ"), "is a mask that is not written in base64"),
        (shape("mask", [[1, 1]], mask="AAAA"), "is a mask that is no PNG image"),
        (shape("mask", [[11, 1]], mask=mask_code([[1, 1]])), "is a mask that has a mask of 2x1 pixels at 11, 1"),
        (shape("mask", [[1, 1]], mask=mask_code([[0]])), "has no area: its mask is empty"),
    ],
)
def test_shapes_that_cannot_be_stored_are_named(repository: Repository, tmp_path: Path, one: Any, reason: str) -> None:
    report = taken(repository, tmp_path, one, NUT)
    assert report.instances == {"nut": 1}
    assert reasons(report.left_out).startswith("a.json: shapes[0]: ")
    assert reason in reasons(report.left_out)


def test_a_mask_needs_the_size_of_its_image(repository: Repository, tmp_path: Path) -> None:
    one = shape("mask", [[1, 1]], mask=mask_code([[1]]))
    report = taken(repository, tmp_path, one, NUT, imageWidth=None)
    assert "has a mask, and the size of its image is not given" in reasons(report.left_out)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "a.json: is no json: Expecting value: line 1 column 1"),
        ('{"shapes": [', "a.json: is no json: Expecting value: line 1 column 13"),
        (b"\xff\xfe\xff".decode("latin-1"), "a.json: is no json"),
        (json.dumps(labelme(NUT, imageWidth="wide")), "a.json: has 'wide' x 8 as its width and height"),
        (json.dumps(labelme(NUT, imageWidth=99)), "are for an image of 99x8 pixels"),
    ],
)
def test_a_broken_file_is_a_fault_of_its_image(repository: Repository, tmp_path: Path, text: str, reason: str) -> None:
    put_labelme(tmp_path, text)
    put_pictures(tmp_path, "b.png")
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path, format="labelme")
    assert reason in reasons(error.value.faults)
    imported(repository, tmp_path, format="labelme", skip_bad=True)
    assert list(records(repository)) == ["nuts/b.png"]


def test_json_of_another_kind_is_passed_over(repository: Repository, tmp_path: Path) -> None:
    put_labelme(put_labelme(tmp_path, labelme(NUT)), {"name": "x"}, "package.json")
    report = imported(repository, put_labelme(tmp_path, [1], "list.json"))
    assert report.passed_over == 2
    assert report.notes == ("not of this format, passed over: list.json, package.json",)


@pytest.mark.parametrize("said", ["../photos/b.png", "..\\photos\\b.png", "C:\\old\\b.png", "/old/b.png", "b.png"])
def test_the_path_of_the_image_counts_where_the_name_of_the_file_does_not(
    repository: Repository, tmp_path: Path, said: str
) -> None:
    place = "photos/b.png" if "photos" in said else "json/b.png"
    put_pictures(tmp_path, "a.png", place)
    put_labelme(tmp_path, labelme(NUT, imagePath=said), "json/first.json")
    imported(repository, tmp_path)
    assert only(repository, f"nuts/{place}").label == "nut"


@pytest.mark.parametrize("said", ["../../../../etc/passwd.png", "", 7, None, "x" * 300, "a\x00b.png"])
def test_a_path_that_is_none_is_a_fault_where_it_is_needed(repository: Repository, tmp_path: Path, said: Any) -> None:
    put_labelme(tmp_path, labelme(NUT, imagePath=said), "first.json")
    with pytest.raises(FaultyFilesError, match="1 file") as error:
        imported(repository, tmp_path)
    assert reasons(error.value.faults) == "first.json: has no image: none is called 'first' where it should be"


def test_split_folders_and_images_without_a_file(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "train/a.png", "test/b.png")
    put_labelme(tmp_path / "train", labelme(NUT))
    report = imported(repository, tmp_path)
    found = {path: (one.variables, one.annotated) for path, one in records(repository).items()}
    assert found == {"nuts/train/a.png": ({"split": "train"}, True), "nuts/test/b.png": ({"split": "test"}, False)}
    assert report.notes == ("unannotated, as no annotation file is about them: 1 image",)


def web(*objects: str, size: str = "<imagesize><nrows>8</nrows><ncols>12</ncols></imagesize>") -> str:
    return f"<annotation><filename>a.png</filename>{''.join(objects)}{size}</annotation>"


def thing(shape: str, more: str = "", name: str = "nut", number: int = 0) -> str:
    return f"<object><name>{name}</name><deleted>0</deleted><id>{number}</id>{more}{shape}</object>"


def outline(*points: tuple[float, float]) -> str:
    return f"<polygon>{''.join(f'<pt><x>{x}</x><y>{y}</y></pt>' for x, y in points)}</polygon>"


SEGMENT = "<segm><box><xmin>1</xmin><ymin>2</ymin><xmax>4</xmax><ymax>5</ymax></box><mask>m.png</mask></segm>"


def put_web(folder: Path, text: str) -> Path:
    put_pictures(folder, "Images/sub/a.png")
    place = folder / "Annotations" / "sub" / "a.xml"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    return folder


def put_mask(folder: Path, name: str = "Masks/sub/m.png") -> Path:
    drawn = np.zeros((8, 12, 4), np.uint8)
    drawn[2:5, 1:3] = (0, 0, 255, 99)
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(drawn).save(place)
    return folder


def test_polygons_and_boxes_of_the_web_tool(repository: Repository, tmp_path: Path) -> None:
    box = outline((1, 2), (4, 2), (4, 6), (1, 6))
    is_box = "<type>bounding_box</type>"
    objects = [thing(outline((1, 1), (3, 1), (3, 4))), thing(box, is_box, number=1), thing(box, number=2)]
    slanted = thing(outline((1, 2), (4, 3), (4, 6), (1, 6)), is_box, number=3)
    report = imported(repository, put_web(tmp_path, web(*objects, slanted)))
    found = {one.source: one.geometry for one in instances(repository, "nuts/Images/sub/a.png")}
    assert found == {
        "0": Polygon((((1.0, 1.0, 3.0, 1.0, 3.0, 4.0),),)),
        "1": Box(1.0, 2.0, 3.0, 4.0),
        "2": Polygon((((1.0, 2.0, 4.0, 2.0, 4.0, 6.0, 1.0, 6.0),),)),
        "3": Polygon((((1.0, 2.0, 4.0, 3.0, 4.0, 6.0, 1.0, 6.0),),)),
    }
    assert (report.format, report.reason) == ("labelme", "Annotations/sub/a.xml is an xml of LabelMe's web tool")


def test_masks_of_the_web_tool_are_no_images(repository: Repository, tmp_path: Path) -> None:
    put_mask(put_mask(put_web(tmp_path, web(thing(SEGMENT)))), "Scribbles/sub/m_scribble.png")
    report = imported(repository, tmp_path)
    one = only(repository, "nuts/Images/sub/a.png")
    assert list(records(repository)) == ["nuts/Images/sub/a.png"]
    assert bitmap_of(one.geometry)[2:5, 1:3].all()
    assert area(one.geometry) == 6
    assert one.box == Box(1.0, 2.0, 3.0, 3.0)
    assert report.passed_over == 1


def test_a_missing_mask_leaves_its_box(repository: Repository, tmp_path: Path) -> None:
    report = imported(repository, put_web(tmp_path, web(thing(SEGMENT))))
    assert only(repository, "nuts/Images/sub/a.png").geometry == Box(1.0, 2.0, 3.0, 3.0)
    assert report.notes == ("not kept: masks that are missing (1)",)


def test_attributes_of_the_web_tool(repository: Repository, tmp_path: Path) -> None:
    more = """<verified>1</verified><occluded>yes</occluded><attributes>ripe, kg=2.5 , two words,=</attributes>
        <date/><odd/><parts><hasparts/><ispartof>1</ispartof></parts>"""
    shape = outline((1, 1), (3, 1), (3, 4))
    deleted = thing(shape, number=2).replace("<deleted>0", "<deleted>1")
    report = imported(
        repository, put_web(tmp_path, web(thing(shape, more), thing(shape, name="tree", number=1), deleted))
    )
    nut, tree = instances(repository, "nuts/Images/sub/a.png")
    assert nut.attributes == {"occluded": True, "ripe": True, "kg": 2.5, "two words": True, "part_of": "tree"}
    assert tree.attributes == {}
    assert report.notes == ("not kept: deleted objects (1), odd of objects (1)",)


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (thing(""), "has neither polygon nor mask"),
        (thing("<polygon><pt><x>1</x></pt></polygon>"), "has a pt without y"),
        (thing("<polygon><pt><x>1</x><y>b</y></pt></polygon>"), "has 'b' where a number should be"),
        (thing(outline((1, 1), (2, 2))), "has fewer than 3 points"),
        (thing("<polygon/>"), "has fewer than 3 points"),
        (thing("<segm/>"), "has the mask '', which is missing"),
        (thing(outline((1, 1), (2, 2), (1, 4)), name=""), "'' cannot be a label: it is blank"),
    ],
)
def test_objects_that_cannot_be_stored_are_named(repository: Repository, tmp_path: Path, one: str, reason: str) -> None:
    report = imported(repository, put_web(tmp_path, web(one)), format="labelme")
    assert reasons(report.left_out) == f"Annotations/sub/a.xml: object 0: {reason}"


def test_a_broken_mask_leaves_out_its_object(repository: Repository, tmp_path: Path) -> None:
    put_mask(put_web(tmp_path, web(thing(SEGMENT))))
    (tmp_path / "Masks/sub/m.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    report = imported(repository, tmp_path)
    assert "object 0: has the mask Masks/sub/m.png, which is truncated" in reasons(report.left_out)


def test_the_fixture_has_the_counts_of_another_reader(repository: Repository, shared_data: Path) -> None:
    source = shared_data / "format-fixtures" / "labelme_dataset"
    report = imported(repository, source)
    seen = [one.findtext("name") for place in source.glob("**/*.xml") for one in Reference.parse(place).iter("object")]
    assert len(seen) == 7
    assert (sum(report.instances.values()), sorted(report.instances)) == (7, sorted(set(seen)))
    assert (report.files.added, report.left_out, report.faulty_files, report.passed_over) == (1, (), (), 2)
