"""Placing every kind of geometry: what is sound, where it lands, what is reported."""

import math
from collections.abc import Sequence

import pytest

from dvcore.formats.intake.placing import Coordinates, Placed, place
from dvcore.formats.stated.annotations import StatedAnnotations, StatedInstance
from dvcore.image.facts import Probe
from dvcore.model.annotations import Entered
from dvcore.model.geometry import Box, Geometry, Keypoints, Mask, Point, Polygon, Polyline, RotatedBox
from dvcore.model.runlength import mask_of_runs

WIDTH, HEIGHT = 120, 80
NOWHERE = (0.0, 0.0, 0)


def placed(
    geometry: Geometry, *, box: Box | None = None, orientation: int = 1, keep_degenerate: bool = False
) -> Placed:
    """Place one instance that was drawn on a raw image of 120x80."""
    probe = Probe("JPEG", "RGB", 8, WIDTH, HEIGHT, orientation)
    stated = StatedAnnotations("a.jpg", None, (StatedInstance("one", Entered("nut", geometry, box)),))
    return place(stated, probe, Coordinates.RAW, keep_degenerate=keep_degenerate)


def only(found: Placed) -> Entered:
    assert found.left_out == ()
    (entered,) = found.entered
    return entered


def said(faults: Sequence[object]) -> list[str]:
    return [str(one) for one in faults]


@pytest.mark.parametrize(
    "geometry",
    [
        RotatedBox(60, 40, 20, 10, 33),
        Polyline(((1.0, 2.0, 3.0, 4.0), (5.0, 5.0, 9.0, 5.0))),
        Point(120, 80),
        Keypoints((NOWHERE, (5.0, 6.0, 1), (7.0, 8.0, 2))),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_is_sound_and_inside_stays_as_stated(geometry: Geometry) -> None:
    found = placed(geometry)
    assert only(found).geometry == geometry
    assert found.adjusted == ()


@pytest.mark.parametrize(
    ("orientation", "center", "angle"),
    [
        (1, (30, 20), 30),
        (2, (90, 20), 150),
        (3, (90, 60), 210),
        (4, (30, 60), 330),
        (5, (20, 30), 60),
        (6, (60, 30), 120),
        (7, (60, 90), 240),
        (8, (20, 90), 300),
    ],
)
def test_rotated_boxes_turn_with_their_image(orientation: int, center: tuple[float, float], angle: float) -> None:
    """As the corner of a photograph does: 30 degrees clockwise in a picture that is turned by 90 are 120."""
    geometry = only(placed(RotatedBox(30, 20, 16, 8, 30), orientation=orientation)).geometry
    assert geometry == RotatedBox(*center, 16, 8, angle)


def test_other_kinds_turn_with_their_image() -> None:
    assert only(placed(Point(30, 20), orientation=6)).geometry == Point(60, 30)
    assert only(placed(Polyline(((30.0, 20.0, 0.0, 0.0),)), orientation=6)).geometry == Polyline(
        ((60.0, 30.0, 80.0, 0.0),)
    )
    body = Keypoints(((30.0, 20.0, 2), NOWHERE))
    assert only(placed(body, orientation=3)).geometry == Keypoints(((90.0, 60.0, 2), NOWHERE))


def test_a_rotated_box_over_the_edge_stays_whole() -> None:
    geometry = RotatedBox(1, 1, 50, 50, 45)
    found = placed(geometry)
    assert only(found).geometry is geometry
    assert found.adjusted == ()


@pytest.mark.parametrize(
    ("geometry", "reason"),
    [
        (Box(-1e13, 1, 5, 5), "has the coordinate -1e+13"),
        (Box(1, 9e11, 5, 9e11), "has the coordinate 1.8e+12"),
        (RotatedBox(-1, 40, 50, 50, 45), "is outside the image of 120x80 pixels"),
        (RotatedBox(60, 40, 0, 10, 0), "has no area: it is 0 wide and 10 high"),
        (RotatedBox(60, 40, 10, -1, 0), "has no area: it is 10 wide and -1 high"),
        (RotatedBox(60, 40, 10, 5, math.nan), "has the coordinate nan"),
        (RotatedBox(60, 40, 10, 5, math.inf), "has the coordinate inf"),
        (RotatedBox(1e13, 40, 10, 5, 0), "has the coordinate 1e+13"),
        (Point(-1, 5), "is outside the image of 120x80 pixels"),
        (Point(math.nan, 5), "has the coordinate nan"),
        (Polyline(((-9.0, 5.0, -1.0, 5.0),)), "is outside the image of 120x80 pixels"),
        (Polyline(((5.0, 5.0, 5.0, 5.0),)), "has no length"),
        (Polyline(((5.0, 5.0), ())), "has no length"),
        (Polyline(()), "has no length"),
        (Polyline(((5.0, math.inf, 5.0, 5.0),)), "has the coordinate inf"),
        (Keypoints((NOWHERE, NOWHERE)), "has no labelled keypoint"),
        (Keypoints(()), "has no labelled keypoint"),
        (Keypoints((NOWHERE, (500.0, 5.0, 2))), "is outside the image of 120x80 pixels"),
        (Keypoints(((5.0, 5.0, 3),)), "has a keypoint of visibility 3"),
        (Keypoints(((math.nan, 5.0, 1),)), "has the coordinate nan"),
    ],
    ids=str,
)
def test_what_is_none_is_left_out_and_named(geometry: Geometry, reason: str) -> None:
    found = placed(geometry)
    assert found.entered == ()
    assert said(found.left_out) == [f"one: {reason}"]


def test_lines_are_cut_off_and_parts_without_length_go() -> None:
    found = placed(Polyline(((110.0, 5.0, 130.0, 5.0), (3.0, 3.0, 3.0, 3.0))))
    assert only(found).geometry == Polyline(((110.0, 5.0, 120.0, 5.0),))
    assert said(found.adjusted) == [
        "one: lost 1 of 2 lines, which have no length",
        "one: was cut off at the edge of the image",
    ]


def test_keypoints_outside_and_places_of_unlabelled_ones_are_lost_and_counted() -> None:
    found = placed(Keypoints(((5.0, 6.0, 2), (3.0, 3.0, 0), (125.0, 5.0, 2), (5.0, 90.0, 1))))
    assert only(found).geometry == Keypoints(((5.0, 6.0, 2), NOWHERE, NOWHERE, NOWHERE))
    assert said(found.adjusted) == [
        "one: lost the places of 1 of 4 keypoints, which are not labelled",
        "one: lost 2 of 4 keypoints, which are outside the image",
    ]


def test_the_box_beside_keypoints_stays_where_it_says_more() -> None:
    body = Keypoints(((5.0, 6.0, 2), (9.0, 8.0, 1)))
    assert only(placed(body, box=Box(1, 2, 30, 40))).box == Box(1, 2, 30, 40)
    assert only(placed(body, box=Box(5, 6, 4, 2))).box is None, "it is the one around the points"


def test_a_box_stands_for_keypoints_that_are_none() -> None:
    found = placed(Keypoints((NOWHERE,)), box=Box(1, 2, 3, 4))
    assert only(found) == Entered("nut", Box(1, 2, 3, 4))
    assert said(found.adjusted) == ["one: keeps its bbox; it has no labelled keypoint"]


def test_a_useless_box_beside_keypoints_goes() -> None:
    found = placed(Keypoints(((5.0, 6.0, 2),)), box=Box(1, 2, 0, 4))
    assert only(found).box is None
    assert said(found.adjusted) == ["one: keeps its keypoints; its bbox has no area: it is 0 wide and 4 high"]


@pytest.mark.parametrize("box", [Box(5, 5, 0, 10), Box(5, 5, 10, 0), Box(5, 5, 0, 0), Box(120, 80, 0, 0)])
def test_boxes_without_width_or_height_can_be_kept(box: Box) -> None:
    assert placed(box).entered == ()
    found = placed(box, keep_degenerate=True)
    assert only(found).geometry is box
    assert found.adjusted == ()


@pytest.mark.parametrize(
    "geometry",
    [
        Box(5, 5, -1, 10),
        Box(5, 5, 0, -10),
        RotatedBox(5, 5, 0, 10, 0),
        Polyline(((5.0, 5.0, 5.0, 5.0),)),
        Polygon((((1.0, 1.0, 2.0, 2.0, 3.0, 3.0),),)),
        mask_of_runs(HEIGHT, WIDTH, [HEIGHT * WIDTH]),
    ],
    ids=lambda one: type(one).__name__,
)
def test_nothing_else_without_an_area_is_kept(geometry: Geometry) -> None:
    assert placed(geometry, keep_degenerate=True).entered == ()


def test_a_degenerate_box_outside_is_outside() -> None:
    assert said(placed(Box(130, 5, 0, 10), keep_degenerate=True).left_out) == [
        "one: is outside the image of 120x80 pixels"
    ]


def test_a_mask_of_another_size_is_named() -> None:
    found = placed(mask_of_runs(4, 3, [0, 12]))
    assert said(found.left_out) == ["one: has a mask of 3x4 pixels, the image has 120x80"]


def test_a_mask_with_a_damaged_code_is_named() -> None:
    assert said(placed(Mask(HEIGHT, WIDTH, b"\xff")).left_out) == ["one: the mask's run-length code is none"]
