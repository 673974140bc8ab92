import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvcore.errors import CorruptError, NeedsNewerError
from dvcore.model.geometry import Box, Geometry, Mask, Polygon, area, bounds, pack_geometry, unpack_geometry

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


@pytest.mark.parametrize("geometry", [Box(1, 2, 3, 4), Polygon(((SQUARE, HOLE), (SQUARE,))), Mask(2, 3, b"06")])
def test_geometries_are_read_back(geometry: Geometry) -> None:
    assert unpack_geometry(pack_geometry(geometry)) == geometry


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        "box",
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
    ],
)
def test_what_is_no_geometry_is_corrupt(raw: object) -> None:
    with pytest.raises(CorruptError):
        unpack_geometry(raw)


def test_a_geometry_of_a_later_version_is_told_from_damage() -> None:
    with pytest.raises(NeedsNewerError, match="'ellipse'"):
        unpack_geometry(["ellipse", 1.0, 2.0, 3.0, 4.0])
