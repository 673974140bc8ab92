"""Fractions of an image's sides, and its pixels."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvcore.formats.stated.fractions import as_rotated_box, in_pixels
from dvcore.model.annotations import Entered
from dvcore.model.bitmaps import bitmap_of, mask_of_bitmap
from dvcore.model.geometry import Box, Geometry, Keypoints, Mask, Point, Polygon, Polyline

SIDES = st.integers(1, 20_000)


def scaled(geometry: Geometry, width: int = 200, height: int = 100) -> Geometry:
    return in_pixels(Entered("nut", geometry), (width, height)).geometry


@given(width=SIDES, height=SIDES, data=st.data())
def test_whole_pixels_come_back(width: int, height: int, data: st.DataObject) -> None:
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    across, down = data.draw(st.integers(1, width - left)), data.draw(st.integers(1, height - top))
    cx, cy = (left + across / 2) / width, (top + down / 2) / height
    yolo = Box(cx - across / width / 2, cy - down / height / 2, across / width, down / height)
    assert scaled(yolo, width, height) == Box(left, top, across, down)


@given(width=SIDES, left=st.floats(0, 1), right=st.floats(0, 1))
def test_six_digits_never_reach_over_the_edge(width: int, left: float, right: float) -> None:
    left, right = sorted((left, right))
    cx, across = round((left + right) / 2, 6), round(right - left, 6)
    box = scaled(Box(cx - across / 2, 0, across, 1), width)
    assert isinstance(box, Box)
    assert box.x >= 0
    assert box.x + box.width <= width + 1e-9


def test_what_is_further_out_stays_there() -> None:
    assert scaled(Box(-0.00001, 0.5, 0.5, 0.50001)) == Box(-0.002, 50.0, 100.0, 50.001)
    assert scaled(Polygon((((0.0, -0.5, 1.00001, 0.0, 1.0, 2.0),),))) == Polygon(
        (((0.0, -50.0, 200.002, 0.0, 200.0, 200.0),),)
    )


def test_each_kind() -> None:
    assert scaled(Polygon((((0.0, -1e-7, 1.0000001, 0.0, 1.0, 1.0),),))) == Polygon(
        (((0.0, 0.0, 200.0, 0.0, 200.0, 100.0),),)
    )
    assert scaled(Keypoints(((0.25, 0.5, 2), (0.0, 0.0, 0)))) == Keypoints(((50.0, 50.0, 2), (0.0, 0.0, 0)))
    assert scaled(Polyline(((0.0, 0.0, 0.5, 0.5),))) == Polyline(((0.0, 0.0, 100.0, 50.0),))
    assert scaled(Point(0.5, 0.25)) == Point(100.0, 25.0)


def test_a_mask_takes_the_size_of_the_image() -> None:
    mask = scaled(mask_of_bitmap(np.array([[True, False], [False, True]])), 4, 2)
    assert isinstance(mask, Mask)
    assert bitmap_of(mask).tolist() == [[True, True, False, False], [False, False, True, True]]


def test_the_box_beside_a_geometry_follows() -> None:
    entered = in_pixels(Entered("nut", Point(0.5, 0.5), Box(0.25, 0.25, 0.5, 0.5)), (200, 100))
    assert entered.box == Box(50.0, 25.0, 100.0, 50.0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e308])
def test_what_is_no_number_is_left_to_whoever_places_it(value: float) -> None:
    box = scaled(Box(value, 0, 1, 1))
    assert isinstance(box, Box)
    assert not math.isfinite(box.x)
    assert as_rotated_box(Polygon((((value, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0),),))) is None


def test_only_a_polygon_of_four_points_is_corners() -> None:
    assert as_rotated_box(Polygon((((0.0, 0.0, 2.0, 0.0, 2.0, 2.0),),))) is None
    assert as_rotated_box(Box(0, 0, 1, 1)) is None
    ring = (0.0, 0.0, 4.0, 0.0, 4.0, 2.0, 0.0, 2.0)
    assert as_rotated_box(Polygon(((ring,), (ring,)))) is None
    assert as_rotated_box(Polygon(((ring,),))) is not None
