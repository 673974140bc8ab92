"""Conversions between kinds of geometry, against pycocotools and shapely."""

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco
from support.bounded import in_child

from dvcore.errors import InvalidInputError
from dvcore.model.bitmaps import bitmap_of, label_image, mask_of_bitmap
from dvcore.model.conversions import corners_of, find_box, find_rotated_box, mask_of, polygon_of
from dvcore.model.geometry import Box, Keypoints, Mask, Point, Polygon, Polyline, Ring, RotatedBox, area
from dvcore.model.runlength import mask_of_runs

HEIGHT, WIDTH = 40, 50

numbers = st.integers(0, 400).map(lambda n: n / 10)
rings = st.lists(st.tuples(numbers, numbers), min_size=3, max_size=8).map(
    lambda points: tuple(c for point in points for c in point)
)


@st.composite
def bitmaps(draw: st.DrawFn) -> np.ndarray:
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    share = draw(st.sampled_from([0.1, 0.4, 0.6, 0.9, 1.0]))
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1))).random((height, width)) < share


def shape_of(polygon: Polygon) -> shapely.MultiPolygon:
    points = [[list(zip(ring[::2], ring[1::2], strict=True)) for ring in part] for part in polygon.parts]
    return shapely.MultiPolygon([(outline, holes) for outline, *holes in points])


DIAGONAL_RING = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 1]], bool)
"""Its hole touches the outside at a corner: the outline comes through that point twice."""


@settings(deadline=None, max_examples=300)
@given(bitmaps())
@example(DIAGONAL_RING)
@example(np.eye(4, dtype=bool))
@example(~np.eye(4, dtype=bool))
def test_the_outline_of_a_mask_is_exact_and_valid(bitmap: np.ndarray) -> None:
    mask = mask_of_bitmap(bitmap)
    if not bitmap.any():
        with pytest.raises(InvalidInputError, match="no pixels"):
            polygon_of(mask)
        return
    polygon = polygon_of(mask)
    shape = shape_of(polygon)
    assert all(part.is_valid for part in shape.geoms)
    assert shape.area == area(polygon) == bitmap.sum()
    assert mask_of(polygon, *bitmap.shape) == mask, "and pycocotools sees the same pixels"


def test_the_parts_of_an_outline() -> None:
    frame = np.ones((5, 5), bool)
    frame[1:4, 1:4] = False
    frame[2, 2] = True
    outline, hole, dot = (square(0, 5), square(1, 4)[:2] + square(1, 4)[:1:-1], square(2, 3))
    polygon = polygon_of(mask_of_bitmap(frame))
    assert [len(part) for part in polygon.parts] == [2, 1]
    assert polygon.parts[0][0] == outline
    assert set(corners(polygon.parts[0][1])) == set(corners(hole))
    assert polygon.parts[1] == (dot,)


def test_rings_run_clockwise_and_holes_the_other_way() -> None:
    frame = np.ones((3, 3), bool)
    frame[1, 1] = False
    ((outline, hole),) = polygon_of(mask_of_bitmap(frame)).parts
    assert shapely.LinearRing(corners(outline)).is_ccw != shapely.LinearRing(corners(hole)).is_ccw
    assert outline == square(0, 3)


def square(a: int, b: int) -> Ring:
    return tuple(map(float, (a, a, b, a, b, b, a, b)))


def corners(ring: Ring) -> list[tuple[float, float]]:
    return list(zip(ring[::2], ring[1::2], strict=True))


@settings(deadline=None)
@given(rings)
def test_pixels_of_an_outline_are_those_of_pycocotools(ring: Ring) -> None:
    code = coco.frPyObjects([list(ring)], HEIGHT, WIDTH)[0]
    assert mask_of(Polygon(((ring,),)), HEIGHT, WIDTH).counts == code["counts"]


@settings(deadline=None)
@given(st.lists(rings, min_size=2, max_size=3))
def test_parts_are_added_and_holes_are_taken_out(several: list[Ring]) -> None:
    first, *others = [bitmap_of(mask_of(Polygon(((ring,),)), HEIGHT, WIDTH)) for ring in several]
    together = mask_of(Polygon(tuple((ring,) for ring in several)), HEIGHT, WIDTH)
    assert (bitmap_of(together) == np.logical_or.reduce([first, *others])).all()
    holed = mask_of(Polygon((tuple(several),)), HEIGHT, WIDTH)
    assert (bitmap_of(holed) == (first & ~np.logical_or.reduce(others))).all()


def test_a_hole_is_only_in_its_own_part() -> None:
    big, small = square(0, 30), square(10, 20)
    assert area(mask_of(Polygon(((big, small), (small,))), HEIGHT, WIDTH)) == 900


@settings(deadline=None)
@given(st.floats(5, 35), st.floats(5, 35), st.floats(1, 40), st.floats(1, 40), st.floats(0, 359))
def test_pixels_of_a_rotated_box_are_about_its_area_in_the_image(
    cx: float, cy: float, width: float, height: float, angle: float
) -> None:
    box = RotatedBox(cx, cy, width, height, angle)
    inside = shape_of(polygon_of(box)).intersection(shapely.box(0, 0, WIDTH, HEIGHT))
    assert abs(area(mask_of(box, HEIGHT, WIDTH)) - inside.area) <= inside.length + 4


def test_a_far_outline_costs_nothing() -> None:
    far = (-1e12, -1e12, 1e12, -1e12, 1e12, 1e12, -1e12, 1e12)
    assert area(mask_of(Polygon(((far,),)), HEIGHT, WIDTH)) == HEIGHT * WIDTH
    assert area(mask_of(Box(1e11, 0, 5, 5), HEIGHT, WIDTH)) == 0


@pytest.mark.parametrize("far", [1e3, 1e8, 1e12])
def test_a_far_hole_costs_nothing_either(far: float) -> None:
    """In a process of its own: pycocotools ends the one that hands it such a hole."""
    holed = Polygon(((square(0, 30), (0.0, 10.0, far, 10.0, far, 20.0, 0.0, 20.0)),))

    def draw() -> None:
        assert area(mask_of(holed, HEIGHT, WIDTH)) == 600

    assert in_child(draw) == 0


def test_what_no_geometry_may_have_is_not_drawn() -> None:
    """Nothing here makes such coordinates, but a repository from elsewhere may hold any."""
    away = (10.0, 1e300, -1e12, -1.7e308, 3.3, 1.7e308, 1e300, -1.7e308)
    for shape in (Polygon(((away,),)), Polygon(((square(0, 3), away),)), Box(1e300, 0, 5, 5)):
        with pytest.raises(InvalidInputError, match="beyond 1e\\+12"):
            mask_of(shape, HEIGHT, WIDTH)


def test_a_box_and_its_pixels() -> None:
    mask = mask_of(Box(2, 3, 4, 5), HEIGHT, WIDTH)
    assert find_box(mask) == Box(2, 3, 4, 5)
    assert area(mask) == 20
    assert polygon_of(Box(2, 3, 4, 5)) == Polygon((((2, 3, 6, 3, 6, 8, 2, 8),),))


def test_a_mask_of_another_image_is_refused() -> None:
    mask = mask_of_runs(2, 3, [0, 6])
    assert mask_of(mask, 2, 3) is mask
    with pytest.raises(InvalidInputError, match="3x2 pixels is none of an image of 2x3"):
        mask_of(mask, 3, 2)


def test_boxes_around_other_kinds() -> None:
    box = Box(1, 2, 3, 4)
    assert find_box(box) is box
    assert find_box(RotatedBox(10, 10, 8, 4, 90)) == Box(8, 6, 4, 8)
    assert find_box(Keypoints(((0.0, 0.0, 0), (5.0, 6.0, 2), (7.0, 9.0, 1)))) == Box(5, 6, 2, 3)
    assert find_box(Keypoints(((0.0, 0.0, 0), (5.0, 6.0, 2)))) is None
    assert find_box(Polyline(((0.0, 0.0, 5.0, 5.0),))) is None
    assert find_box(Point(1, 1)) is None
    assert find_box(mask_of_runs(2, 3, [6])) is None


@settings(deadline=None)
@given(
    st.builds(
        RotatedBox, st.floats(0, 500), st.floats(0, 500), st.floats(0.5, 300), st.floats(0.5, 300), st.floats(0, 359.99)
    ),
    st.booleans(),
)
def test_a_rotated_box_is_found_again_by_its_corners(box: RotatedBox, backwards: bool) -> None:
    first, *others = corners(corners_of(box))
    order = [first, *others[::-1]] if backwards else [first, *others]
    found = find_rotated_box(tuple(c for point in order for c in point), 1e-3)
    assert found is not None
    assert (found.cx, found.cy) == pytest.approx((box.cx, box.cy), abs=1e-6)
    assert (found.width, found.height) == pytest.approx((box.width, box.height), abs=1e-6)
    assert (found.angle - box.angle + 180) % 360 - 180 == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    "ring",
    [
        (0, 0, 10, 0, 12, 10, 0, 10),
        (0, 0, 10, 0, 15, 10, 5, 10),
        (0, 0, 10, 0, 10, 10),
        (0, 0, 10, 10, 10, 0, 0, 10),
        (5, 5) * 4,
        (0, 0, 10, 0, 10, 0, 0, 0),
        (float("nan"),) * 8,
        (1e308, 0, -1e308, 0, -1e308, 1, 1e308, 1),
    ],
    ids=["askew", "parallelogram", "triangle", "crossed", "point", "flat", "nan", "overflow"],
)
def test_four_corners_that_are_no_rotated_box(ring: Ring) -> None:
    assert find_rotated_box(ring, 0.5) is None


def test_masks_become_one_image() -> None:
    top = mask_of_bitmap(np.array([[1, 1, 1], [0, 0, 0]], bool))
    left = mask_of_bitmap(np.array([[1, 0, 0], [1, 0, 0]], bool))
    assert label_image([(top, 7), (left, 300)], 2, 3).tolist() == [[300, 7, 7], [300, 0, 0]]
    assert label_image([], 2, 3).tolist() == [[0] * 3] * 2
    with pytest.raises(InvalidInputError, match="3x2"):
        label_image([(top, 1)], 3, 2)


def test_a_star_has_no_middle() -> None:
    """How an outline that crosses itself is filled, as `docs/annotations.md` says."""
    star = (20.0, 2.0, 30.0, 36.0, 2.0, 14.0, 38.0, 14.0, 10.0, 36.0)
    bitmap = bitmap_of(mask_of(Polygon(((star,),)), HEIGHT, WIDTH))
    assert not bitmap[19, 20]
    assert bitmap[8, 20]


@settings(deadline=None)
@given(st.binary(max_size=20))
def test_a_damaged_mask_is_refused(counts: bytes) -> None:
    mask = Mask(3, 4, counts)
    try:
        polygon = polygon_of(mask)
    except InvalidInputError:
        return
    assert mask_of(polygon, 3, 4) == mask_of_bitmap(bitmap_of(mask))
