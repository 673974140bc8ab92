"""Geometries that follow their image, against shapely, Pillow and themselves."""

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.model_strategies import keypoints, polygons, polylines

from dvcore.model.bitmaps import bitmap_of, map_mask, mask_of_bitmap
from dvcore.model.conversions import corners_of
from dvcore.model.geometry import Box, Geometry, Keypoints, Mask, Point, Polyline, RotatedBox, area, bounds
from dvcore.model.image_map import ImageMap, horizontal_flip, scaling, vertical_flip
from dvcore.model.mapping import map_geometry

WIDTH, HEIGHT = 64, 48

places = st.integers(0, 64 * 48).map(lambda n: n / 64)
lengths = st.integers(1, 64 * 20).map(lambda n: n / 64)
angles = st.integers(0, 64 * 360 - 1).map(lambda n: n / 64)
"""Sums and differences of these are exact."""
rotated = st.builds(RotatedBox, places, places, lengths, lengths, angles)
exact = st.builds(Box, places, places, lengths, lengths) | rotated | st.builds(Point, places, places)
flips = st.sampled_from([horizontal_flip(WIDTH), vertical_flip(HEIGHT)])
ALL_TURNS = [
    ImageMap(x, 0.0 if x > 0 else 64.0, y, 0.0 if y > 0 else 48.0, s) for x in (1, -1) for y in (1, -1) for s in (0, 1)
]


@given(exact, flips)
def test_flipping_twice_changes_nothing(geometry: Geometry, flip: ImageMap) -> None:
    assert map_geometry(map_geometry(geometry, flip), flip) == geometry


def test_flips() -> None:
    across, down = horizontal_flip(64), vertical_flip(48)
    assert map_geometry(Box(1, 2, 3, 4), across) == Box(60, 2, 3, 4)
    assert map_geometry(Box(1, 2, 3, 4), down) == Box(1, 42, 3, 4)
    assert map_geometry(RotatedBox(10, 20, 8, 4, 30), across) == RotatedBox(54, 20, 8, 4, 150)
    assert map_geometry(RotatedBox(10, 20, 8, 4, 30), down) == RotatedBox(10, 28, 8, 4, 330)
    assert map_geometry(Polyline(((1.0, 2.0, 3.0, 4.0),)), across) == Polyline(((63.0, 2.0, 61.0, 4.0),))
    assert map_geometry(Keypoints(((1.0, 2.0, 2), (0.0, 0.0, 0))), down) == Keypoints(((1.0, 46.0, 2), (0.0, 0.0, 0)))
    assert map_geometry(Point(1, 2), down) == Point(1, 46)


@given(rotated, st.sampled_from(ALL_TURNS))
def test_a_rotated_box_goes_where_its_corners_go(box: RotatedBox, turn: ImageMap) -> None:
    ring = corners_of(box)
    moved = shapely.Polygon([turn.point(x, y) for x, y in zip(ring[::2], ring[1::2], strict=True)])
    found = shapely_of(map_geometry(box, turn))
    assert found.symmetric_difference(moved).area < 1e-6 * moved.area


@given(rotated, st.sampled_from([0.25, 2.0, 3.0]))
def test_scaling_a_rotated_box_evenly_is_exact(box: RotatedBox, factor: float) -> None:
    scaled = map_geometry(box, scaling(factor, factor))
    ring = corners_of(box)
    assert corners_of(scaled) == pytest.approx([c * factor for c in ring]) if isinstance(scaled, RotatedBox) else False


@given(lengths, lengths, st.sampled_from([0.0, 90.0, 180.0, 270.0]))
def test_stretching_a_rotated_box_at_the_quarters_is_exact(width: float, height: float, angle: float) -> None:
    box = RotatedBox(8, 4, width, height, angle)
    stretched = map_geometry(box, scaling(2, 0.5))
    left, top, right, bottom = bounds(box)
    assert bounds(stretched) == (left * 2, top * 0.5, right * 2, bottom * 0.5)
    assert isinstance(stretched, RotatedBox)
    assert stretched.angle == angle


@given(rotated)
def test_a_stretched_rotated_box_has_stretched_sides(box: RotatedBox) -> None:
    stretched = map_geometry(box, scaling(2, 0.5))
    assert isinstance(stretched, RotatedBox)
    x, y = corners_of(box)[0::2], corners_of(box)[1::2]
    sides = [np.hypot(2 * (x[i] - x[j]), 0.5 * (y[i] - y[j])) for i, j in ((0, 1), (1, 2))]
    assert [stretched.width, stretched.height] == pytest.approx(sides)
    assert (stretched.cx, stretched.cy) == (box.cx * 2, box.cy * 0.5)


@given(polygons | polylines | keypoints)
def test_other_kinds_map_point_by_point(geometry: Geometry) -> None:
    assert map_geometry(geometry, ImageMap(1.0, 0.0, 1.0, 0.0)) == geometry
    quarter = ImageMap(-1.0, 0.0, 1.0, 0.0, swaps=True)
    turned = geometry
    for _ in range(4):
        turned = map_geometry(turned, quarter)
    assert turned == geometry


@settings(deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 30), st.integers(1, 30), st.integers(0, 99))
def test_masks_are_scaled_as_pillow_takes_the_nearest(h: int, w: int, height: int, width: int, seed: int) -> None:
    bitmap = np.random.default_rng(seed).random((h, w)) < 0.5
    scaled = map_mask(mask_of_bitmap(bitmap), scaling(width / w, height / h))
    expected = Image.fromarray(bitmap.astype(np.uint8)).resize((width, height), Image.Resampling.NEAREST)
    assert (scaled.height, scaled.width) == (height, width)
    # Where a centre falls on the border of two old pixels, the last bit decides.
    assert (bitmap_of(scaled) != np.asarray(expected).astype(bool)).mean() <= on_borders(w, width, h, height)


def test_sizes_of_scaled_masks_round_half_up_and_are_never_0() -> None:
    mask = mask_of_bitmap(np.ones((3, 5), bool))
    assert map_mask(mask, scaling(0.5, 0.5)).height == 2
    assert map_mask(mask, scaling(0.5, 0.5)).width == 3
    assert map_mask(mask, scaling(0.01, 0.01)).height == 1


def test_masks_are_flipped_pixel_by_pixel() -> None:
    bitmap = np.random.default_rng(3).random((5, 7)) < 0.5
    mask = mask_of_bitmap(bitmap)
    across, down = map_geometry(mask, horizontal_flip(7)), map_geometry(mask, vertical_flip(5))
    assert isinstance(across, Mask)
    assert isinstance(down, Mask)
    assert (bitmap_of(across) == bitmap[:, ::-1]).all()
    assert (bitmap_of(down) == bitmap[::-1]).all()
    assert area(across) == area(down) == bitmap.sum()


def on_borders(w: int, width: int, h: int, height: int) -> float:
    """The share of new pixels of which a coordinate of the centre lies on a border."""
    columns = np.mean([(2 * x + 1) * w % (2 * width) == 0 for x in range(width)])
    rows = np.mean([(2 * y + 1) * h % (2 * height) == 0 for y in range(height)])
    return float(columns + rows)


def shapely_of(geometry: Geometry) -> shapely.Polygon:
    assert isinstance(geometry, RotatedBox)
    ring = corners_of(geometry)
    return shapely.Polygon(list(zip(ring[::2], ring[1::2], strict=True)))
