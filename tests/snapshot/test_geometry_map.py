"""Geometries against the pixels of rendered images: what is drawn in an image is where the mapped geometry says."""

import io
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from support.pictures import encoded, exif

from dvcore.image.downsample import parse_downsampling, place
from dvcore.image.pipeline import parse_pipeline
from dvcore.image.render import render
from dvcore.model.bitmaps import bitmap_of, mask_of_bitmap
from dvcore.model.geometry import Box, Keypoints, Mask, Point, Polygon, Polyline, RotatedBox, bounds
from dvcore.model.rasterizing import mask_of_polygon
from dvcore.snapshot.instances.geometry_map import find_followed, image_map

DOWNSAMPLINGS = (
    *("none", "factor:2", "factor:2.5", "height:20", "width:31", "longest:40", "shortest:17"),
    *("both:32x48", "both:40x40:pad", "both:60x33:pad", "both:40x40:crop", "both:25x90:crop", "both:99x120"),
)
downsamplings = st.sampled_from(DOWNSAMPLINGS)
sides = st.integers(30, 90)


def viewed(downsample, width, height):
    return image_map(parse_downsampling(downsample), width, height)


def shown(image, downsample, interpolation="bilinear", **options):
    """The pixels of an image as a project sees them."""
    data = render(encoded(image, "PNG"), parse_pipeline(downsample=downsample, interpolation=interpolation, **options))
    return np.asarray(Image.open(io.BytesIO(data.data)))


def reach(pixels):
    """Left, top, right and bottom of what is bright."""
    rows, columns = np.flatnonzero((pixels > 127).any(axis=1)), np.flatnonzero((pixels > 127).any(axis=0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


@given(downsamplings, sides, sides)
@example("both:40x40:pad", 90, 31)
@example("both:25x90:crop", 31, 90)
def test_the_part_that_is_taken_fills_the_part_that_is_filled(downsample, width, height):
    placement, view = place(parse_downsampling(downsample), width, height), viewed(downsample, width, height)
    left, top, right, bottom = placement.source
    assert view.to.point(float(left), float(top)) == pytest.approx(placement.target[:2])
    assert view.to.point(float(right), float(bottom)) == pytest.approx(placement.target[2:])
    assert (view.width, view.height) == (placement.width, placement.height)


@settings(max_examples=150, deadline=None)
@given(st.data(), downsamplings, sides, sides, st.sampled_from(["bilinear", "box", "nearest", "lanczos"]))
def test_a_drawn_box_is_where_the_mapped_box_says(data, downsample, width, height, interpolation):
    left, top = data.draw(st.integers(0, width - 9)), data.draw(st.integers(0, height - 9))
    right, bottom = data.draw(st.integers(left + 9, width)), data.draw(st.integers(top + 9, height))
    image = Image.new("L", (width, height))
    image.paste(255, (left, top, right, bottom))
    found = find_followed(Box(left, top, right - left, bottom - top), viewed(downsample, width, height))
    pixels = shown(image, downsample, interpolation, color="gray")
    if found is None or min(found.width, found.height) < 1.5:
        return  # too little of it is left to be seen
    assert reach(pixels) == pytest.approx(bounds(found), abs=1)


@settings(max_examples=150, deadline=None)
@given(st.data(), downsamplings, sides, sides)
def test_a_drawn_polygon_is_where_the_mapped_polygon_says(data, downsample, width, height):
    corners = [
        (data.draw(st.floats(x - 4, x + 4)), data.draw(st.floats(y - 4, y + 4)))
        for x, y in ((width / 4, height / 4), (3 * width / 4, height / 4), (width / 2, 3 * height / 4))
    ]
    corners = [(min(max(x, 0.0), width), min(max(y, 0.0), height)) for x, y in corners]
    polygon = Polygon((((tuple(c for corner in corners for c in corner)),),))
    bitmap = bitmap_of(mask_of_polygon(polygon, height, width))
    view = viewed(downsample, width, height)
    found = find_followed(polygon, view)
    pixels = shown(Image.fromarray(bitmap.astype(np.uint8) * 255), downsample, color="gray") > 127
    if found is None:
        assert pixels.sum() <= view.width + view.height
        return
    drawn = bitmap_of(mask_of_polygon(found, view.height, view.width))
    pixel = max(1, math.ceil(view.to.x_factor), math.ceil(view.to.y_factor))  # of the image, in those of the result
    assert not (without_tips(pixels, pixel) & ~grown(drawn, pixel)).any()
    assert not (without_tips(drawn, pixel) & ~grown(pixels, 2 * pixel)).any()


def without_tips(bitmap, pixel):
    """Without what is narrower than two of these pixels: a slender corner is in no pixel's middle, however long it
    is."""
    return grown(~grown(~bitmap, pixel), pixel)


def grown(bitmap, times=1):
    """With the pixels around it."""
    if times > 1:
        bitmap = grown(bitmap, times - 1)
    around = np.pad(bitmap, 1)
    height, width = bitmap.shape
    return np.logical_or.reduce([around[y : y + height, x : x + width] for y in range(3) for x in range(3)])


def clear_cut(downsample, width, height):
    """The rows and columns of the result whose centres lie in one pixel of the image, or in none: where one falls on
    the edge between two, Pillow's sums of floats decide for one or the other."""
    placement = place(parse_downsampling(downsample), width, height)
    (fx, fy), (left, top, *_), (to_left, to_top, *_) = placement.scale, placement.source, placement.target

    def clear(number, start, to_start, factor):
        return [(start + (at + Fraction(1, 2) - to_start) / factor).denominator > 1 for at in range(number)]

    return np.ix_(clear(placement.height, top, to_top, fy), clear(placement.width, left, to_left, fx))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), downsamplings, sides, sides)
@example(0, "both:25x90:crop", 60, 68)  # the centres of the last row lie on an edge
def test_a_mask_is_what_nearest_makes_of_its_pixels(seed, downsample, width, height):
    bitmap = np.kron(np.random.default_rng(seed).random((height // 6 + 1, width // 6 + 1)) < 0.5, np.ones((6, 6), bool))
    bitmap = bitmap[:height, :width]
    bitmap[height // 2 - 3 :, width // 2 - 3 :][:6, :6] = True  # a single pixel may be missed
    view = viewed(downsample, width, height)
    found = find_followed(mask_of_bitmap(bitmap), view)
    pixels = shown(Image.fromarray(bitmap.astype(np.uint8) * 255), downsample, "nearest", color="gray") > 0
    if found is None:
        assert not pixels.any()
        return
    assert isinstance(found, Mask)
    clear = clear_cut(downsample, width, height)
    assert np.array_equal(bitmap_of(found)[clear], pixels[clear])


@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
@pytest.mark.parametrize("downsample", ["factor:2.5", "both:30x50:pad", "both:30x50:crop", "shortest:9"])
@pytest.mark.parametrize("gap", ["none", "1", "2"])
def test_a_turned_and_shrunk_jpeg_is_where_the_map_says(orientation, downsample, gap):
    """Odd sizes: a shrunk JPEG has a last column and row of which only a part is image."""
    stored = Image.new("L", (203, 157))
    ImageDraw.Draw(stored).rectangle((64, 40, 143, 119), fill=255)
    data = encoded(stored, "JPEG", quality=98, exif=exif(orientation))
    upright = np.asarray(Image.open(io.BytesIO(render(data, parse_pipeline(color="gray", encoding="png")).data)))
    left, top, right, bottom = (int(edge) for edge in reach(upright))
    view = viewed(downsample, upright.shape[1], upright.shape[0])
    found = find_followed(Box(left, top, right - left, bottom - top), view)
    pipeline = parse_pipeline(color="gray", encoding="png", downsample=downsample, reducing_gap=gap)
    pixels = np.asarray(Image.open(io.BytesIO(render(data, pipeline).data)))
    assert reach(pixels) == pytest.approx(bounds(found), abs=0.8)


def test_by_hand():
    pad = viewed("both:100x100:pad", 200, 50)
    assert find_followed(Box(20, 10, 40, 20), pad) == Box(10, 42, 20, 10)
    assert find_followed(Point(200, 50), pad) == Point(100, 62)
    crop = viewed("both:50x50:crop", 200, 50)
    assert find_followed(Box(20, 0, 65, 30), crop) == Box(0, 0, 10, 30)
    assert find_followed(Box(20, 0, 55, 30), crop) is None  # its edge touches what is taken
    assert find_followed(Point(74, 1), crop) is None
    assert find_followed(Keypoints(((80.0, 10.0, 2), (10.0, 10.0, 1))), crop) == Keypoints(
        ((5.0, 10.0, 2), (0.0, 0.0, 0))
    )
    assert find_followed(Polyline(((0.0, 5.0, 200.0, 5.0),)), crop) == Polyline(((0.0, 5.0, 50.0, 5.0),))
    assert find_followed(RotatedBox(100, 25, 80, 10, 30), crop) == RotatedBox(25, 25, 80, 10, 30)


def test_a_mask_is_as_large_as_the_result():
    bitmap = np.zeros((50, 200), bool)
    bitmap[10:30, 20:60] = True
    found = find_followed(mask_of_bitmap(bitmap), viewed("both:100x100:pad", 200, 50))
    expected = np.zeros((100, 100), bool)
    expected[42:52, 10:30] = True
    assert np.array_equal(bitmap_of(found), expected)
    assert find_followed(mask_of_bitmap(bitmap), viewed("both:50x50:crop", 200, 50)) is None
