"""Open Images' tables: what is kept, and what is named when it is wrong."""

import csv
import io
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.sources import imported, instances, put_file, put_pictures, reasons, records

from dvcore.errors import DsetError, FaultyFilesError
from dvcore.formats.intake.report import ImportReport
from dvcore.model.bitmaps import bitmap_of
from dvcore.model.geometry import Box, Mask
from dvcore.repo.repository import Repository

CLASSES = "LabelName,DisplayName\n/m/2,Walnut\n/m/1,Almond\n/m/3,Hazelnut\n"
HEAD = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside\n"
ROW = "a,xclick,/m/1,1,0.25,0.75,0.5,1,1,0,-1,0,-1\n"
"""Of a picture of 12x8 pixels."""
LABEL_HEAD = "ImageID,Source,LabelName,Confidence\n"
IMAGE_HEAD = "ImageID,Subset,OriginalURL,Author,Rotation\n"
MASK_HEAD = "MaskPath,ImageID,LabelName,BoxID,BoxXMin,BoxXMax,BoxYMin,BoxYMax,PredictedIoU,Clicks\n"
MASK_ROW = "a_m1.png,a,/m/1,b1,0.25,0.75,0.5,1,0.5,\n"


@pytest.fixture
def repository() -> Repository:
    return Repository.in_memory()


def put_mask(folder: Path, name: str, pixels: list[list[int]]) -> None:
    stream = io.BytesIO()
    Image.fromarray(np.array(pixels, np.uint8) * 255).convert("1").save(stream, "PNG")
    put_file(folder, f"masks/{name}", stream.getvalue())


def taken(repository: Repository, folder: Path, rows: str | bytes, classes: str = CLASSES) -> ImportReport:
    """Import one picture with these boxes."""
    put_pictures(folder, "images/a.png")
    head = HEAD.encode() if isinstance(rows, bytes) else HEAD
    put_file(folder, "annotations/boxes.csv", head + rows)  # type: ignore[operator]
    put_file(folder, "annotations/class-descriptions.csv", classes)
    return imported(repository, folder, format="openimages")


def rows_of(place: Path) -> list[dict[str, str]]:
    with place.open(newline="") as file:
        return list(csv.DictReader(file))


def test_each_row_of_the_fixture_is_taken(repository: Repository, shared_data: Path) -> None:
    source = shared_data / "format-fixtures" / "open_images_dataset" / "v6"
    boxes = [row for file in (source / "annotations").glob("*-bbox.csv") for row in rows_of(file)]
    masks = [row for file in (source / "annotations").glob("*-segmentation.csv") for row in rows_of(file)]
    assert (len(boxes), len(masks)) == (2, 1)
    report = imported(repository, source)
    assert (report.format, report.files.added) == ("openimages", 4)
    assert "has the columns of Open Images" in report.reason
    assert report.instances == {"Generic label #0": 1, "Generic label #3": 1}  # the mask is of the first box
    assert report.left_out == ()
    masked = instances(repository, "nuts/images/train/b.jpg")[0]
    with Image.open(source / "masks" / "train" / masks[0]["MaskPath"]) as image:
        drawn = np.asarray(image)
    assert isinstance(masked.geometry, Mask)
    assert np.array_equal(bitmap_of(masked.geometry), drawn)
    (boxed,) = instances(repository, "nuts/images/test/c.jpg")
    assert boxed.geometry == Box(3.5, 0.0, 0.5, 5.0)
    assert boxed.attributes == {
        "score": 0.7,
        "source": "xclick",
        "occluded": True,
        "truncated": False,
        "crowd": True,
        "depiction": False,
        "inside": False,
    }


def test_image_level_labels_and_splits_of_the_fixture(repository: Repository, shared_data: Path) -> None:
    imported(repository, shared_data / "format-fixtures" / "open_images_dataset" / "v6")
    assert {path: (dict(one.variables), one.annotated) for path, one in records(repository).items()} == {
        "nuts/images/test/c.jpg": (
            {"split": "test", "labels_present": "Generic label #1; Generic label #3"},
            True,
        ),
        "nuts/images/train/a.jpg": ({"split": "train", "labels_present": "Generic label #0"}, False),
        "nuts/images/train/b.jpg": ({"split": "train", "labels_absent": "Generic label #0"}, True),
        "nuts/images/validation/d.png": ({"split": "validation"}, False),
    }


def test_the_older_fixture_has_images_only(repository: Repository, shared_data: Path) -> None:
    report = imported(repository, shared_data / "format-fixtures" / "open_images_dataset" / "v5")
    assert (report.format, report.files.added, report.instances) == ("openimages", 2, {})
    assert {one.variables["split"] for one in records(repository).values()} == {"train", "test"}


def test_a_box(repository: Repository, tmp_path: Path) -> None:
    taken(repository, tmp_path, ROW)
    (box,) = instances(repository, "nuts/images/a.png")
    assert (box.label, box.geometry) == ("Almond", Box(3.0, 4.0, 6.0, 4.0))
    assert box.attributes == {"source": "xclick", "occluded": True, "truncated": False, "depiction": False}


def test_labels_that_occur_are_declared_in_the_order_of_the_descriptions(
    repository: Repository, tmp_path: Path
) -> None:
    report = taken(repository, tmp_path, ROW + ROW.replace("/m/1", "/m/2") + ROW.replace("/m/1", "/m/9"))
    assert [(one.name, one.source) for one in repository.working_tree().tree.labels] == [
        ("Walnut", "/m/2"),
        ("Almond", "/m/1"),
        ("/m/9", "/m/9"),
    ]
    assert "classes that nothing describes are called like their ids: 1" in reasons(report.notes)


def test_descriptions_without_a_head_and_classes_of_one_name(repository: Repository, tmp_path: Path) -> None:
    report = taken(repository, tmp_path, ROW + ROW.replace("/m/1", "/m/2"), "/m/1,Nut\r\n/m/2,Nut\r\n")
    assert report.instances == {"Nut": 2}
    assert "the classes /m/1 and /m/2 are one label, 'Nut'" in reasons(report.notes)


def test_a_mask_joins_the_box_that_it_is_of(repository: Repository, tmp_path: Path) -> None:
    put_mask(tmp_path, "a_m1.png", [[0, 0, 0, 0], [0, 1, 1, 0]])
    put_file(tmp_path, "annotations/masks.csv", MASK_HEAD + MASK_ROW)
    report = taken(repository, tmp_path, ROW)
    (nut,) = instances(repository, "nuts/images/a.png")
    assert isinstance(nut.geometry, Mask)
    drawn = np.zeros((8, 12), bool)
    drawn[4:, 3:9] = True  # scaled to the image
    assert np.array_equal(bitmap_of(nut.geometry), drawn)
    assert nut.box is None  # as it is the mask's own
    assert nut.attributes["predicted_iou"] == 0.5
    assert nut.attributes["occluded"] is True
    assert "not kept: BoxID of masks (1)" in reasons(report.notes)
    assert report.files.added == 1  # the mask is no image


def test_a_mask_without_a_box_stands_alone(repository: Repository, tmp_path: Path) -> None:
    put_mask(tmp_path, "a_m1.png", [[1]])
    put_mask(tmp_path, "a_m2.png", [[1]])
    put_file(tmp_path, "annotations/masks.csv", MASK_HEAD + MASK_ROW.replace("0.25", "0"))
    report = taken(repository, tmp_path, ROW)
    assert sorted(type(one.geometry).__name__ for one in instances(repository, "nuts/images/a.png")) == ["Box", "Mask"]
    assert report.instances == {"Almond": 2}
    assert "no row is about 1 mask" in reasons(report.notes)


def test_a_mask_that_is_not_there_leaves_the_box(repository: Repository, tmp_path: Path) -> None:
    put_file(tmp_path, "masks/bad.png", b"no png")
    bad = MASK_ROW.replace("a_m1", "bad").replace("0.25", "0")
    put_file(tmp_path, "annotations/masks.csv", MASK_HEAD + MASK_ROW + bad)
    report = taken(repository, tmp_path, ROW)
    assert report.instances == {"Almond": 1}
    assert reasons(report.left_out).splitlines() == [
        "annotations/masks.csv: line 2: has a mask that is not there: 'a_m1.png'",
        "annotations/masks.csv: line 3: has the mask 'bad.png', which is no PNG image",
    ]


def test_tables_of_images_fill_the_split_where_no_folders_do(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "images/b.png", "images/c.png")
    put_file(tmp_path, "annotations/ids.csv", IMAGE_HEAD + "a,validation,u,,90\nb,train,,me,0\nc,,,,\nz,test,,,\n")
    report = taken(repository, tmp_path, ROW)
    assert {path: one.variables.get("split") for path, one in records(repository).items()} == {
        "nuts/images/a.png": "validation",
        "nuts/images/b.png": "train",
        "nuts/images/c.png": None,
    }
    assert [one.choices for one in repository.working_tree().tree.variables] == [("train", "validation")]
    assert "not kept: Author of images (1), OriginalURL of images (1), Rotation of images (2)" in reasons(report.notes)
    assert "annotations/ids.csv: 1 row of images that are not there" in reasons(report.notes)


def test_a_row_of_a_table_of_images_may_be_short_but_not_long(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "images/b.png")
    put_file(tmp_path, "annotations/ids.csv", IMAGE_HEAD + "a,train\nb,test,,,,,\n")
    report = taken(repository, tmp_path, ROW)
    assert reasons(report.left_out) == "annotations/ids.csv: line 3: has 7 cells instead of 5"
    assert records(repository)["nuts/images/a.png"].variables == {"split": "train"}


def test_image_level_labels(repository: Repository, tmp_path: Path) -> None:
    rows = "a,verification,/m/1,1\na,verification,/m/3,0\na,machine,/m/2,0.7\na,crowd,/m/2,1\na,crowd,/m/1,1\n"
    put_file(tmp_path, "annotations/labels.csv", LABEL_HEAD + rows)
    report = taken(repository, tmp_path, ROW)
    (record,) = records(repository).values()
    assert record.variables == {"labels_present": "Almond; Walnut", "labels_absent": "Hazelnut"}
    assert "not kept: image-level labels that are not sure (1)" in reasons(report.notes)


def test_rows_of_images_that_are_not_there_are_counted(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "images/b.png")
    report = taken(repository, tmp_path, ROW + "z" + ROW[1:] + "y" + ROW[1:])
    assert report.instances == {"Almond": 1}
    assert "annotations/boxes.csv: 2 rows of images that are not there" in reasons(report.notes)
    assert "unannotated, as no box or mask is of them: 1 image" in reasons(report.notes)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a,xclick,/m/1,1,0.25", "has 5 cells instead of 13"),
        (ROW.replace("0.75", "x"), "has 'x' where a number should be"),
        (ROW.replace("0.75", "nan"), "has the coordinate nan"),
        (ROW.replace("0.75", "0.25"), "has no area: it is 0 wide"),
        (ROW.replace("0.75", "0.2"), "has no area: it is -0.6 wide"),
        (ROW.replace("0.25,0.75", "1.5,1.75"), "is outside the image of 12x8 pixels"),
        (ROW.replace("/m/1,1", "/m/1,inf"), "has inf as its Confidence"),
        (ROW.replace(",1,0,", ",2,0,"), "has '2' as its IsOccluded"),
        (ROW.replace("/m/1", " "), "has no LabelName"),
    ],
)
def test_a_faulty_row_is_left_out_and_named(repository: Repository, tmp_path: Path, row: str, reason: str) -> None:
    report = taken(repository, tmp_path, f"{ROW}\r\n{row}")
    assert reasons(report.left_out) == f"annotations/boxes.csv: line 4: {reason}" + (
        " and 4 high" if "wide" in reason else ""
    )
    assert report.instances == {"Almond": 1}


def test_two_images_of_one_id_cannot_be_told_apart(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "images/train/a.png")
    report = taken(repository, tmp_path, ROW)
    assert "line 2: could be of images/a.png and images/train/a.png" in reasons(report.left_out)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (b"\xff\xfe\n", "is no text in UTF-8"),
        (b'a,"' + b"x" * 200_000, "is no csv: field larger than field limit"),
        (b"x\n" * 20_000, "holds one of more than 10,000 faulty rows"),
    ],
)
def test_what_is_no_table_is_a_fault(repository: Repository, tmp_path: Path, rows: bytes, reason: str) -> None:
    with pytest.raises(FaultyFilesError) as error:
        taken(repository, tmp_path, rows)
    assert reasons(error.value.faults).startswith(f"annotations/boxes.csv: {reason}")


def test_other_tables_are_passed_over(repository: Repository, tmp_path: Path) -> None:
    put_file(tmp_path, "prices.csv", "nut,price\nwalnut,1\n")
    put_file(tmp_path, "vrd.csv", "ImageID,LabelName1,LabelName2,RelationshipLabel\na,/m/1,/m/2,on\n")
    assert taken(repository, tmp_path, ROW).passed_over == 2


def test_a_table_with_other_columns_is_of_another_format(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png")
    put_file(tmp_path, "table.csv", "nut,price\nwalnut,1\n")
    assert imported(repository, tmp_path).format == "images"


def test_many_rows_take_no_more_memory_than_the_map_of_them(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dvcore.store.spilling.MEMORY_BYTES", 1000)
    put_pictures(tmp_path, *(f"images/p{number}.png" for number in range(20)))
    rows = "".join(ROW.replace("a,", f"p{number % 20},", 1) for number in range(200))
    report = taken(repository, tmp_path, rows)
    assert report.instances == {"Almond": 200}
    assert len(instances(repository, "nuts/images/p7.png")) == 10


CELLS = st.lists(st.sampled_from(["a", "/m/1", "1", "-1", "", "0.5", "nan", '"', "\n", "é", "x"]), max_size=40)


@given(rows=st.binary(max_size=80) | CELLS.map(",".join).map(str.encode), classes=CELLS.map(",".join))
def test_no_other_error_escapes(rows: bytes, classes: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with suppress(DsetError):
        taken(Repository.in_memory(), tmp_path_factory.mktemp("fuzz"), rows, classes)
