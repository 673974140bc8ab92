import math

import pytest
import shapely
import shapely.affinity
from hypothesis import given
from hypothesis import strategies as st

from dvcore.errors import CorruptError, NeedsNewerError
from dvcore.model.geometry import (
    KINDS,
    Box,
    Geometry,
    Keypoints,
    Mask,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
    area,
    bounds,
    normal_angle,
)
from dvcore.model.packing import pack_geometry, unpack_geometry

SQUARE = (0.0, 0.0, 10.0, 0.0, 10.0, 10.0, 0.0, 10.0)
HOLE = (2.0, 2.0, 2.0, 4.0, 4.0, 4.0, 4.0, 2.0)

lengths = st.integers(1, 1000).map(float)


@given(lengths, lengths, lengths, lengths)
def test_a_box_and_its_outline_agree(x: float, y: float, width: float, height: float) -> None:
    box = Box(x, y, width, height)
    outline = Polygon((((x, y, x + width, y, x + width, y + height, x, y + height),),))
    assert bounds(box) == bounds(outline) == (x, y, x + width, y + height)
    assert area(box) == area(outline) == width * height


def test_holes_are_taken_off_and_parts_are_added() -> None:
    assert area(Polygon(((SQUARE, HOLE),))) == 100 - 4
    beside = tuple(c + 20 for c in SQUARE)
    both = Polygon(((SQUARE, HOLE), (beside,)))
    assert area(both) == 196
    assert bounds(both) == (0, 0, 30, 30)


def test_the_direction_of_a_ring_does_not_matter() -> None:
    backwards = tuple(c for point in reversed(list(zip(SQUARE[::2], SQUARE[1::2], strict=True))) for c in point)
    assert area(Polygon(((backwards,),))) == 100


@given(lengths, lengths, lengths, lengths, st.floats(-1000, 1000))
def test_a_rotated_box_is_a_box_turned_clockwise(
    cx: float, cy: float, width: float, height: float, angle: float
) -> None:
    box = RotatedBox(cx, cy, width, height, angle)
    upright = shapely.box(cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2)
    turned = shapely.affinity.rotate(upright, angle)  # clockwise as displayed: y grows downwards
    assert bounds(box) == pytest.approx(turned.bounds, abs=1e-6)
    assert area(box) == width * height


@pytest.mark.parametrize("turns", range(-4, 8))
def test_quarter_turns_are_exact(turns: int) -> None:
    width, height = (30.0, 10.0) if turns % 2 == 0 else (10.0, 30.0)
    assert bounds(RotatedBox(50.0, 40.0, 30.0, 10.0, 90.0 * turns)) == (
        50 - width / 2,
        40 - height / 2,
        50 + width / 2,
        40 + height / 2,
    )


@given(st.floats(-1e9, 1e9))
def test_angles_are_brought_into_one_turn(angle: float) -> None:
    found = normal_angle(angle)
    assert 0 <= found < 360
    assert math.isclose(math.cos(math.radians(found)), math.cos(math.radians(angle)), abs_tol=1e-6)
    assert RotatedBox(0, 0, 1, 1, angle) == RotatedBox(0, 0, 1, 1, found)


def test_angles_that_rounding_would_make_a_whole_turn() -> None:
    assert normal_angle(-1e-20) == 0
    assert normal_angle(360.0) == 0
    assert math.isinf(normal_angle(math.inf))


def test_an_area_to_the_last_bit() -> None:
    """Expressions decide by it, so it must never change: Python's `sum` of floats did in 3.12."""
    ring = (510.2, 209.2, 607.6, 293.7, 565.6, 606.1, 534.1, 434.2)
    other = (23.7, 381.4, 635.6, 204.0, 531.6, 42.4, 128.4, 92.7, 304.5, 384.2)
    assert area(Polygon(((ring,),))) == 18477.925000000003
    assert area(Polygon(((other,),))) == 73554.97499999998
    parts = ((0.0, 0.0, 1.0, 0.0, 1.0, 0.2),) * 3
    assert area(Polygon(tuple((part,) for part in parts))) == 0.1 + 0.1 + 0.1


def test_bounds_of_a_rotated_box_are_the_same_on_every_machine() -> None:
    """The last bits of sines are not."""
    assert bounds(RotatedBox(100, 50, 40, 20, 33)) == (77.780198291, 30.72051362, 122.219801709, 69.27948638)


def test_lines_and_points_have_bounds_and_no_area() -> None:
    line = Polyline(((0.0, 5.0, 3.0, 1.0), (9.0, 2.0, 8.0, 2.0)))
    assert (bounds(line), area(line)) == ((0, 1, 9, 5), 0)
    assert (bounds(Point(3, 4)), area(Point(3, 4))) == ((3, 4, 3, 4), 0)
    body = Keypoints(((0.0, 0.0, 0), (5.0, 6.0, 2), (4.0, 9.0, 1)))
    assert (bounds(body), area(body)) == ((4, 6, 5, 9), 0), "a point that is not labelled is nowhere"


def test_what_has_nothing_in_it_is_around_nothing() -> None:
    assert bounds(Keypoints(((0.0, 0.0, 0),))) == (0, 0, 0, 0)
    assert bounds(Mask(2, 3, b"6")) == (0, 0, 0, 0)


ONE_OF_EACH = [
    Box(1, 2, 3, 4),
    RotatedBox(1, 2, 3, 4, 5),
    Polygon(((SQUARE, HOLE), (SQUARE,))),
    Mask(2, 3, b"06"),
    Polyline(((1.0, 2.0, 3.0, 4.0), SQUARE)),
    Point(1, 2),
    Keypoints(((0.0, 0.0, 0), (1.0, 2.0, 1), (3.0, 4.0, 2))),
]


def test_the_list_above_is_complete() -> None:
    assert list(map(type, ONE_OF_EACH)) == list(KINDS)


@pytest.mark.parametrize("geometry", ONE_OF_EACH)
def test_geometries_are_read_back(geometry: Geometry) -> None:
    assert unpack_geometry(pack_geometry(geometry)) == geometry


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        "box",
        [["box"], 1.0, 2.0, 3.0, 4.0],
        [1, 2.0],
        ["box", 1.0, 2.0, 3.0],
        ["box", 1, 2, 3, 4],
        ["polygon"],
        ["polygon", []],
        ["polygon", [[]]],
        ["polygon", [[[0.0, 0.0, 1.0, 1.0]]]],
        ["polygon", [[[0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0]]]],
        ["polygon", [[[0, 0, 1, 1, 2, 2]]]],
        ["mask", True, True, b""],
        ["mask", 0, 5, b""],
        ["mask", -1, 5, b""],
        ["mask", 2, 3, "06"],
        ["rotated_box", 1.0, 2.0, 3.0, 4.0],
        ["rotated_box", 1.0, 2.0, 3.0, 4.0, 5],
        ["rotated_box", 1.0, 2.0, 3.0, 4.0, -5.0],
        ["rotated_box", 1.0, 2.0, 3.0, 4.0, 360.0],
        ["polyline"],
        ["polyline", []],
        ["polyline", [[]]],
        ["polyline", [[1.0, 2.0]]],
        ["polyline", [[1.0, 2.0, 3.0, 4.0, 5.0]]],
        ["polyline", [[1.0, 2.0, 3.0, 4]]],
        ["polyline", [[1.0, 2.0, 3.0, 4.0]], 1],
        ["point", 1.0],
        ["point", 1, 2],
        ["point", 1.0, 2.0, 3.0],
        ["keypoints", []],
        ["keypoints", [[]]],
        ["keypoints", [[1.0, 2.0]]],
        ["keypoints", [[1.0, 2.0, 3]]],
        ["keypoints", [[1.0, 2.0, -1]]],
        ["keypoints", [[1.0, 2.0, True]]],
        ["keypoints", [[1.0, 2.0, 1.0]]],
        ["keypoints", [[1, 2, 1]]],
        ["keypoints", [[1.0, 0.0, 0]]],
        ["keypoints", [[0.0, 0.0, False]]],
    ],
)
def test_what_is_no_geometry_is_corrupt(raw: object) -> None:
    with pytest.raises(CorruptError):
        unpack_geometry(raw)


def test_a_geometry_of_a_later_version_is_told_from_damage() -> None:
    with pytest.raises(NeedsNewerError, match="'ellipse'"):
        unpack_geometry(["ellipse", 1.0, 2.0, 3.0, 4.0])
