"""Cutting off at the edges of an image, against shapely."""

import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from dvcore.model.clipping import clip_box, clip_polygon, is_in_image
from dvcore.model.extent import has_area
from dvcore.model.geometry import Box, Polygon, area, bounds

WIDTH, HEIGHT = 20, 10
IMAGE = shapely.box(0, 0, WIDTH, HEIGHT)

numbers = st.integers(-400, 800).map(lambda n: n / 20)
rings = st.lists(st.tuples(numbers, numbers), min_size=3, max_size=8, unique=True)


def polygon(*points: tuple[float, float]) -> Polygon:
    return Polygon(((tuple(c for point in points for c in point),),))


@settings(deadline=None)
@given(rings)
def test_a_clipped_polygon_has_the_area_that_is_in_the_image(points: list[tuple[float, float]]) -> None:
    shape = shapely.Polygon(points)
    if not shape.is_valid or shape.area < 1e-6:
        return
    inside = shape.intersection(IMAGE).area
    clipped = clip_polygon(polygon(*points), WIDTH, HEIGHT)
    assert abs((0 if clipped is None else area(clipped)) - inside) < 1e-6
    if clipped is not None:
        left, top, right, bottom = bounds(clipped)
        assert left >= 0
        assert top >= 0
        assert right <= WIDTH
        assert bottom <= HEIGHT


@settings(deadline=None)
@given(rings)
def test_clipping_twice_changes_nothing(points: list[tuple[float, float]]) -> None:
    once = clip_polygon(polygon(*points), WIDTH, HEIGHT)
    assert once is None or clip_polygon(once, WIDTH, HEIGHT) is once


def test_what_is_inside_stays_the_same_object() -> None:
    shape = polygon((0, 0), (WIDTH, 0), (WIDTH, HEIGHT))
    assert clip_polygon(shape, WIDTH, HEIGHT) is shape
    for box in (Box(0, 0, WIDTH + 1e-9, HEIGHT), Box(-1e-9, -1e-9, 5, 5), Box(0, 0, WIDTH, HEIGHT + 1e-9)):
        assert clip_box(box, WIDTH, HEIGHT) is box, "rounding reaches that far over the edge"
    for box in (Box(0, 0, WIDTH + 1e-5, HEIGHT), Box(-1e-5, 0, 5, 5), Box(0, -1e-5, 5, 5)):
        assert clip_box(box, WIDTH, HEIGHT) not in (box, None)


def test_a_clipped_polygon_to_the_last_bit() -> None:
    """Derived ids depend on these coordinates: they must never change."""
    shape = polygon((-3.3, 2.1), (5.7, -1.9), (21.3, 4.4), (7.1, 11.7))
    left = (5.258333333333334, 10.0, 0.0, 5.146153846153846, 0.0, 0.6333333333333335, 1.4250000000000007, 0.0)
    right = (10.404761904761905, 0.0, 20.0, 3.8750000000000004, 20.0, 5.0683098591549305, 10.406849315068492, 10.0)
    assert clip_polygon(shape, WIDTH, HEIGHT) == Polygon((((*left, *right),),))


def test_parts_and_holes_outside_are_dropped() -> None:
    outline = (-5.0, 0.0, 5.0, 0.0, 5.0, 5.0, -5.0, 5.0)
    hole_out, hole_in = (-3.0, 1.0, -2.0, 1.0, -2.0, 2.0), (1.0, 1.0, 2.0, 1.0, 2.0, 2.0)
    away = (30.0, 0.0, 40.0, 0.0, 40.0, 5.0)
    clipped = clip_polygon(Polygon(((outline, hole_out, hole_in), (away,))), WIDTH, HEIGHT)
    assert clipped is not None
    assert len(clipped.parts) == 1
    assert len(clipped.parts[0]) == 2
    assert area(clipped) == 25 - 0.5


def test_a_hole_that_reaches_over_the_edge_where_its_outline_does_not() -> None:
    """Nonsense, but nothing may be left outside: what draws it trusts its coordinates."""
    outline, hole = (1.0, 1.0, 9.0, 1.0, 9.0, 9.0, 1.0, 9.0), (2.0, 2.0, 1e8, 2.0, 1e8, 5.0)
    shape = Polygon(((outline, hole),))
    assert not is_in_image(shape, WIDTH, HEIGHT)
    clipped = clip_polygon(shape, WIDTH, HEIGHT)
    assert clipped is not None
    assert clipped.parts[0][0] == outline
    assert max(clipped.parts[0][1][::2]) == WIDTH
    assert clip_polygon(Polygon(((outline, tuple(c + 50 for c in hole)),)), WIDTH, HEIGHT) == Polygon(((outline,),))


def test_a_part_that_only_lies_along_the_edge_is_dropped() -> None:
    inside = (1.0, 1.0, 2.0, 1.0, 2.0, 2.0)
    along = (20.0, 1.0, 20.0, 3.0, 20.0, 5.0, 25.0, 3.0)
    assert clip_polygon(Polygon(((inside,), (along,))), WIDTH, HEIGHT) == Polygon(((inside,),))


def test_touching_the_edge_is_outside() -> None:
    assert clip_box(Box(-5, 0, 5, 5), WIDTH, HEIGHT) is None
    assert clip_box(Box(WIDTH, 0, 5, 5), WIDTH, HEIGHT) is None
    assert clip_polygon(polygon((0, -5), (5, -5), (2, 0)), WIDTH, HEIGHT) is None


def test_a_box_over_two_edges() -> None:
    assert clip_box(Box(-2.5, 7, 10, 10), WIDTH, HEIGHT) == Box(0.0, 7.0, 7.5, 3.0)


def test_area_of_points_on_a_line_and_of_an_eight() -> None:
    assert not has_area((0, 0, 1, 1, 2, 2, 5, 5))
    assert not has_area((3, 3, 3, 3, 3, 3))
    assert not has_area((0.1, 0.2, 0.2, 0.4, 0.3, 0.6))
    assert has_area((0, 0, 2, 2, 2, 0, 0, 2))
