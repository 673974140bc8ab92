"""YOLO data sets: what is kept, and what is named when it is wrong."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sources import imported, instances, put_file, put_pictures, reasons, records, turned_jpeg

from dvcore.errors import DsetError, FaultyFilesError, InvalidInputError, NotFoundError
from dvcore.formats.intake.placing import Coordinates
from dvcore.formats.intake.report import ImportReport
from dvcore.model.geometry import Box, Keypoints, Polygon, RotatedBox
from dvcore.repo.repository import Repository

BOX = "0 0.5 0.5 0.5 0.25\n"
"""Of a picture of 12x8 pixels, in its middle: 3, 3, 6, 2."""


@pytest.fixture
def repository() -> Repository:
    return Repository.in_memory()


def taken(repository: Repository, folder: Path, labels: str | bytes, yaml: str | bytes = "") -> ImportReport:
    """Import one picture with these labels."""
    put_pictures(folder, "images/a.png")
    put_file(folder, "labels/a.txt", labels)
    if yaml:
        put_file(folder, "data.yaml", yaml)
    return imported(repository, folder, format="yolo")


def geometries(repository: Repository, path: str = "nuts/images/a.png") -> list[object]:
    return [one.geometry for one in instances(repository, path)]


def test_photographs_with_boxes(repository: Repository, shared_data: Path) -> None:
    lines = [line for file in (shared_data / "yolo" / "labels").iterdir() for line in file.read_text().splitlines()]
    names = (shared_data / "yolo" / "classes.txt").read_text().split()
    report = imported(repository, shared_data / "yolo")
    assert report.format == "yolo"
    assert "holds YOLO rows" in report.reason
    assert len(lines) == 25
    assert report.instances == Counter(names[int(line.split()[0])] for line in lines)
    assert (report.left_out, report.adjusted, report.files.added) == ((), (), 7)
    assert [(one.name, one.source) for one in repository.working_tree().tree.labels] == list(
        zip(names, range(4), strict=True)
    )


@pytest.mark.parametrize("name", ["annotations", "labels", "strict"])
def test_each_layout_of_the_fixtures(repository: Repository, shared_data: Path, name: str) -> None:
    source = shared_data / "format-fixtures" / "yolo_dataset" / name
    texts = list(source.rglob("1.txt"))
    rows = [line for file in texts for line in file.read_text().splitlines()]
    report = imported(repository, source)
    assert (report.format, report.files.added) == ("yolo", len(texts))
    assert report.instances == {"label_2": len(rows) // 2, "label_4": len(rows) // 2}
    assert (report.left_out, report.adjusted) == ((), ())
    assert all(one.annotated for one in records(repository).values())
    assert len(repository.working_tree().tree.labels) == 10


def test_splits_of_the_fixtures(repository: Repository, shared_data: Path) -> None:
    source = shared_data / "format-fixtures" / "yolo_dataset"
    imported(repository, source / "labels", to="a")
    imported(repository, source / "strict", to="b")
    assert {path: one.variables["split"] for path, one in records(repository).items()} == {
        "a/images/train/1.jpg": "train",
        "a/images/val/1.jpg": "val",
        "b/obj_train_data/1.jpg": "train",
    }


def test_a_box_with_and_without_a_score(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, BOX + "1 0.5 0.5 1 1 0.75\n", "names: [nut, leaf]")
    nut, leaf = sorted(instances(repository, "nuts/images/a.png"), key=lambda one: one.label, reverse=True)
    assert (nut.label, nut.geometry, nut.attributes) == ("nut", Box(3.0, 3.0, 6.0, 2.0), {})
    assert (leaf.label, leaf.geometry, leaf.attributes) == ("leaf", Box(0.0, 0.0, 12.0, 8.0), {"score": 0.75})
    assert report.instances == {"leaf": 1, "nut": 1}


def test_an_outline(repository: Repository, tmp_path: Path) -> None:
    taken(repository, tmp_path, "0 0.25 0.25 0.75 0.25 0.75 0.75\n" + BOX)
    assert Polygon((((3.0, 2.0, 9.0, 2.0, 9.0, 6.0),),)) in geometries(repository)


def test_the_last_point_of_an_outline_may_be_the_first_again(repository: Repository, tmp_path: Path) -> None:
    taken(repository, tmp_path, "0 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.25\n" + BOX)
    assert Polygon((((3.0, 2.0, 9.0, 2.0, 9.0, 6.0),),)) in geometries(repository)


DIAMOND = "0 0.5 0.25 0.6666666666666666 0.5 0.5 0.75 0.3333333333333333 0.5\n"
"""A square on its tip: (6, 2), (8, 4), (6, 6), (4, 4)."""


def test_where_all_lines_have_four_points_they_are_corners(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, DIAMOND)
    (box,) = geometries(repository)
    assert isinstance(box, RotatedBox)
    assert (box.cx, box.cy, box.angle) == (6.0, 4.0, 45.0)
    assert box.width == box.height == pytest.approx(8**0.5)
    assert "every line has nine columns: taken as corners of rotated boxes" in reasons(report.notes)


def test_where_other_lines_are_outlines_all_are(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "images/b.png")
    put_file(tmp_path, "labels/b.txt", "0 0.25 0.25 0.75 0.25 0.75 0.75\n")
    taken(repository, tmp_path, DIAMOND)
    assert geometries(repository) == [Polygon((((6.0, 2.0, 8.0, 4.0, 6.0, 6.0, 4.0, 4.0),),))]


@pytest.mark.parametrize(("task", "kind"), [("segment", Polygon), ("obb", RotatedBox)])
def test_the_task_decides_what_four_points_are(
    repository: Repository, tmp_path: Path, task: str, kind: type[object]
) -> None:
    report = taken(repository, tmp_path, DIAMOND + BOX, f"names: [nut]\ntask: {task}")
    assert {type(one) for one in geometries(repository)} == {kind, Box}
    assert "nine columns" not in reasons(report.notes)


def test_four_points_that_are_no_rectangle_stay_a_polygon(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, "0 0 0 1 0 0.5 0.5 0 1\n", "names: [nut]\ntask: obb")
    assert geometries(repository) == [Polygon((((0.0, 0.0, 12.0, 0.0, 6.0, 4.0, 0.0, 8.0),),))]
    assert "labels/a.txt: line 1: stays a polygon: its points are not the corners of a rectangle" in reasons(
        report.adjusted
    )


def test_corners_may_go_round_either_way(repository: Repository, tmp_path: Path) -> None:
    taken(repository, tmp_path, "0 0 0 0.5 0 0.5 0.5 0 0.5\n0 0 0 0 0.5 0.5 0.5 0.5 0\n")
    assert set(map(repr, geometries(repository))) == {repr(RotatedBox(3.0, 2.0, 6.0, 4.0, 0.0))}


def test_outlines_and_corners_with_scores(repository: Repository, tmp_path: Path) -> None:
    taken(repository, tmp_path, DIAMOND.strip() + " 0.5\n", "names: [nut]\ntask: obb")
    (one,) = instances(repository, "nuts/images/a.png")
    assert (type(one.geometry), one.attributes) == (RotatedBox, {"score": 0.5})


def test_keypoints(repository: Repository, tmp_path: Path) -> None:
    yaml = "names: {0: nut}\nkpt_shape: [3, 3]\nkpt_names: {0: [stem, middle, tip]}\nflip_idx: [0, 1, 2]"
    line = "0 0.5 0.5 0.5 0.25  0.25 0.5 2  0.5 0.5 1  0 0 0"
    report = taken(repository, tmp_path, line, yaml)
    (one,) = instances(repository, "nuts/images/a.png")
    assert one.geometry == Keypoints(((3.0, 4.0, 2), (6.0, 4.0, 1), (0.0, 0.0, 0)))
    assert one.box == Box(3.0, 3.0, 6.0, 2.0)
    (label,) = repository.working_tree().tree.labels
    assert label.keypoints == ("stem", "middle", "tip")
    assert "data.yaml: not kept: flip_idx" in reasons(report.notes)


def test_keypoints_of_two_numbers_are_visible_or_not_there(repository: Repository, tmp_path: Path) -> None:
    line = "0 0.5 0.5 0.5 0.25  0.25 0.5  0 0  -1 -1 0.5"
    report = taken(repository, tmp_path, line, "names: [nut]\nkpt_shape: [3, 2]")
    assert report.adjusted == ()
    (one,) = instances(repository, "nuts/images/a.png")
    assert one.geometry == Keypoints(((3.0, 4.0, 2), (0.0, 0.0, 0), (0.0, 0.0, 0)))
    assert one.attributes == {"score": 0.5}
    assert repository.working_tree().tree.labels[0].keypoints == ("0", "1", "2")


def test_an_empty_file_is_annotated_and_none_is_not(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "images/b.png", "images/c.png")
    put_file(tmp_path, "labels/b.txt", "")
    report = taken(repository, tmp_path, BOX)
    found = {path: one.annotated for path, one in records(repository).items()}
    assert found == {"nuts/images/a.png": True, "nuts/images/b.png": True, "nuts/images/c.png": False}
    assert "unannotated, as they have no label file: 1 image" in reasons(report.notes)


@pytest.mark.parametrize(
    ("image", "label"),
    [
        ("images/train/a.png", "labels/train/a.txt"),
        ("train/images/a.png", "train/labels/a.txt"),
        ("a.png", "a.txt"),
        ("deep/er/a.png", "deep/er/a.txt"),
        ("Images/a.png", "Annotations/a.txt"),
        ("a.png", "labels/a.txt"),
    ],
)
def test_layouts_are_found(repository: Repository, tmp_path: Path, image: str, label: str) -> None:
    put_pictures(tmp_path, image)
    put_file(tmp_path, label, BOX)
    report = imported(repository, tmp_path)
    assert (report.format, report.reason) == ("yolo", f"{label} holds YOLO rows")
    assert report.instances == {"0": 1}


def test_without_names_labels_are_indices(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, "10 0.5 0.5 0.5 0.25\n9 0.5 0.5 0.5 0.25\n10 0.1 0.1 0.1 0.1")
    assert [(one.name, one.source) for one in repository.working_tree().tree.labels] == [("9", 9), ("10", 10)]
    assert report.instances == {"10": 2, "9": 1}
    assert "no names of classes are there: labels are their indices" in reasons(report.notes)


@pytest.mark.parametrize(
    ("name", "content", "labels"),
    [
        ("data.yaml", "names:\n  0: nut\n  7: leaf\n", {0: "nut", 7: "leaf"}),
        ("data.yaml", "names: [no, '1.0']\r\nnc: 2\r\n", {0: "no", 1: "1.0"}),
        ("my.yml", b"\xef\xbb\xbfnames: [n\xc3\xbcsse]\n", {0: "nüsse"}),
        ("classes.txt", "nut\r\ntree leaf \r\n\r\n", {0: "nut", 1: "tree leaf"}),
        ("labels/classes.txt", "nut\n", {0: "nut"}),
        ("obj.names", "nut\n\nleaf", {0: "nut", 2: "leaf"}),
        ("classes.txt", "nut\nleaf\n".encode("utf-16"), {0: "nut", 1: "leaf"}),
    ],
)
def test_where_names_come_from(
    repository: Repository, tmp_path: Path, name: str, content: str | bytes, labels: dict[int, str]
) -> None:
    put_file(tmp_path, name, content)
    report = taken(repository, tmp_path, BOX)
    assert {one.source: one.name for one in repository.working_tree().tree.labels} == labels
    assert report.instances == {labels[0]: 1}


def test_data_yaml_goes_before_other_names(repository: Repository, tmp_path: Path) -> None:
    put_file(tmp_path, "classes.txt", "leaf\n")
    put_file(tmp_path, "hyp.yaml", "lr0: 0.01\n")
    assert taken(repository, tmp_path, BOX, "names: [nut]").instances == {"nut": 1}


def test_two_descriptions_that_differ_are_an_error(repository: Repository, tmp_path: Path) -> None:
    put_file(tmp_path, "other.yaml", "names: [leaf]\n")
    with pytest.raises(InvalidInputError, match=r"several files: data\.yaml, other\.yaml; name one with --annotations"):
        taken(repository, tmp_path, BOX, "names: [nut]")
    report = imported(repository, tmp_path, annotations=tmp_path / "other.yaml")
    assert (report.format, report.reason) == ("yolo", "other.yaml describes a YOLO data set")
    assert report.instances == {"leaf": 1}


def test_a_description_that_is_named_may_lie_elsewhere(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "set/images/a.png")
    put_file(tmp_path, "set/labels/a.txt", BOX)
    put_file(tmp_path, "nuts.yaml", "names: [nut]\ntrain: set/images\n")
    report = imported(repository, tmp_path / "set", annotations=tmp_path / "nuts.yaml")
    assert report.instances == {"nut": 1}
    assert records(repository)["nuts/images/a.png"].variables == {"split": "train"}
    with pytest.raises(NotFoundError, match=r"no annotation file .*gone\.yaml"):
        imported(repository, tmp_path / "set", annotations=tmp_path / "gone.yaml")


@pytest.mark.parametrize(
    "yaml",
    [
        "path: /home/somebody/nuts\ntrain: images/train\nval: [images/val]\n",
        "train: ../images/train\nval: ../images/val\ntest: ../images/test\n",
        "path: ../nuts\ntrain: images\\train\nval: val.txt\n",
    ],
)
def test_splits_of_a_data_yaml(repository: Repository, tmp_path: Path, yaml: str) -> None:
    put_pictures(tmp_path, "images/train/a.png", "images/val/b.png", "images/c.png")
    put_file(tmp_path, "labels/train/a.txt", BOX)
    put_file(tmp_path, "data.yaml", f"names: [nut]\n{yaml}")
    put_file(tmp_path, "val.txt", "./images/val/b.png\n/elsewhere/images/val/gone.png\n")
    report = imported(repository, tmp_path, format="yolo")
    found = {path: one.variables.get("split") for path, one in records(repository).items()}
    assert found == {"nuts/images/train/a.png": "train", "nuts/images/val/b.png": "val", "nuts/images/c.png": None}
    assert [one.choices for one in repository.working_tree().tree.variables] == [("train", "val")]
    if "val.txt" in yaml:
        assert "val.txt: 1 of its images are not there" in reasons(report.notes)
    if "test" in yaml:
        assert "data.yaml: test: ../images/test is not there" in reasons(report.notes)


def test_the_longest_end_of_a_path_that_is_there_counts(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "train/images/a.png", "images/b.png")
    put_file(tmp_path, "train/labels/a.txt", BOX)
    put_file(tmp_path, "data.yaml", "names: [nut]\npath: ../x\ntrain: train/val/../images\nval: y/images\n")
    imported(repository, tmp_path)
    assert {path: one.variables["split"] for path, one in records(repository).items()} == {
        "nuts/images/b.png": "val",
        "nuts/train/images/a.png": "train",
    }


def test_an_image_in_two_lists_has_the_first_split(repository: Repository, tmp_path: Path) -> None:
    put_file(tmp_path, "train.txt", "images/a.png\n")
    report = taken(repository, tmp_path, BOX, "names: [nut]\ntrain: train.txt\nval: train.txt\n")
    assert records(repository)["nuts/images/a.png"].variables == {"split": "train"}
    assert "1 image in more than one split: the first counts" in reasons(report.notes)


def test_published_splits_are_found_in_folders(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "train/images/a.png", "valid/images/b.png")
    put_file(tmp_path, "train/labels/a.txt", BOX)
    imported(repository, tmp_path)
    assert {one.variables["split"] for one in records(repository).values()} == {"train", "valid"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("0 0.5 0.5 0.5", "has 4 columns, which is neither a box (5) nor an outline (7, 9, 11 …)"),
        ("0 " + "0.5 " * 55, "has 56 columns, which is neither a box (5) nor an outline (7, 9, 11 …); keypoints need"),
        ("x 0.5 0.5 0.5 0.5", "has 'x' where a number should be"),
        ("0 0,5 0.5 0.5 0.5", "has '0,5' where a number should be"),
        ("0 0.5 0.5 0.5 1_0", "has '1_0' where a number should be"),
        ("0.5 0.5 0.5 0.5 0.5", "has '0.5' where a whole number should be"),
        ("nan 0.5 0.5 0.5 0.5", "has 'nan' where a whole number should be"),
        ("-1 0.5 0.5 0.5 0.5", "has the class -1"),
        ("2 0.5 0.5 0.5 0.5", "has the unknown class 2: data.yaml has classes from 0 to 0"),
        ("0 nan 0.5 0.5 0.5", "has the coordinate nan"),
        ("0 inf 0.5 0.5 0.5", "has the coordinate inf"),
        ("0 1e308 0.5 1e308 0.5", "has the coordinate inf"),
        ("0 0.5 0.5 0 0.5", "has no area: it is 0 wide"),
        ("0 0.5 0.5 -0.5 0.5", "has no area: it is -6 wide"),
        ("0 2.5 0.5 0.5 0.5", "is outside the image of 12x8 pixels"),
        ("0 0.5 0.5 0.5 0.5 nan", "has the score nan"),
        ("0 0.1 0.1 0.2 0.2 0.3 0.3", "has no area: its points are on a line"),
    ],
)
def test_a_faulty_line_is_left_out_and_named(repository: Repository, tmp_path: Path, line: str, reason: str) -> None:
    report = taken(repository, tmp_path, f"\n{BOX}{line}\n", "names: [nut]")
    (fault,) = report.left_out
    assert str(fault).startswith(f"labels/a.txt: line 3: {reason}")
    assert report.instances == {"nut": 1}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("0 0.5 0.5 0.5 0.5 0.5 0.5 3", "has a keypoint of visibility 3, not 0, 1 or 2"),
        ("0 0.5 0.5 0.5 0.5 0.5 0.5", "has 7 columns, which is neither a box (5) nor a box with 1 keypoints of 3"),
    ],
)
def test_faulty_keypoints(repository: Repository, tmp_path: Path, line: str, reason: str) -> None:
    report = taken(repository, tmp_path, line, "names: [nut]\nkpt_shape: [1, 3]")
    assert reason in reasons(report.left_out)


def test_lines_may_end_in_any_way(repository: Repository, tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + b"\t0  0.5\t0.5 0.5 0.25 \r\n\r\n0 0.25 0.25 0.1 0.1\r0 0.7 0.7 0.1 0.1"
    assert taken(repository, tmp_path, content).instances == {"0": 3}


def test_an_edge_that_is_beyond_the_image_by_six_digits_is_on_it(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, "0 0.133333 0.833333 0.266667 0.333335\n0 0 0 1.0000004 0 1.0000004 1\n")
    assert report.adjusted == ()
    box = next(one for one in geometries(repository) if isinstance(one, Box))
    assert (box.x, box.y + box.height) == (0.0, 8.0)


def test_a_box_over_the_edge_is_cut_off_and_named(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, "0 0 0.5 0.5 0.5\n")
    assert reasons(report.adjusted) == "labels/a.txt: line 1: was cut off at the edge of the image"
    assert geometries(repository) == [Box(0.0, 2.0, 3.0, 4.0)]


@pytest.mark.parametrize(
    ("coordinates", "box"),
    [(Coordinates.DISPLAYED, Box(0.0, 0.0, 4.0, 3.0)), (Coordinates.RAW, Box(6.0, 0.0, 2.0, 6.0))],
)
def test_fractions_are_of_the_image_that_they_were_drawn_on(
    repository: Repository, tmp_path: Path, coordinates: Coordinates, box: Box
) -> None:
    (tmp_path / "a.jpg").write_bytes(turned_jpeg(6))  # 12x8 as stored, 8x12 as displayed
    put_file(tmp_path, "a.txt", "0 0.25 0.125 0.5 0.25")
    imported(repository, tmp_path, coordinates=coordinates)
    assert geometries(repository, "nuts/a.jpg") == [box]


def test_rows_for_no_image_are_a_fault_and_other_texts_are_passed_over(repository: Repository, tmp_path: Path) -> None:
    put_file(tmp_path, "README.txt", "Nuts, many of them.\n")
    put_file(tmp_path, "labels/empty.txt", "")
    put_file(tmp_path, "noise.txt", b"\x00\x01")
    put_file(tmp_path, "labels/gone.txt", BOX)
    with pytest.raises(FaultyFilesError) as error:
        taken(repository, tmp_path, BOX)
    assert reasons(error.value.faults).startswith("labels/gone.txt: has no image")
    report = imported(repository, tmp_path, skip_bad=True)
    assert (report.files.added, report.passed_over) == (1, 3)


def test_a_label_file_that_is_broken_keeps_its_image_out(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "images/b.png")
    put_file(tmp_path, "labels/b.txt", b"\x00\x01\x02")
    with pytest.raises(FaultyFilesError, match="1 file cannot be imported"):
        taken(repository, tmp_path, BOX)
    report = imported(repository, tmp_path, skip_bad=True)
    assert list(records(repository)) == ["nuts/images/a.png"]
    assert reasons(report.faulty_files) == "labels/b.txt: is no text: it holds a zero byte"


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"\xff\xfe0", "is no text in UTF-16"), (b"0 \xff", "is no text in UTF-8"), (b"a\n" * 2000, "1,000 faulty lines")],
)
def test_what_is_no_label_file(repository: Repository, tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(FaultyFilesError) as error:
        taken(repository, tmp_path, content)
    assert reason in reasons(error.value.faults)


def test_an_image_with_two_label_files_is_a_fault(repository: Repository, tmp_path: Path) -> None:
    put_file(tmp_path, "images/a.txt", BOX)
    with pytest.raises(FaultyFilesError) as error:
        taken(repository, tmp_path, BOX)
    assert "is about images/a.png, as images/a.txt is" in reasons(error.value.faults)


@pytest.mark.parametrize(
    ("yaml", "reason"),
    [
        ("names: [nut\n", "data.yaml is no YAML: "),
        ("names: &a [*a]", "data.yaml is no YAML: "),
        ("names: " + "[" * 100_000, "data.yaml is nested too deeply"),
        ("names: [nut]\n#" + "x" * (1 << 20), "data.yaml is too large"),
        ("names: [[nut]]", "data.yaml has a name that is no text for the class 0"),
        ("names: {a: nut}", "data.yaml has 'a' where a number should be"),
        ("names: nut", "data.yaml has names that are neither a list nor a map"),
        ("names: [nut]\nkpt_shape: [0, 3]", "data.yaml has a kpt_shape that is not"),
        ("names: [nut]\nkpt_shape: [3, 3]\nkpt_names: {0: [a, a, b]}", "data.yaml has kpt_names that are not 3"),
        ("names: [nut]\ntrain: {a: b}", "data.yaml has for 'train' neither a folder nor a file of paths"),
        (b"names: [\xff]", "data.yaml is no text in UTF-8"),
    ],
)
def test_a_description_that_is_broken_is_an_error(
    repository: Repository, tmp_path: Path, yaml: str | bytes, reason: str
) -> None:
    with pytest.raises(InvalidInputError) as error:
        taken(repository, tmp_path, BOX, yaml)
    assert error.value.message.startswith(reason)


def test_a_yaml_of_something_else_that_is_broken_can_be_got_round(repository: Repository, tmp_path: Path) -> None:
    put_file(tmp_path, "other.yaml", "a: [")
    with pytest.raises(InvalidInputError, match=r"other.yaml is no YAML") as error:
        taken(repository, tmp_path, BOX, "names: [nut]")
    assert error.value.hint == "name what describes the data set with --annotations"
    assert imported(repository, tmp_path, annotations=tmp_path / "data.yaml").instances == {"nut": 1}


def test_aliases_that_multiply_take_no_room(repository: Repository, tmp_path: Path) -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30))
    report = taken(repository, tmp_path, BOX, f"{bomb}names: [nut]\nnc: *a29\ntask: *a29\n")
    assert report.instances == {"nut": 1}


def test_classes_of_one_name_are_one_label_and_a_blank_one_is_named(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, "1 0.5 0.5 0.5 0.5\n2 0.5 0.5 0.5 0.5", "names: [nut, nut, ' ']\nnc: 4")
    assert report.instances == {"nut": 1}
    assert sum("the classes 0 and 1 are one label, 'nut'" in note for note in report.notes) == 1
    assert "data.yaml says nc: 4, and names 3 classes" in reasons(report.notes)
    assert "data.yaml: class 2: ' ' cannot be a label: it is blank" in reasons(report.left_out)
    assert "line 2: has the unknown class 2" in reasons(report.left_out)


def test_captions_beside_images_are_no_labels(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png")
    put_file(tmp_path, "a.txt", "a photograph of 3 nuts\n")
    assert imported(repository, tmp_path).format == "images"


def test_many_empty_label_files_before_the_first_row_hide_nothing(repository: Repository, tmp_path: Path) -> None:
    for name in [f"a{number}" for number in range(30)]:
        put_pictures(tmp_path, f"{name}.png")
        put_file(tmp_path, f"{name}.txt", "")
    put_pictures(tmp_path, "z.png")
    put_file(tmp_path, "z.txt", BOX)
    report = imported(repository, tmp_path)
    assert (report.format, report.instances) == ("yolo", {"0": 1})
    assert all(one.annotated for one in records(repository).values())


@pytest.mark.parametrize("description", [("data.yaml", "names: [nut]"), ("classes.txt", "nut"), ("obj.names", "nut")])
def test_empty_label_files_and_a_description_are_a_data_set(
    repository: Repository, tmp_path: Path, description: tuple[str, str]
) -> None:
    put_pictures(tmp_path, "images/a.png")
    put_file(tmp_path, "labels/a.txt", "")
    put_file(tmp_path, "docker.yaml", "services: {}")
    assert imported(Repository.in_memory(), tmp_path).format == "images"
    put_file(tmp_path, *description)
    report = imported(repository, tmp_path)
    assert (report.format, report.instances) == ("yolo", {})
    assert "labels/a.txt is empty, and the source has" in report.reason
    assert [one.annotated for one in records(repository).values()] == [True]


def test_importing_again_changes_nothing(repository: Repository, tmp_path: Path) -> None:
    first = taken(repository, tmp_path, BOX + DIAMOND, "names: [nut]\ntask: obb")
    again = imported(repository, tmp_path, format="yolo")
    assert (first.files.instances_added, again.files.instances_added, again.files.instances_present) == (2, 0, 2)


@given(
    labels=st.binary(max_size=80) | st.text("01.e-+ \n\tnaif", max_size=80).map(str.encode), yaml=st.binary(max_size=60)
)
def test_no_other_error_escapes(labels: bytes, yaml: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    try:
        report = taken(Repository.in_memory(), folder, labels, yaml)
    except DsetError:
        return
    lines = [line for line in labels.replace(b"\r", b"\n").split(b"\n") if line.strip()]
    assert sum(report.instances.values()) + len(report.left_out) <= max(1, len(lines)) + 1
