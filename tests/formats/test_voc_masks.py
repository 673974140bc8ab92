"""Masks of Pascal VOC: which pixel is what, and what is named when it is wrong."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.sources import HEIGHT, WIDTH, imported, instances, put_pictures, reasons, records

from dvcore.errors import FaultyFilesError
from dvcore.formats.voc.colors import VOC_COLORS, voc_color
from dvcore.model.bitmaps import bitmap_of
from dvcore.model.geometry import Box, Mask
from dvcore.repo.repository import Repository

CAT, DOG, VOID = 8, 12, 255
"""Indices of VOC's classes."""


@pytest.fixture
def repository() -> Repository:
    return Repository.in_memory()


def pixels(*areas: tuple[int, int, int, int, int], height: int = HEIGHT, width: int = WIDTH) -> Any:
    """Indices; an area is left, top, right, bottom and its index."""
    drawn = np.zeros((height, width), np.uint8)
    for left, top, right, bottom, index in areas:
        drawn[top:bottom, left:right] = index
    return drawn


def png(drawn: Any, mode: str = "P") -> bytes:
    """A PNG with VOC's palette, or with its colours."""
    image = Image.fromarray(drawn)
    if mode != "L":
        image = Image.fromarray(drawn, "L").convert("P")
        image.putpalette([channel for index in range(256) for channel in voc_color(index)])
        image.putdata(drawn.ravel().tolist())
    stream = io.BytesIO()
    image.convert(mode).save(stream, "PNG")
    return stream.getvalue()


def put_masks(
    folder: Path, classes: bytes | None, objects: bytes | None, *boxes: tuple[str, int, int, int, int]
) -> Path:
    put_pictures(folder, "JPEGImages/a.png")
    for name, data in (("SegmentationClass", classes), ("SegmentationObject", objects)):
        if data is not None:
            (folder / name).mkdir(exist_ok=True)
            (folder / name / "a.png").write_bytes(data)
    if boxes:
        text = "".join(
            f"<object><name>{label}</name><bndbox><xmin>{left + 1}</xmin><ymin>{top + 1}</ymin>"
            f"<xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox></object>"
            for label, left, top, right, bottom in boxes
        )
        (folder / "Annotations").mkdir(exist_ok=True)
        (folder / "Annotations" / "a.xml").write_text(f"<annotation><segmented>1</segmented>{text}</annotation>")
    return folder


def found(repository: Repository) -> dict[tuple[str, Any], Any]:
    """Box beside the mask, by label and area."""
    return {
        (one.label, int(bitmap_of(one.geometry).sum()) if isinstance(one.geometry, Mask) else one.geometry): one.box
        for one in instances(repository, "nuts/JPEGImages/a.png")
    }


def test_the_palette_is_vocs() -> None:
    # From VOCdevkit's example images.
    assert [voc_color(index) for index in (0, 1, 2, 15, 20, 255)] == [
        *((0, 0, 0), (128, 0, 0), (0, 128, 0), (192, 128, 128)),
        *((0, 64, 128), (224, 224, 192)),
    ]
    assert VOC_COLORS[voc_color(CAT)] == "cat"
    assert len(VOC_COLORS) == 20


@pytest.mark.parametrize("mode", ["P", "RGB", "L"])
def test_masks_of_objects_take_the_place_of_the_boxes_that_they_fit(
    repository: Repository, tmp_path: Path, mode: str
) -> None:
    classes = pixels((1, 1, 4, 4, CAT), (6, 1, 10, 4, CAT), (5, 5, 9, 8, DOG), (4, 1, 5, 4, VOID))
    objects = pixels((1, 1, 4, 4, 2), (6, 1, 10, 4, 1), (5, 5, 9, 8, 3), (4, 1, 5, 4, VOID))
    boxes = [("cat", 1, 1, 5, 4), ("cat", 6, 1, 10, 4), ("cat", 0, 6, 2, 8)]
    report = imported(repository, put_masks(tmp_path, png(classes, mode), png(objects, mode), *boxes))
    assert found(repository) == {
        ("cat", 9): Box(1.0, 1.0, 4.0, 3.0),
        ("cat", 12): None,  # its box is the one around it, so it says nothing more
        ("cat", Box(0.0, 6.0, 2.0, 2.0)): None,
        ("dog", 12): None,
    }
    assert (report.instances, report.left_out, report.faulty_files) == ({"cat": 3, "dog": 1}, (), ())


@pytest.mark.parametrize(
    "box",
    [
        ("dog", 1, 1, 5, 5),  # of another label
        ("cat", 3, 1, 7, 5),  # half of it beside the mask
        ("cat", 1, 1, 11, 8),  # too large
        ("cat", 6, 6, 8, 8),  # somewhere else
    ],
)
def test_a_mask_that_fits_no_box_of_its_label_is_an_instance_of_its_own(
    repository: Repository, tmp_path: Path, box: tuple[str, int, int, int, int]
) -> None:
    classes, objects = pixels((1, 1, 5, 5, CAT)), pixels((1, 1, 5, 5, 1))
    imported(repository, put_masks(tmp_path, png(classes), png(objects), box))
    label, left, top, right, bottom = box
    alone = Box(float(left), float(top), float(right - left), float(bottom - top))
    assert found(repository) == {("cat", 16): None, (label, alone): None}


def test_a_palette_of_its_own_follows_vocs_indices(repository: Repository, tmp_path: Path) -> None:
    image = Image.fromarray(pixels((1, 1, 4, 4, CAT), (5, 5, 9, 8, VOID)), "P")
    image.putpalette([channel for index in range(256) for channel in (index, index, 255 - index)])
    stream = io.BytesIO()
    image.save(stream, "PNG")
    report = imported(repository, put_masks(tmp_path, stream.getvalue(), None))
    assert (found(repository), report.left_out) == ({("cat", 9): None}, ())


def test_pixels_are_those_of_the_mask(repository: Repository, tmp_path: Path) -> None:
    drawn = pixels((1, 1, 4, 4, CAT), (2, 2, 3, 3, 0), (7, 5, 8, 8, CAT))
    imported(repository, put_masks(tmp_path, png(drawn), None))
    (one,) = instances(repository, "nuts/JPEGImages/a.png")
    assert (bitmap_of(one.geometry) == (drawn == CAT)).all()
    assert records(repository)["nuts/JPEGImages/a.png"].annotated


def test_masks_come_in_without_annotation_files_and_are_no_images(repository: Repository, tmp_path: Path) -> None:
    report = imported(repository, put_masks(tmp_path, png(pixels((1, 1, 4, 4, CAT), (5, 5, 9, 8, DOG))), None))
    assert report.reason == "SegmentationClass is a folder of masks of Pascal VOC"
    assert list(records(repository)) == ["nuts/JPEGImages/a.png"]
    assert found(repository) == {("cat", 9): None, ("dog", 12): None}


def test_the_colours_of_a_map_of_labels(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "labelmap.txt").write_text("nut:128,0,0::\nleaf:1,1,1::\n")
    drawn = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    drawn[0, 0], drawn[1, :2], drawn[2, :3] = (128, 0, 0), (1, 1, 1), (9, 9, 9)
    stream = io.BytesIO()
    Image.fromarray(drawn).save(stream, "PNG")
    report = imported(repository, put_masks(tmp_path, stream.getvalue(), None))
    assert found(repository) == {("nut", 1): None, ("leaf", 2): None}
    assert reasons(report.left_out) == "SegmentationClass/a.png: colour 9,9,9: is of no class that has a label"


def test_an_index_without_a_label_is_named(repository: Repository, tmp_path: Path) -> None:
    report = imported(repository, put_masks(tmp_path, png(pixels((0, 0, 1, 1, 77))), None))
    assert reasons(report.left_out) == "SegmentationClass/a.png: index 77: is of no class that has a label"


def test_an_object_without_a_class_is_named(repository: Repository, tmp_path: Path) -> None:
    source = put_masks(tmp_path, png(pixels()), png(pixels((0, 0, 3, 3, 1))))
    report = imported(repository, source)
    assert reasons(report.left_out) == "SegmentationObject/a.png: index 1: is of no class that has a label"


@pytest.mark.parametrize(
    ("classes", "objects", "reason"),
    [
        (b"", None, "SegmentationClass/a.png: is no PNG image"),
        (b"\x89PNG\r\n\x1a\n", None, "SegmentationClass/a.png: is truncated"),
        (png(pixels((0, 0, 2, 2, CAT)))[:-20], None, "SegmentationClass/a.png: is truncated"),
        (png(pixels((0, 0, 2, 2, CAT))), b"GIF89a", "SegmentationObject/a.png: is no PNG image"),
        (
            png(pixels((0, 0, 2, 2, CAT))),
            png(pixels((0, 0, 2, 2, 1), height=5)),
            "SegmentationObject/a.png: has another size than the mask of the classes",
        ),
    ],
)
def test_a_broken_mask_is_a_fault_of_its_image(
    repository: Repository, tmp_path: Path, classes: bytes, objects: bytes | None, reason: str
) -> None:
    put_masks(tmp_path, classes, objects)
    put_pictures(tmp_path, "JPEGImages/b.png")
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, tmp_path, format="voc")
    assert reasons(error.value.faults).startswith(reason)
    imported(repository, tmp_path, format="voc", skip_bad=True)
    assert list(records(repository)) == ["nuts/JPEGImages/b.png"]


def test_a_mask_for_another_image_size_is_left_out(repository: Repository, tmp_path: Path) -> None:
    report = imported(repository, put_masks(tmp_path, png(pixels((0, 0, 2, 2, CAT), height=5)), None))
    assert "has a mask of 12x5 pixels, the image has 12x8" in reasons(report.left_out)


def test_a_mask_without_an_image_is_a_fault(repository: Repository, tmp_path: Path) -> None:
    source = put_masks(tmp_path, png(pixels()), None)
    (source / "SegmentationClass" / "b.png").write_bytes(png(pixels()))
    with pytest.raises(FaultyFilesError, match="1 file") as error:
        imported(repository, source)
    assert "SegmentationClass/b.png: has no image" in reasons(error.value.faults)


def test_a_photograph_is_no_mask(repository: Repository, tmp_path: Path) -> None:
    noise = np.random.default_rng(7).integers(0, 256, (HEIGHT * 20, WIDTH, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "PNG")
    with pytest.raises(FaultyFilesError) as error:
        imported(repository, put_masks(tmp_path, stream.getvalue(), None))
    assert "is no mask: it has more than 1,000 colours" in reasons(error.value.faults)
