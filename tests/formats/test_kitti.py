"""KITTI object labels: what is kept, and what is named when it is wrong."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sources import imported, instances, put_file, put_pictures, reasons, records

from dvcore.errors import DsetError, FaultyFilesError
from dvcore.formats.intake.report import ImportReport
from dvcore.model.geometry import Box
from dvcore.repo.repository import Repository

CAR = "Car 0.50 1 -1.57 1.0 2.0 7.5 6.0 1.60 1.57 3.23 -2.70 1.74 3.68 -1.29\n"
DONT_CARE = "DontCare -1 -1 -10 8 1 11 4 -1 -1 -1 -1000 -1000 -1000 -10\n"
"""In pictures of 12x8 pixels."""


@pytest.fixture
def repository() -> Repository:
    return Repository.in_memory()


def taken(repository: Repository, folder: Path, labels: str | bytes) -> ImportReport:
    """Import one picture with these labels."""
    put_pictures(folder, "image_2/a.png")
    put_file(folder, "label_2/a.txt", labels)
    return imported(repository, folder, format="kitti")


@pytest.mark.parametrize(("name", "lines"), [("kitti_detection", 5), ("kitti_3d", 3), ("kitti_3d_with_subset", 5)])
def test_each_line_of_the_fixtures_is_taken_or_named(
    repository: Repository, shared_data: Path, name: str, lines: int
) -> None:
    source = shared_data / "format-fixtures" / "kitti_dataset" / name
    labels = [file for file in source.rglob("*.txt") if "label_2" in file.parts]
    assert sum(len(file.read_text().splitlines()) for file in labels) == lines
    report = imported(repository, source)
    assert (report.format, report.files.added) == ("kitti", len(labels))
    assert sum(report.instances.values()) + len(report.left_out) == lines
    assert report.instances == ({"Truck": 1, "Van": 4} if name == "kitti_detection" else {})
    assert all(one.annotated for one in records(repository).values())


def test_what_the_fixtures_hold(repository: Repository, shared_data: Path) -> None:
    source = shared_data / "format-fixtures" / "kitti_dataset" / "kitti_3d_with_subset"
    report = imported(repository, source)
    assert [one.reason for one in report.left_out] == ["is outside the image of 10x10 pixels"] * 5  # stubs of images
    assert {path: one.variables["split"] for path, one in records(repository).items()} == {
        "nuts/image_2/test/000002.png": "test",
        "nuts/image_2/train/000000.png": "train",
        "nuts/image_2/val/000001.png": "val",
    }


def test_a_line(repository: Repository, tmp_path: Path) -> None:
    taken(repository, tmp_path, CAR)
    (car,) = instances(repository, "nuts/image_2/a.png")
    assert (car.label, car.geometry) == ("Car", Box(1.0, 2.0, 6.5, 4.0))
    assert car.attributes == {
        "truncated": 0.5,
        "occluded": 1,
        "alpha": -1.57,
        "dimension_height": 1.6,
        "dimension_width": 1.57,
        "dimension_length": 3.23,
        "location_x": -2.7,
        "location_y": 1.74,
        "location_z": 3.68,
        "rotation_y": -1.29,
    }


def test_what_is_unknown_is_no_attribute(repository: Repository, tmp_path: Path) -> None:
    taken(repository, tmp_path, DONT_CARE)
    (region,) = instances(repository, "nuts/image_2/a.png")
    assert (region.label, region.geometry, region.attributes) == ("DontCare", Box(8.0, 1.0, 3.0, 3.0), {})


def test_a_score(repository: Repository, tmp_path: Path) -> None:
    taken(repository, tmp_path, CAR.replace("\n", " 0.25\n"))
    (car,) = instances(repository, "nuts/image_2/a.png")
    assert car.attributes["score"] == 0.25


def test_labels_are_declared_in_the_order_of_their_names(repository: Repository, tmp_path: Path) -> None:
    taken(repository, tmp_path, DONT_CARE + CAR)
    assert [one.name for one in repository.working_tree().tree.labels] == ["Car", "DontCare"]


@pytest.mark.parametrize(
    ("image", "label"),
    [
        ("training/image_2/a.png", "training/label_2/a.txt"),
        ("images/a.png", "labels/a.txt"),
        ("image_2/a.png", "label_2/a.txt"),
        ("a.png", "a.txt"),
    ],
)
def test_layouts_are_found(repository: Repository, tmp_path: Path, image: str, label: str) -> None:
    put_pictures(tmp_path, image)
    put_file(tmp_path, label, CAR)
    report = imported(repository, tmp_path)
    assert (report.format, report.reason) == ("kitti", f"{label} holds KITTI rows")
    assert report.instances == {"Car": 1}


def test_calibrations_are_passed_over(repository: Repository, tmp_path: Path) -> None:
    put_file(tmp_path, "calib/a.txt", "P0: 7.215377e+02 0 6.095593e+02\n")
    put_file(tmp_path, "velodyne/a.txt", b"\x00\x01")
    report = taken(repository, tmp_path, CAR)
    assert (report.passed_over, report.instances) == (2, {"Car": 1})
    assert "not of this format, passed over: calib/a.txt, velodyne/a.txt" in reasons(report.notes)


def test_a_label_file_beside_its_image_may_be_faulty_in_every_line(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png", "b.png", "c.png")
    put_file(tmp_path, "a.txt", CAR)
    put_file(tmp_path, "b.txt", CAR.replace("7.5", "x"))
    put_file(tmp_path, "c.txt", "one two three four five six seven eight nine ten eleven twelve 13 14 15\n")
    report = imported(repository, tmp_path)
    assert (report.format, report.instances) == ("kitti", {"Car": 1})
    assert reasons(report.left_out) == "b.txt: line 1: has 'x' where a number should be"
    assert {path: one.annotated for path, one in records(repository).items()} == {
        "nuts/a.png": True,
        "nuts/b.png": True,
        "nuts/c.png": False,
    }


def test_many_empty_label_files_before_the_first_row_hide_nothing(repository: Repository, tmp_path: Path) -> None:
    for name in [f"a{number}" for number in range(30)]:
        put_pictures(tmp_path, f"image_2/{name}.png")
        put_file(tmp_path, f"label_2/{name}.txt", "")
    put_pictures(tmp_path, "image_2/z.png")
    put_file(tmp_path, "label_2/z.txt", CAR)
    report = imported(repository, tmp_path)
    assert (report.format, report.instances) == ("kitti", {"Car": 1})


def test_an_empty_file_is_annotated_and_none_is_not(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "image_2/b.png")
    report = taken(repository, tmp_path, "")
    assert {path: one.annotated for path, one in records(repository).items()} == {
        "nuts/image_2/a.png": True,
        "nuts/image_2/b.png": False,
    }
    assert "unannotated, as they have no label file: 1 image" in reasons(report.notes)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1 2 " + CAR, "has 17 columns instead of 15, or 16 with a score"),
        ("Car 0 0 0 1 2 3", "has 7 columns instead of 15"),
        (CAR.replace("7.5", "x"), "has 'x' where a number should be"),
        (CAR.replace("0.50", "nan"), "has the value nan"),
        (CAR.replace(" 1 ", " 0.5 "), "has '0.5' where a whole number should be"),
        (CAR.replace("7.5", "nan"), "has the coordinate nan"),
        (CAR.replace("7.5", "1.0"), "has no area: it is 0 wide"),
        (CAR.replace("7.5", "0.5"), "has no area: it is -0.5 wide"),
        (CAR.replace("1.0 2.0", "-9 -9").replace("7.5 6.0", "-1 -1"), "is outside the image of 12x8 pixels"),
        (CAR.replace("3.68", "inf"), "has the value inf"),
        (CAR.replace("Car", "C" * 256), "cannot be a label: it is longer than 255 bytes"),
    ],
)
def test_a_faulty_line_is_left_out_and_named(repository: Repository, tmp_path: Path, line: str, reason: str) -> None:
    report = taken(repository, tmp_path, f"{DONT_CARE}\r\n{line}")
    (fault,) = report.left_out
    assert str(fault).startswith("label_2/a.txt: line 3: ")
    assert reason in str(fault)
    assert report.instances == {"DontCare": 1}


def test_a_box_over_the_edge_is_cut_off_and_named(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, CAR.replace("7.5", "17.5"))
    assert reasons(report.adjusted) == "label_2/a.txt: line 1: was cut off at the edge of the image"


def test_a_label_file_without_an_image_and_a_broken_one_are_faults(repository: Repository, tmp_path: Path) -> None:
    put_file(tmp_path, "label_2/gone.txt", CAR)
    put_pictures(tmp_path, "image_2/b.png")
    put_file(tmp_path, "label_2/b.txt", b"Car \xff")
    with pytest.raises(FaultyFilesError) as error:
        taken(repository, tmp_path, CAR)
    assert reasons(error.value.faults).splitlines() == [
        "label_2/b.txt: is no text in UTF-8: invalid start byte",
        "label_2/gone.txt: has no image: none is called 'gone' where it should be",
    ]
    imported(repository, tmp_path, skip_bad=True)
    assert list(records(repository)) == ["nuts/image_2/a.png"]


WORDS = st.lists(st.sampled_from([*CAR.split(), "\n", "nan", "-", "9e999"])).map(" ".join).map(str.encode)


@given(labels=st.binary(max_size=120) | WORDS)
def test_no_other_error_escapes(labels: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    with suppress(DsetError):
        report = taken(Repository.in_memory(), tmp_path_factory.mktemp("fuzz"), labels)
        lines = labels.splitlines()
        seen = sum(report.instances.values()) + len(report.left_out)
        assert seen == sum(not line.isspace() and bool(line) for line in lines)
