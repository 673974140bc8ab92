"""Pascal VOC: what is kept, and what is named when it is wrong."""

import xml.etree.ElementTree as Reference
from collections import Counter
from pathlib import Path

import pytest
from support.sources import imported, instances, put_pictures, reasons, records

from dvcore.errors import FaultyFilesError
from dvcore.formats.intake.report import ImportReport
from dvcore.formats.reader import per_image
from dvcore.formats.reader.request import BoxConvention
from dvcore.model.geometry import Box
from dvcore.model.values import ValueType
from dvcore.repo.repository import Repository

BOX = "<bndbox><xmin>2</xmin><ymin>3</ymin><xmax>6</xmax><ymax>7</ymax></bndbox>"
NUT = f"<object><name>nut</name>{BOX}</object>"


@pytest.fixture
def repository() -> Repository:
    return Repository.in_memory()


def annotation(*objects: str, size: str = "<size><width>12</width><height>8</height></size>", name: str = "") -> str:
    return f"<annotation><filename>{name}</filename>{size}{''.join(objects)}</annotation>"


def put_voc(folder: Path, **texts: str) -> Path:
    """Pictures with an annotation each, by stem."""
    put_pictures(folder, *(f"JPEGImages/{stem}.png" for stem in texts))
    (folder / "Annotations").mkdir(exist_ok=True)
    for stem, text in texts.items():
        (folder / "Annotations" / f"{stem}.xml").write_text(text)
    return folder


def put_list(folder: Path, name: str, text: str) -> Path:
    place = folder / "ImageSets" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    return folder


def taken(repository: Repository, folder: Path, *objects: str, **options: object) -> ImportReport:
    return imported(repository, put_voc(folder, a=annotation(*objects)), format="voc", **options)


def boxed(left: object, top: object, right: object, bottom: object, more: str = "") -> str:
    corners = f"<xmin>{left}</xmin><ymin>{top}</ymin><xmax>{right}</xmax><ymax>{bottom}</ymax>"
    return f"<object><name>nut</name>{more}<bndbox>{corners}</bndbox></object>"


def test_pixels_are_counted_from_1_and_the_last_one_is_in_the_box(repository: Repository, tmp_path: Path) -> None:
    taken(repository, tmp_path, boxed(1, 1, 12, 8), boxed(3, 4, 5.5, 6))
    found = {one.geometry for one in instances(repository, "nuts/JPEGImages/a.png")}
    assert found == {Box(0.0, 0.0, 12.0, 8.0), Box(2.0, 3.0, 3.5, 3.0)}


def test_corners_are_points_where_they_are_said_to_be(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, boxed(0, 0, 12, 8), box_convention=BoxConvention.CORNERS)
    (one,) = instances(repository, "nuts/JPEGImages/a.png")
    assert (one.geometry, report.adjusted, report.notes) == (Box(0.0, 0.0, 12.0, 8.0), (), ())


def test_a_box_at_pixel_0_is_cut_off_and_the_report_says_what_may_be_wrong(
    repository: Repository, tmp_path: Path
) -> None:
    report = taken(repository, tmp_path, boxed(0, 1, 5, 5), boxed(2, 0, 5, 5), boxed(1, 1, 5, 5))
    assert len(report.adjusted) == 2
    assert report.notes[0].startswith("2 objects whose box begins at pixel 0, and Pascal VOC counts from 1; ")
    assert report.notes[0].endswith("import them with --box-convention corners")


@pytest.mark.parametrize(("right", "bottom"), [(4, 7), (9, 4), (3, 7), (9, 3), (4, 4)])
def test_a_box_whose_end_is_not_behind_its_beginning_as_written_is_left_out(
    repository: Repository, tmp_path: Path, right: int, bottom: int
) -> None:
    report = taken(repository, tmp_path, boxed(4, 4, right, bottom), NUT)
    assert report.instances == {"nut": 1}
    assert reasons(report.left_out) == (
        f"Annotations/a.xml: line 1: has no area: it is written from 4, 4 to {right}, {bottom}"
    )
    with pytest.raises(FaultyFilesError, match="1 instance cannot be stored"):
        imported(Repository.in_memory(), tmp_path, format="voc", strict=True)


def test_degenerate_boxes_can_be_kept(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, boxed(4, 4, 4, 6), boxed(4, 4, 3, 6), boxed(4, 4, 2, 6), keep_degenerate=True)
    found = {one.geometry for one in instances(repository, "nuts/JPEGImages/a.png")}
    assert found == {Box(3.0, 3.0, 1.0, 3.0), Box(3.0, 3.0, 0.0, 3.0)}
    assert reasons(report.left_out) == "Annotations/a.xml: line 1: has no area: it is -1 wide and 3 high"


def test_attributes(repository: Repository, tmp_path: Path) -> None:
    more = """<pose>Left</pose><truncated>1</truncated><difficult>0</difficult><occluded>0.25</occluded>
        <actions><jumping>1</jumping><running>0</running></actions>
        <attributes>
          <attribute><name>ripe</name><value>true</value></attribute>
          <attribute><name>code</name><value>007</value></attribute>
          <attribute><name>kg</name><value>1.5</value></attribute>
          <attribute><name>count</name><value>3</value></attribute>
        </attributes><deleted>0</deleted>"""
    report = taken(repository, tmp_path, boxed(1, 1, 3, 3, more))
    (one,) = instances(repository, "nuts/JPEGImages/a.png")
    assert one.attributes == {
        **{"pose": "Left", "truncated": True, "occluded": 0.25, "jumping": True, "running": False},
        **{"ripe": True, "code": "007", "kg": 1.5, "count": 3},
    }
    assert report.notes == ("not kept: deleted of objects (1)",)


def test_what_tools_write_that_know_nothing_is_no_attribute(repository: Repository, tmp_path: Path) -> None:
    more = "<pose>Unspecified</pose><truncated>Unspecified</truncated><difficult>0</difficult><occluded/>"
    taken(repository, tmp_path, boxed(1, 1, 3, 3, more))
    assert instances(repository, "nuts/JPEGImages/a.png")[0].attributes == {}


def test_parts_are_instances_of_their_own(repository: Repository, tmp_path: Path) -> None:
    head = "<part><name>head</name><bndbox><xmin>2</xmin><ymin>3</ymin><xmax>4</xmax><ymax>4</ymax></bndbox></part>"
    report = taken(
        repository, tmp_path, NUT, f"<object><name>person</name>{BOX}{head}<part><name>foot</name></part></object>"
    )
    found = {one.label: dict(one.attributes) for one in instances(repository, "nuts/JPEGImages/a.png")}
    assert found == {"nut": {}, "person": {"group": 2}, "head": {"group": 2, "part_of": "person"}}
    assert reasons(report.left_out) == "Annotations/a.xml: line 1: has no xmin of a bndbox"


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (f"<object>{BOX}</object>", "'' cannot be a label: it is blank"),
        (f"<object><name>  </name>{BOX}</object>", "'' cannot be a label: it is blank"),
        ("<object><name>nut</name></object>", "has no xmin of a bndbox"),
        (boxed("one", 1, 3, 3), "has 'one' where a number should be"),
        (boxed("1_0", 1, 30, 3), "has '1_0' where a number should be"),
        (boxed("nan", 1, 3, 3), "has the coordinate nan"),
        (boxed(1, 1, "inf", 3), "has the coordinate inf"),
        (boxed(1, 1, "1e400", 3), "has the coordinate inf"),
        (boxed(20, 1, 30, 3), "is outside the image of 12x8 pixels"),
        (boxed("", 1, 30, 3), "has no xmin of a bndbox"),
    ],
)
def test_objects_that_cannot_be_stored_are_named(repository: Repository, tmp_path: Path, one: str, reason: str) -> None:
    report = taken(repository, tmp_path, one, NUT)
    assert report.instances == {"nut": 1}
    assert reasons(report.left_out) == f"Annotations/a.xml: line 1: {reason}"


def test_equal_objects_are_two(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, NUT, NUT)
    assert report.instances == {"nut": 2}
    assert imported(repository, tmp_path, format="voc").files.instances_present == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is no xml: no element found"),
        ("<annotation>", "is no xml: no element found"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><annotation/>', "declares entities"),
        (annotation(size="<size><width>12</width><height>eight</height></size>"), "has 'eight' where a number"),
        (annotation(size="<size><width>-1</width><height>8</height></size>"), "has -1 x 8 as its width and height"),
        (annotation(size="<size><width>99</width><height>8</height></size>"), "are for an image of 99x8 pixels"),
    ],
)
def test_a_broken_annotation_file_is_a_fault_of_its_image(
    repository: Repository, tmp_path: Path, text: str, reason: str
) -> None:
    put_voc(tmp_path, a=text, b=annotation(NUT))
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path, format="voc")
    assert reason in reasons(error.value.faults)
    report = imported(repository, tmp_path, format="voc", skip_bad=True)
    assert list(records(repository)) == ["nuts/JPEGImages/b.png"]
    assert (report.instances, len(report.faulty_files)) == ({"nut": 1}, 1)


@pytest.mark.parametrize("size", ["", "<size/>", "<size><width>0</width><height>0</height></size>"])
def test_a_size_may_be_missing(repository: Repository, tmp_path: Path, size: str) -> None:
    put_voc(tmp_path, a=annotation(NUT, size=size))
    assert imported(repository, tmp_path, format="voc").instances == {"nut": 1}


def test_an_annotation_file_without_an_image_is_a_fault(repository: Repository, tmp_path: Path) -> None:
    put_voc(tmp_path, a=annotation(NUT))
    (tmp_path / "Annotations" / "b.xml").write_text(annotation(NUT))
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path)
    assert reasons(error.value.faults) == "Annotations/b.xml: has no image: none is called 'b' where it should be"


def test_an_annotation_file_that_is_too_large_is_not_parsed(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(per_image, "MAX_LABEL_BYTES", 200)
    with pytest.raises(FaultyFilesError) as error:
        taken(repository, tmp_path, NUT, NUT)
    assert reasons(error.value.faults) == "Annotations/a.xml: is too large for the annotations of an image: 0 MiB"


def test_the_filename_decides_where_stems_do_not(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "JPEGImages/a.png", "JPEGImages/a.jpg", "JPEGImages/b.png")
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "Annotations" / "a.xml").write_text(annotation(NUT, name="C:\\photos\\a.jpg"))
    (tmp_path / "Annotations" / "renamed.xml").write_text(annotation(NUT, name="b.png"))
    report = imported(repository, tmp_path)
    assert {path for path, one in records(repository).items() if one.annotated} == {
        "nuts/JPEGImages/a.jpg",
        "nuts/JPEGImages/b.png",
    }
    assert "unannotated, as no annotation file is about them: 1 image" in report.notes


def test_two_annotation_files_of_one_image_are_a_fault(repository: Repository, tmp_path: Path) -> None:
    put_voc(tmp_path, a=annotation(NUT))
    (tmp_path / "Annotations" / "z.xml").write_text(annotation(NUT, name="a.png"))
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path)
    assert reasons(error.value.faults) == "Annotations/z.xml: is about JPEGImages/a.png, as Annotations/a.xml is"
    put_pictures(tmp_path, "JPEGImages/b.png")
    report = imported(repository, tmp_path, skip_bad=True)
    assert (report.refused_instances, report.instances) == (2, {}), "those of both files"
    assert report.notes == ("unannotated, as no annotation file is about them: 1 image",)
    assert list(records(repository)) == ["nuts/JPEGImages/b.png"]


@pytest.mark.parametrize("layout", ["{}", "images/{}", "xml/{}", "train/{}", "data/Annotations/{}"])
def test_layouts_without_the_usual_folders(repository: Repository, tmp_path: Path, layout: str) -> None:
    put_pictures(
        tmp_path, "images/a.png" if layout == "xml/{}" else layout.replace("Annotations", "Images").format("a.png")
    )
    place = tmp_path / layout.format("a.xml")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(annotation(NUT))
    report = imported(repository, tmp_path)
    assert (report.format, report.instances) == ("voc", {"nut": 1})


def test_outlines_that_roboflow_writes_are_lost_and_counted(repository: Repository, tmp_path: Path) -> None:
    outline = "<polygon><x1>1</x1><y1>1</y1><x2>4</x2><y2>1</y2><x3>4</x3><y3>4</y3></polygon>"
    put_voc(tmp_path, a=annotation(boxed(1, 1, 4, 4, outline)))
    report = imported(repository, tmp_path)
    assert (report.format, report.notes) == ("voc", ("not kept: polygon of objects (1)",))
    assert instances(repository, "nuts/JPEGImages/a.png")[0].geometry == Box(0.0, 0.0, 4.0, 4.0)


def test_xml_of_another_kind_is_passed_over(repository: Repository, tmp_path: Path) -> None:
    put_voc(tmp_path, a=annotation(NUT))
    (tmp_path / "JPEGImages" / "a.png.aux.xml").write_text("<PAMDataset/>")
    report = imported(repository, tmp_path, format="voc")
    assert report.passed_over == 1
    assert report.notes == ("not of this format, passed over: JPEGImages/a.png.aux.xml",)


def test_annotations_of_another_folder(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path / "photos", "a.png")
    (tmp_path / "said").mkdir()
    (tmp_path / "said" / "a.xml").write_text(annotation(NUT))
    report = imported(repository, tmp_path / "photos", annotations=tmp_path / "said")
    assert (report.format, report.instances) == ("voc", {"nut": 1})
    (tmp_path / "said" / "a.xml").write_text(annotation(NUT, boxed(1, 1, 3, 3)))
    assert imported(repository, tmp_path / "photos", annotations=tmp_path / "said").files.instances_added == 1


def test_the_splits_of_main(repository: Repository, tmp_path: Path) -> None:
    put_voc(tmp_path, **{stem: annotation() for stem in "abcde"})
    put_list(tmp_path, "Main/train.txt", "\n# a comment\na\nb.png\n")
    put_list(tmp_path, "Main/val.txt", "c")
    put_list(tmp_path, "Main/trainval.txt", "a\nb\nc\nd")
    put_list(tmp_path, "Main/nut_train.txt", "e -1\n")
    put_list(tmp_path, "Segmentation/test.txt", "e\n")
    report = imported(repository, tmp_path)
    found = {path[-5]: one.variables.get("split") for path, one in records(repository).items()}
    assert found == {"a": "train", "b": "train", "c": "val", "d": "trainval", "e": None}
    (split,) = repository.working_tree().tree.variables
    assert (split.name, split.type, split.choices) == ("split", ValueType.ENUM, ("train", "val", "trainval"))
    assert (report.passed_over, report.notes) == (2, ())


@pytest.mark.parametrize("kind", ["", "Segmentation/", "Layout/", "Action/"])
def test_other_lists_count_where_main_has_none(repository: Repository, tmp_path: Path, kind: str) -> None:
    put_list(put_voc(tmp_path, a=annotation()), f"{kind}mini.txt", "a  1\n")
    imported(repository, tmp_path)
    assert records(repository)["nuts/JPEGImages/a.png"].variables == {"split": "mini"}


def test_lists_that_overlap_or_name_nothing_are_told(repository: Repository, tmp_path: Path) -> None:
    put_voc(tmp_path, a=annotation(), b=annotation())
    put_list(tmp_path, "Main/train.txt", "a\nb\n../c\nd\ne e\nf\n")
    put_list(tmp_path, "Main/test.txt", "b\n")
    report = imported(repository, tmp_path)
    assert records(repository)["nuts/JPEGImages/b.png"].variables == {"split": "train"}
    assert report.notes == (
        "ImageSets/Main/train.txt: no image of these names: '../c', 'd', 'e e', … (4)",
        "1 image in both ImageSets/Main/train.txt and ImageSets/Main/test.txt: the former counts",
    )


def test_a_list_that_is_no_text_is_a_fault(repository: Repository, tmp_path: Path) -> None:
    put_list(put_voc(tmp_path, a=annotation()), "Main/train.txt", "")
    (tmp_path / "ImageSets/Main/train.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(FaultyFilesError, match="1 file cannot be imported"):
        imported(repository, tmp_path)


def test_a_list_names_an_image_without_annotations(repository: Repository, tmp_path: Path) -> None:
    put_list(put_voc(tmp_path, a=annotation()), "Main/test.txt", "b\n")
    put_pictures(tmp_path, "JPEGImages/b.png")
    imported(repository, tmp_path)
    found = records(repository)["nuts/JPEGImages/b.png"]
    assert (found.annotated, found.variables) == (False, {"split": "test"})


def test_a_map_of_labels_declares_them(repository: Repository, tmp_path: Path) -> None:
    put_voc(tmp_path, a=annotation(NUT, boxed(1, 1, 3, 3).replace("nut", "leaf")))
    (tmp_path / "labelmap.txt").write_text("# label:color_rgb:parts:actions\nstem:1,2,255::\nnut:::\n")
    imported(repository, tmp_path)
    found = [(one.name, one.color) for one in repository.working_tree().tree.labels]
    assert found == [("stem", "#0102ff"), ("nut", None), ("leaf", None)]


@pytest.mark.parametrize("line", ["nut:1,2", "nut:1,2,256", "nut:1,2,x", ":1,2,3", "nut:-1,2,3"])
def test_a_broken_map_of_labels_is_a_fault(repository: Repository, tmp_path: Path, line: str) -> None:
    put_voc(tmp_path, a=annotation(NUT))
    (tmp_path / "labelmap.txt").write_text(f"\n{line}\n")
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path)
    assert "labelmap.txt: line 2 " in reasons(error.value.faults)


def test_blood_cells_have_the_counts_of_another_reader(repository: Repository, shared_data: Path) -> None:
    report = imported(repository, shared_data / "bccd")
    roots = [Reference.parse(place).getroot() for place in (shared_data / "bccd" / "Annotations").glob("*.xml")]
    seen = Counter(one.findtext("name") for root in roots for one in root.iter("object"))
    left_out = Counter({"RBC": 2})
    assert seen == Counter(RBC=4155, WBC=372, Platelets=361)
    assert Counter(report.instances) + left_out == seen
    assert [str(one).partition(": line")[0] for one in report.left_out] == [
        "Annotations/BloodImage_00338.xml",
        "Annotations/BloodImage_00343.xml",
    ]
    assert (report.format, report.files.added, report.faulty_files, report.adjusted) == ("voc", 364, (), ())
    splits = Counter(one.variables["split"] for one in records(repository).values())
    assert splits == {"train": 205, "val": 87, "test": 72}
    assert all(one.annotated for one in records(repository).values())


def test_blood_cells_with_degenerate_boxes(repository: Repository, shared_data: Path) -> None:
    with pytest.raises(FaultyFilesError, match="2 instances cannot be stored"):
        imported(repository, shared_data / "bccd", strict=True)
    report = imported(repository, shared_data / "bccd", keep_degenerate=True)
    assert (sum(report.instances.values()), report.left_out) == (4888, ())


@pytest.mark.parametrize(("name", "masks"), [("voc_dataset1", 1), ("voc_dataset3", 0)])
def test_the_fixtures_have_the_counts_of_another_reader(
    repository: Repository, shared_data: Path, name: str, masks: int
) -> None:
    source = shared_data / "format-fixtures" / "voc_dataset" / name
    report = imported(repository, source)
    roots = [Reference.parse(place).getroot() for place in (source / "Annotations").glob("*.xml")]
    seen = sum(1 for root in roots for one in root.iter() if one.tag in {"object", "part"})
    assert report.format == "voc"
    assert sum(report.instances.values()) + len(report.left_out) == seen + masks


def test_the_fixture_without_images_names_each_annotation_file(repository: Repository, shared_data: Path) -> None:
    source = shared_data / "format-fixtures" / "voc_dataset" / "voc_dataset2"
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, source)
    assert len(error.value.faults) == len(list(source.glob("Annotations/*.xml"))) == 5


def test_xml_of_other_programs_in_another_folder_hides_nothing(repository: Repository, tmp_path: Path) -> None:
    put_voc(tmp_path, a=annotation(NUT))
    for number in range(30):
        (tmp_path / f"{number}.jpg.aux.xml").write_text("<PAMDataset/>")
    report = imported(repository, tmp_path)
    assert (report.format, report.instances) == ("voc", {"nut": 1})
