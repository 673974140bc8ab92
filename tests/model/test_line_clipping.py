"""Cutting lines, points and rotated boxes off at the edges of an image; lines against shapely."""

import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from dvcore.model.clipping import clip, is_in_image
from dvcore.model.geometry import Box, Keypoints, Line, Mask, Point, Polyline, RotatedBox, bounds

WIDTH, HEIGHT = 20, 10
IMAGE = shapely.box(0, 0, WIDTH, HEIGHT)

numbers = st.integers(-400, 800).map(lambda n: n / 20)
lines = st.lists(st.tuples(numbers, numbers), min_size=2, max_size=8).map(
    lambda points: tuple(c for point in points for c in point)
)


def length_of(line: Line) -> float:
    return float(shapely.LineString(list(zip(line[::2], line[1::2], strict=True))).length)


@settings(deadline=None)
@given(lines)
def test_a_clipped_line_is_as_long_as_what_is_in_the_image(line: Line) -> None:
    inside = sum(
        shapely.LineString([line[n : n + 2], line[n + 2 : n + 4]]).intersection(IMAGE).length
        for n in range(0, len(line) - 2, 2)
    )
    clipped = clip(Polyline((line,)), WIDTH, HEIGHT)
    assert abs((sum(map(length_of, clipped.lines)) if isinstance(clipped, Polyline) else 0) - inside) < 1e-6
    if clipped is not None:
        left, top, right, bottom = bounds(clipped)
        assert (left >= 0, top >= 0, right <= WIDTH, bottom <= HEIGHT) == (True,) * 4


@settings(deadline=None)
@given(st.lists(lines, min_size=1, max_size=3))
def test_clipping_lines_twice_changes_nothing(several: list[Line]) -> None:
    once = clip(Polyline(tuple(several)), WIDTH, HEIGHT)
    assert once is None or clip(once, WIDTH, HEIGHT) is once


def test_a_line_that_comes_back_becomes_two() -> None:
    line = (1.0, 1.0, 5.0, -3.0, 9.0, 1.0, 9.0, 5.0)
    assert clip(Polyline((line,)), WIDTH, HEIGHT) == Polyline(
        ((1.0, 1.0, 2.0, 0.0), (8.0, 0.0, 9.0, 1.0, 9.0, 5.0)),
    )


def test_a_line_along_the_edge_stays_and_one_that_only_touches_goes() -> None:
    along = Polyline(((0.0, -5.0, 0.0, 15.0),))
    assert clip(along, WIDTH, HEIGHT) == Polyline(((0.0, 0.0, 0.0, 10.0),))
    assert clip(Polyline(((-5.0, 5.0, 0.0, 5.0, -5.0, 6.0),)), WIDTH, HEIGHT) is None
    assert clip(Polyline(((-5.0, 5.0, 5.0, -5.0),)), WIDTH, HEIGHT) is None, "through the corner alone"


def test_a_clipped_line_to_the_last_bit() -> None:
    """Derived ids depend on these coordinates: they must never change."""
    line = (-3.3, 2.1, 5.7, -1.9, 21.3, 4.4, 7.1, 11.7)
    assert clip(Polyline((line,)), WIDTH, HEIGHT) == Polyline(
        (
            (0.0, 0.6333333333333335, 1.4250000000000007, 0.0),
            (10.404761904761905, 0.0, 20.0, 3.8750000000000004),
            (20.0, 5.0683098591549305, 10.406849315068492, 10.0),
        )
    )


def test_ends_inside_stay_to_the_last_bit() -> None:
    assert clip(Polyline(((-0.1, 5.0, 0.3, 5.0),)), WIDTH, HEIGHT) == Polyline(((0.0, 5.0, 0.3, 5.0),))


def test_an_edge_reached_by_rounding_is_left_alone() -> None:
    line = Polyline(((-1e-9, 1.0, WIDTH + 1e-9, 5.0),))
    assert clip(line, WIDTH, HEIGHT) is line
    over = clip(Polyline(((-1e-9, 1.0, -1e-9, 15.0),)), WIDTH, HEIGHT)
    assert over == Polyline(((0.0, 1.0, 0.0, 10.0),)), "along the edge but for rounding"


def test_a_rotated_box_is_whole_or_outside() -> None:
    box = RotatedBox(1, 1, 30, 4, 45)
    assert clip(box, WIDTH, HEIGHT) is box
    assert is_in_image(box, WIDTH, HEIGHT)
    for cx, cy in ((-1, 5), (5, -1), (WIDTH + 1, 5), (5, HEIGHT + 1)):
        assert clip(RotatedBox(cx, cy, 30, 30, 45), WIDTH, HEIGHT) is None
    assert clip(RotatedBox(WIDTH, HEIGHT, 1, 1, 0), WIDTH, HEIGHT) is not None, "the edge belongs to the image"


def test_points_are_in_or_out() -> None:
    assert clip(Point(WIDTH, 0), WIDTH, HEIGHT) == Point(WIDTH, 0)
    assert clip(Point(WIDTH + 0.1, 0), WIDTH, HEIGHT) is None


def test_keypoints_outside_lose_their_label() -> None:
    body = Keypoints(((5.0, 5.0, 2), (25.0, 5.0, 2), (0.0, 0.0, 0), (5.0, -1.0, 1)))
    assert clip(body, WIDTH, HEIGHT) == Keypoints(((5.0, 5.0, 2), (0.0, 0.0, 0), (0.0, 0.0, 0), (0.0, 0.0, 0)))
    assert clip(Keypoints(((25.0, 5.0, 2), (0.0, 0.0, 0))), WIDTH, HEIGHT) is None
    inside = Keypoints(((5.0, 5.0, 2), (0.0, 0.0, 0)))
    assert clip(inside, WIDTH, HEIGHT) is inside


def test_what_lies_in_an_image() -> None:
    assert is_in_image(Mask(HEIGHT, WIDTH, b""), WIDTH, HEIGHT)
    assert not is_in_image(Mask(WIDTH, HEIGHT, b""), WIDTH, HEIGHT)
    assert not is_in_image(Box(0, 0, WIDTH + 1, 1), WIDTH, HEIGHT)
