"""Raw and displayed coordinates: which are meant, and where they land."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps
from pycocotools import mask as reference
from support.sources import HEIGHT, WIDTH, coco, imported, instances, put_coco, put_pictures, reasons, turned_jpeg

from dvcore.errors import FaultyFilesError
from dvcore.formats.intake.placing import Coordinates
from dvcore.formats.intake.report import ImportReport
from dvcore.formats.intake.turning import displayed_map
from dvcore.model.bitmaps import map_mask
from dvcore.model.geometry import Box, Polygon, bounds
from dvcore.model.runlength import mask_of_counts
from dvcore.repo.repository import Repository

RAW = {"width": WIDTH, "height": HEIGHT}
DISPLAYED = {"width": HEIGHT, "height": WIDTH}
"""Of a picture that is stored 12x8 and turned by a quarter."""


@pytest.fixture
def repository() -> Repository:
    return Repository.in_memory()


def taken(repository: Repository, folder: Path, orientation: int, size: Any, one: Any, **options: Any) -> ImportReport:
    """Import a turned picture with one annotation and this size stated."""
    (folder / "a.png").write_bytes(turned_jpeg(orientation))
    put_coco(folder, coco(one, images=[{"id": 1, "file_name": "a.png", **size}]))
    return imported(repository, folder, **options)


def bitmap_of(x: int, y: int, width: int, height: int) -> np.ndarray:
    bitmap = np.zeros((HEIGHT, WIDTH), np.uint8)
    bitmap[y : y + height, x : x + width] = 1
    return bitmap


def displayed_bounds(bitmap: np.ndarray, orientation: int) -> tuple[float, float, float, float]:
    """Where Pillow shows the pixels that are set."""
    image = Image.fromarray(bitmap * 255)
    image.getexif()[0x0112] = orientation
    shown = np.asarray(ImageOps.exif_transpose(image)) > 0
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_raw_boxes_polygons_and_masks_land_where_pillow_shows_them(
    repository: Repository, tmp_path: Path, orientation: int
) -> None:
    bitmap = bitmap_of(1, 2, 3, 5)
    code = reference.encode(np.asfortranarray(bitmap))["counts"].decode()
    shapes = [
        {"bbox": [1, 2, 3, 5]},
        {"segmentation": [[1, 2, 4, 2, 4, 7, 1, 7]], "bbox": [1, 2, 3, 5]},
        {"segmentation": {"size": [HEIGHT, WIDTH], "counts": code}, "bbox": [1, 2, 3, 5]},
    ]
    (tmp_path / "a.png").write_bytes(turned_jpeg(orientation))
    put_coco(tmp_path, coco(*shapes))
    imported(repository, tmp_path, coordinates=Coordinates.RAW)
    expected = displayed_bounds(bitmap, orientation)
    for one in instances(repository, "nuts/a.png"):
        assert bounds(one.geometry) == expected
        assert one.box is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_masks_are_turned_pixel_by_pixel(orientation: int) -> None:
    bitmap = (np.random.default_rng(orientation).random((HEIGHT, WIDTH)) < 0.4).astype(np.uint8)
    mask = mask_of_counts(HEIGHT, WIDTH, reference.encode(np.asfortranarray(bitmap))["counts"])
    image = Image.fromarray(bitmap)
    image.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(image))
    turned = map_mask(mask, displayed_map(orientation, WIDTH, HEIGHT))
    assert (turned.height, turned.width) == expected.shape
    assert turned.counts == reference.encode(np.asfortranarray(expected))["counts"]


CORNER = {"bbox": [0, 0, 2, 1]}
AS_STATED = Box(0.0, 0.0, 2.0, 1.0)
TURNED = Box(7.0, 0.0, 1.0, 2.0)
"""The corner of a raw picture as orientation 6 shows it."""


@pytest.mark.parametrize(
    ("size", "coordinates", "expected"),
    [
        (RAW, Coordinates.AUTO, (TURNED, 1, 0)),
        (DISPLAYED, Coordinates.AUTO, (AS_STATED, 0, 0)),
        ({}, Coordinates.AUTO, (AS_STATED, 0, 1)),
        ({"width": WIDTH}, Coordinates.AUTO, (AS_STATED, 0, 1)),
        (RAW, Coordinates.DISPLAYED, (AS_STATED, 0, 0)),
        (DISPLAYED, Coordinates.RAW, (TURNED, 1, 0)),
        ({"width": 999, "height": 1}, Coordinates.RAW, (TURNED, 1, 0)),
    ],
)
def test_the_stated_size_tells_raw_from_displayed(
    repository: Repository, tmp_path: Path, size: Any, coordinates: Coordinates, expected: tuple[Box, int, int]
) -> None:
    """Expected: the box, how many images were converted, how many warnings there are."""
    report = taken(repository, tmp_path, 6, size, CORNER, coordinates=coordinates)
    assert (instances(repository, "nuts/a.png")[0].geometry, report.converted, len(report.warnings)) == expected


@pytest.mark.parametrize("orientation", [2, 3, 4])
def test_a_turn_that_keeps_the_size_cannot_be_decided(repository: Repository, tmp_path: Path, orientation: int) -> None:
    report = taken(repository, tmp_path, orientation, RAW, CORNER)
    assert instances(repository, "nuts/a.png")[0].geometry == AS_STATED
    assert "of 1 image with an EXIF orientation, nothing says" in reasons(report.warnings)


def test_nothing_is_decided_where_there_is_nothing_to_place(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(turned_jpeg(3))
    put_coco(tmp_path, coco())
    report = imported(repository, tmp_path)
    assert report.warnings == ()
    assert report.converted == 0


@pytest.mark.parametrize("orientation", [0, 1, 9])
def test_orientations_that_mean_upright_need_no_size(repository: Repository, tmp_path: Path, orientation: int) -> None:
    report = taken(repository, tmp_path, orientation, {}, CORNER)
    assert instances(repository, "nuts/a.png")[0].geometry == AS_STATED
    assert (report.warnings, report.converted) == ((), 0)


def test_a_size_that_fits_neither_is_a_fault_of_the_file(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(FaultyFilesError) as error:
        taken(repository, tmp_path, 6, {"width": WIDTH, "height": WIDTH}, CORNER)
    assert "its annotations are for an image of 12x12 pixels, it has 8x12" in reasons(error.value.faults)


def test_what_reaches_over_the_edge_is_cut_off_and_named(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png")
    shapes = [{"bbox": [-1, -1, 3, 3]}, {"segmentation": [[10, 2, 14, 2, 14, 4, 10, 4]]}, {"bbox": [1, 1, 2, 2]}]
    put_coco(tmp_path, coco(*shapes))
    report = imported(repository, tmp_path)
    box, polygon, inside = instances(repository, "nuts/a.png")
    assert box.geometry == Box(0.0, 0.0, 2.0, 2.0)
    assert isinstance(polygon.geometry, Polygon)
    assert bounds(polygon.geometry) == (10.0, 2.0, 12.0, 4.0)
    assert inside.geometry == Box(1.0, 1.0, 2.0, 2.0)
    assert [str(one) for one in report.adjusted] == [
        "labels.json: annotation 1: was cut off at the edge of the image",
        "labels.json: annotation 2: was cut off at the edge of the image",
    ]


def test_an_edge_reached_by_rounding_is_left_alone(repository: Repository, tmp_path: Path) -> None:
    put_pictures(tmp_path, "a.png")
    put_coco(tmp_path, coco({"bbox": [0, 0, WIDTH + 1e-9, HEIGHT]}))
    report = imported(repository, tmp_path)
    assert report.adjusted == ()
    assert instances(repository, "nuts/a.png")[0].geometry == Box(0.0, 0.0, WIDTH + 1e-9, float(HEIGHT))
