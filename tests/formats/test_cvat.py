"""CVAT's xml for images: what is kept, and what is named when it is wrong."""

import xml.etree.ElementTree as Reference
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from support.sources import imported, instances, put_pictures, reasons, records

from dvcore.errors import FaultyFilesError, InvalidInputError, NotFoundError
from dvcore.formats.intake.report import ImportReport
from dvcore.model.annotations import Instance
from dvcore.model.bitmaps import bitmap_of
from dvcore.model.geometry import Box, Keypoints, Point, Polygon, Polyline, RotatedBox, area
from dvcore.model.values import ValueType
from dvcore.repo.repository import Repository

META = """<meta><task><mode>annotation</mode><labels>
  <label><name>nut</name><color>#FF8000</color><type>any</type><attributes>
    <attribute><name>ripe</name><input_type>checkbox</input_type></attribute>
    <attribute><name>kg</name><input_type>number</input_type></attribute>
    <attribute><name>code</name><input_type>text</input_type></attribute>
  </attributes></label>
  <label><name>sunny</name><type>tag</type><attributes/></label>
  <label><name>stem</name><type>skeleton</type><attributes/>
    <svg>&lt;line data-type="edge" data-node-from="2" data-node-to="1"&gt;&lt;/line&gt;
      &lt;circle data-node-id="1" data-label-name="tip"/&gt;
      &lt;circle data-node-id="2" data-label-name="root"/&gt;</svg>
  </label>
  <label><name>root</name><type>points</type><attributes/><parent>stem</parent></label>
  <label><name>tip</name><type>points</type><attributes/><parent>stem</parent></label>
</labels></task></meta>"""
BOX = '<box label="nut" xtl="1.5" ytl="2" xbr="4" ybr="6" occluded="0" source="manual" z_order="0"/>'


@pytest.fixture
def repository() -> Repository:
    return Repository.in_memory()


def image(*shapes: str, name: str = "a.png", more: str = 'width="12" height="8"') -> str:
    return f'<image id="0" name="{name}" {more}>{"".join(shapes)}</image>'


def put_cvat(folder: Path, *images: str, name: str = "annotations.xml", meta: str = META) -> Path:
    if not (folder / "images").exists():
        put_pictures(folder, "images/a.png", "images/b.png")
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"<annotations><version>1.1</version>{meta}{''.join(images)}</annotations>")
    return folder


def taken(repository: Repository, folder: Path, *shapes: str) -> ImportReport:
    return imported(repository, put_cvat(folder, image(*shapes)))


def only(repository: Repository, path: str = "nuts/images/a.png") -> Instance:
    (one,) = instances(repository, path)
    return one


@pytest.mark.parametrize(
    ("shape", "geometry"),
    [
        ('<box label="nut" xtl="1.5" ytl="2" xbr="4" ybr="6"/>', Box(1.5, 2.0, 2.5, 4.0)),
        ('<box label="nut" xtl="1" ytl="2" xbr="5" ybr="4" rotation="0.0"/>', Box(1.0, 2.0, 4.0, 2.0)),
        ('<box label="nut" xtl="1" ytl="2" xbr="5" ybr="4" rotation="90"/>', RotatedBox(3.0, 3.0, 4.0, 2.0, 90.0)),
        ('<box label="nut" xtl="1" ytl="2" xbr="5" ybr="4" rotation="-30"/>', RotatedBox(3.0, 3.0, 4.0, 2.0, 330.0)),
        ('<polygon label="nut" points="1,1;3,1;3.5,4"/>', Polygon((((1.0, 1.0, 3.0, 1.0, 3.5, 4.0),),))),
        ('<polyline label="nut" points="1,1;3,1"/>', Polyline(((1.0, 1.0, 3.0, 1.0),))),
        ('<points label="nut" points="1,2.5"/>', Point(1.0, 2.5)),
        ('<points label="nut" points="1,2;3,4"/>', Keypoints(((1.0, 2.0, 2), (3.0, 4.0, 2)))),
    ],
)
def test_shapes(repository: Repository, tmp_path: Path, shape: str, geometry: object) -> None:
    report = taken(repository, tmp_path, shape)
    assert only(repository).geometry == geometry
    assert (report.format, report.reason) == ("cvat", "annotations.xml is an xml of CVAT's")


def test_a_mask_is_unpacked_row_by_row_inside_its_box(repository: Repository, tmp_path: Path) -> None:
    taken(repository, tmp_path, '<mask label="nut" rle="1, 3, 2, 2" left="2" top="1" width="4" height="2"/>')
    expected = np.zeros((8, 12), np.bool_)
    expected[1, 3:6] = expected[2, 4:6] = True
    assert (bitmap_of(only(repository).geometry) == expected).all()


def test_an_ellipse_becomes_a_polygon_and_the_report_says_so(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, '<ellipse label="nut" cx="6" cy="4" rx="4" ry="2" rotation="90"/>')
    polygon = only(repository).geometry
    ring = polygon.parts[0][0]
    assert (min(ring[0::2]), max(ring[0::2])) == (4.0, 8.0), "it is turned"
    assert area(polygon) == pytest.approx(np.pi * 8, rel=0.002)
    assert "1 ellipse became polygons of 72 corners" in report.notes


def test_a_skeleton_has_its_labels_points_in_their_order(repository: Repository, tmp_path: Path) -> None:
    taken(
        repository,
        tmp_path,
        '<skeleton label="stem"><points label="tip" outside="0" occluded="1" points="1,2"/>'
        '<points label="root" outside="0" occluded="0" points="3,4"/></skeleton>',
    )
    assert only(repository).geometry == Keypoints(((3.0, 4.0, 2), (1.0, 2.0, 1)))
    nut, stem = repository.working_tree().tree.labels
    assert (nut.name, nut.color) == ("nut", "#ff8000")
    assert (stem.name, stem.keypoints, stem.skeleton) == ("stem", ("root", "tip"), ((0, 1),))


def test_points_outside_and_points_that_are_missing_are_not_labelled(repository: Repository, tmp_path: Path) -> None:
    outside = '<points label="root" outside="1" occluded="0" points="3,4"/>'
    taken(repository, tmp_path, f'<skeleton label="stem">{outside}<points label="tip" points="1,2"/></skeleton>')
    assert only(repository).geometry == Keypoints(((0.0, 0.0, 0), (1.0, 2.0, 2)))


def test_attributes_have_the_types_that_the_label_declares(repository: Repository, tmp_path: Path) -> None:
    values = {"ripe": "true", "kg": "2.50", "code": "12", "more": "7", "empty": ""}
    inner = "".join(f'<attribute name="{name}">{text}</attribute>' for name, text in values.items())
    box = (
        BOX.replace('occluded="0"', 'occluded="1" group_id="3"')
        .replace("manual", "auto")
        .replace('order="0"', 'order="2"')
    )
    taken(repository, tmp_path, box.replace("/>", f">{inner}</box>"))
    assert only(repository).attributes == {
        **{"occluded": True, "group": 3, "z_order": 2, "source": "auto"},
        **{"ripe": True, "kg": 2.5, "code": "12", "more": 7},
    }


def test_what_cvat_says_of_every_shape_is_no_attribute(repository: Repository, tmp_path: Path) -> None:
    taken(repository, tmp_path, BOX)
    assert only(repository).attributes == {}


def test_tags_are_variables_of_the_image(repository: Repository, tmp_path: Path) -> None:
    tags = '<tag label="sunny"><attribute name="x">1</attribute></tag><tag label="width"/><tag label="split"/>'
    report = taken(repository, tmp_path, tags)
    found = records(repository)["nuts/images/a.png"]
    assert (found.variables, found.annotated) == ({"sunny": True}, True)
    assert [(one.name, one.type) for one in repository.working_tree().tree.variables] == [("sunny", ValueType.BOOL)]
    assert "not kept: 'split' of images (1), 'width' of images (1), attribute of tags (1)" in report.notes
    assert report.instances == {}


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (BOX.replace("nut", ""), "'' cannot be a label: it is blank"),
        (BOX.replace('xtl="1.5"', ""), "has no xtl"),
        (BOX.replace("1.5", "left"), "has 'left' where a number should be"),
        (BOX.replace("1.5", "nan"), "has the coordinate nan"),
        (BOX.replace("1.5", "4"), "has no area: it is 0 wide and 4 high"),
        ('<polygon label="nut" points="1,1;2"/>', "has '2' where a point should be"),
        ('<polygon label="nut" points="1,1;2,2"/>', "has fewer than 3 points"),
        ('<polygon label="nut" points=""/>', "has '' where a number should be"),
        ('<ellipse label="nut" cx="6" cy="4" rx="0" ry="2"/>', "has no area: its radii are 0 and 2"),
        ('<ellipse label="nut" cx="6" cy="inf" rx="1" ry="2"/>', "with a value that is no finite number"),
        ('<cuboid label="nut" xtl1="1"/>', "is a cuboid, which there is no geometry for"),
        ('<mask label="nut" rle="1" left="0" top="0" width="2" height="1"/>', "runs do not fill its 2x1 pixels"),
        ('<mask label="nut" rle="0,2" left="11" top="0" width="2" height="1"/>', "has a mask of 2x1 pixels at 11, 0"),
        ('<mask label="nut" rle="0,2" left="-1" top="0" width="2" height="1"/>', "has a mask of 2x1 pixels at -1, 0"),
        ('<mask label="nut" rle="" left="0" top="0" width="0" height="0"/>', "has '' where a number should be"),
        ('<mask label="nut" rle="4,-2" left="0" top="0" width="2" height="1"/>', "runs do not fill"),
        ('<mask label="nut" rle="2" left="0" top="0" width="2" height="1"/>', "has no area: its mask is empty"),
        (
            f'<mask label="nut" rle="{10**12}" left="0" top="0" width="{10**6}" height="{10**6}"/>',
            "is larger than",
        ),
        ('<skeleton label="stem"><points label="leaf" points="1,2"/></skeleton>', "has the keypoint 'leaf'"),
        ('<skeleton label="stem"><points label="tip" points="1,2;3,4"/></skeleton>', "that is not one point"),
        ('<skeleton label="stem"/>', "has no labelled keypoint"),
    ],
)
def test_shapes_that_cannot_be_stored_are_named(
    repository: Repository, tmp_path: Path, shape: str, reason: str
) -> None:
    report = taken(repository, tmp_path, shape, BOX)
    assert report.instances == {"nut": 1}
    assert len(report.left_out) == 1
    assert reasons(report.left_out).startswith("annotations.xml: line ")
    assert reason in reasons(report.left_out)


def test_a_mask_needs_the_size_of_its_image(repository: Repository, tmp_path: Path) -> None:
    mask = '<mask label="nut" rle="0,2" left="0" top="0" width="2" height="1"/>'
    report = imported(repository, put_cvat(tmp_path, image(mask, BOX, more="")))
    assert "has a mask, and the size of its image is not given" in reasons(report.left_out)
    assert report.instances == {"nut": 1}


@pytest.mark.parametrize(
    ("name", "subset", "path"),
    [
        ("c.png", "", "images/c.png"),
        ("c.png", "Train", "images/Train/c.png"),
        ("deep/c.png", "Train", "images/Train/deep/c.png"),
        ("c.png", "Train", "images/c.png"),
        ("deep\\c.png", "", "images/deep/c.png"),
        ("c.png", "", "c.png"),
        ("images/c.png", "", "images/c.png"),
        ("frame_000001", "", "images/frame_000001.png"),
    ],
)
def test_where_an_image_is(repository: Repository, tmp_path: Path, name: str, subset: str, path: str) -> None:
    put_pictures(tmp_path, path)
    imported(repository, put_cvat(tmp_path, image(BOX, name=name, more=f'subset="{subset}"' if subset else "")))
    assert only(repository, f"nuts/{path}").label == "nut"
    assert records(repository)[f"nuts/{path}"].variables == ({"split": "Train"} if subset else {})


def test_images_beside_an_xml_in_a_folder(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "one/images/a.png", "images/a.png")
    imported(repository, put_cvat(tmp_path, image(BOX), name="one/annotations.xml"))
    assert only(repository, "nuts/one/images/a.png").label == "nut"
    assert not records(repository)["nuts/images/a.png"].annotated


def test_annotated_or_not(repository: Repository, tmp_path: Path) -> None:
    report = imported(repository, put_cvat(tmp_path, image()))
    found = {path: one.annotated for path, one in records(repository).items()}
    assert found == {"nuts/images/a.png": True, "nuts/images/b.png": False}
    assert report.notes == (
        "annotations.xml lists 1 image",
        "unannotated, as annotations.xml does not list them: 1 image",
    )


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        ((image(name="missing.png"),), "line 15 (missing.png): is missing: the folder has no such image"),
        ((image(name="../a.png"),), "leads out of the folder"),
        ((image(name=""),), "leads out of the folder"),
        ((image(), image()), "is about images/a.png, as annotations.xml: line 15 (a.png) is"),
        ((image(more='width="a" height="8"'),), "has 'a' where a number should be"),
        ((image(more='width="0" height="8"'),), "has 0 x 8 as its width and height"),
        ((image(more='width="99" height="8"'),), "are for an image of 99x8 pixels"),
    ],
)
def test_images_that_cannot_be_used_are_faults(
    repository: Repository, tmp_path: Path, images: tuple[str, ...], reason: str
) -> None:
    put_cvat(tmp_path, *images)
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path)
    assert reason in reasons(error.value.faults)
    put_cvat(tmp_path, *(one.replace("</image>", f"{BOX}</image>") for one in images))
    report = imported(repository, tmp_path, skip_bad=True)
    assert len(report.faulty_files) == 1
    assert (report.refused_instances, report.instances) == (len(images), {})
    assert "nuts/images/b.png" in records(repository)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<annotations>", "annotations.xml is no xml: no element found"),
        ("<annotations><image name='a.png'></annotations>", "annotations.xml is no xml: mismatched tag"),
        ("<annotation/>", "annotations.xml is no xml of CVAT's: its root is 'annotation'"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><annotations/>', "annotations.xml declares entities"),
        (
            "<annotations><meta/>\n<track/></annotations>",
            "annotations.xml has tracks of a video at line 2; export it from CVAT as 'CVAT for images 1.1'",
        ),
        (
            "<annotations><meta><task><labels><label><name/></label></labels></task></meta></annotations>",
            "annotations.xml declares a label at line 1: '' cannot be a label: it is blank",
        ),
    ],
)
def test_a_broken_file_is_an_error(repository: Repository, tmp_path: Path, text: str, reason: str) -> None:
    put_pictures(tmp_path, "a.png")
    (tmp_path / "annotations.xml").write_text(text)
    with pytest.raises(InvalidInputError) as error:
        imported(repository, tmp_path, format="cvat", annotations=tmp_path / "annotations.xml")
    assert reason in str(error.value)


def test_several_files_have_to_be_chosen_from(repository: Repository, tmp_path: Path) -> None:
    put_cvat(put_cvat(tmp_path, image(BOX)), image(BOX, BOX), name="other.xml")
    with pytest.raises(InvalidInputError, match=r"has several annotation files: annotations.xml, other.xml"):
        imported(repository, tmp_path)
    assert imported(repository, tmp_path, annotations=tmp_path / "other.xml").instances == {"nut": 2}


@pytest.mark.parametrize("place", ["{}/sub/annotations.xml", "{}/sub/../sub/annotations.xml"])
def test_a_file_may_be_named_in_any_way(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    put_pictures(tmp_path, "sub/a.png")
    put_cvat(tmp_path, image(BOX))
    (tmp_path / "annotations.xml").rename(tmp_path / "sub" / "annotations.xml")
    (tmp_path / "a.png").unlink(missing_ok=True)
    monkeypatch.chdir(tmp_path.parent)
    report = imported(repository, Path(tmp_path.name), annotations=Path(place.format(tmp_path)))
    assert (report.format, report.instances, report.passed_over) == ("cvat", {"nut": 1}, 0)


def test_a_file_that_is_missing(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png")
    with pytest.raises(NotFoundError, match="there is no annotation file"):
        imported(repository, tmp_path, format="cvat", annotations=tmp_path / "none.xml")
    with pytest.raises(InvalidInputError, match="has no xml of CVAT's"):
        imported(repository, tmp_path, format="cvat")


def test_importing_again_changes_nothing(repository: Repository, tmp_path: Path) -> None:
    taken(repository, tmp_path, BOX)
    before = repository.working_tree().id
    assert imported(repository, tmp_path).files.instances_present == 1
    assert repository.working_tree().id == before


@pytest.mark.parametrize("name", ["export_project", "export_task"])
def test_the_fixtures_have_the_counts_of_another_reader(repository: Repository, shared_data: Path, name: str) -> None:
    source = shared_data / "format-fixtures" / "cvat_dataset" / "for_images" / name
    report = imported(repository, source)
    (place,) = source.glob("*.xml")
    root = Reference.parse(place).getroot()
    seen = Counter(shape.get("label") for one in root.iter("image") for shape in one)
    assert sum(seen.values()) == {"export_project": 12, "export_task": 4}[name]
    assert report.instances == {label: count for label, count in seen.items() if label}
    assert len(report.left_out) == seen[""]
    assert report.files.added == len(root.findall("image"))


def test_a_video_is_refused_by_name(repository: Repository, shared_data: Path) -> None:
    with pytest.raises(InvalidInputError, match="has tracks of a video at line 70"):
        imported(repository, shared_data / "format-fixtures" / "cvat_dataset" / "for_video")
