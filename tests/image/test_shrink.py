"""Decoding JPEGs at a reduced size: when it is done, and that it is near to what is done without."""

import io
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.pictures import drawn, encoded, exif

from dvcore.image.downsample import parse_downsampling, place
from dvcore.image.facts import Probe
from dvcore.image.pipeline import parse_pipeline
from dvcore.image.render import render
from dvcore.image.shrink import shrink_of, shrunk_box

PLAIN = Probe("JPEG", "RGB", 8, 1600, 1200)


def shrink(downsample, gap, facts=PLAIN, interpolation="bilinear"):
    pipeline = parse_pipeline(downsample=downsample, reducing_gap=gap, interpolation=interpolation)
    return shrink_of(facts, place(pipeline.downsampling, facts.width, facts.height), pipeline)


def image(data, **options):
    return np.asarray(Image.open(io.BytesIO(render(data, parse_pipeline(encoding="png", **options)).data))).astype(int)


@pytest.mark.parametrize(
    ("downsample", "gap", "expected"),
    [
        ("factor:2", "1", 2),
        ("factor:2", "1.001", 1),
        ("factor:7.9", "1", 4),
        ("factor:16", "2", 8),
        ("factor:100", "1", 8),
        ("factor:100", "3", 8),
        ("factor:12", "3", 4),
        ("both:150x800", "1", 2),  # the side that shrinks less decides
        ("both:150x1600", "1", 1),
        ("both:300x300:crop", "1", 4),
        ("both:300x300:pad", "1", 4),
        ("both:2000x2000:pad", "1", 1),
        ("factor:8", "none", 1),
    ],
)
def test_what_is_decoded_as_one_pixel(downsample, gap, expected):
    assert shrink(downsample, gap) == expected


def test_only_jpegs_are_decoded_smaller():
    assert shrink("factor:8", "1", replace(PLAIN, format="PNG")) == 1
    assert shrink("factor:8", "1", interpolation="nearest") == 1


@given(
    st.integers(1, 5000),
    st.integers(1, 5000),
    st.integers(0, 9),
    st.sampled_from(["factor:9", "both:64x64:crop", "both:64x64:pad", "both:64x64", "height:30"]),
)
def test_the_box_lies_in_the_shrunk_image(width, height, orientation, downsample):
    facts = Probe("JPEG", "RGB", 8, width, height, orientation)
    placement = place(parse_downsampling(downsample), facts.width, facts.height)
    for by in (1, 2, 4, 8):
        left, top, right, bottom = shrunk_box(facts, placement, by)
        assert 0 <= left < right <= -(-facts.width // by)
        assert 0 <= top < bottom <= -(-facts.height // by)
        extent = Fraction(right) - Fraction(left), Fraction(bottom) - Fraction(top)
        source = placement.source
        assert [float(one * by) for one in extent] == pytest.approx([source[2] - source[0], source[3] - source[1]])


def test_the_edge_of_a_mirrored_shrunk_image():
    """101 wide, a half is 51: of the last stored pixel only a half is image. Mirrored, it is the first."""
    placement = place(parse_downsampling("factor:4"), 101, 60)
    assert shrunk_box(Probe("JPEG", "RGB", 8, 101, 60, 1), placement, 2) == (0, 0, 50.5, 30)
    assert shrunk_box(Probe("JPEG", "RGB", 8, 101, 60, 2), placement, 2) == (0.5, 0, 51, 30)
    turned = place(parse_downsampling("factor:4"), 60, 101)
    assert shrunk_box(Probe("JPEG", "RGB", 8, 101, 60, 6), turned, 2) == (0, 0, 30, 50.5)
    assert shrunk_box(Probe("JPEG", "RGB", 8, 101, 60, 8), turned, 2) == (0, 0.5, 30, 51)


@pytest.mark.parametrize("downsample", ["factor:5", "both:128x128", "both:160x100:crop", "both:90x90:pad", "width:99"])
def test_shrunk_photographs_are_near_to_the_others(downsample, shared_data):
    """A row or column amiss would be beyond all of them."""
    for path in sorted((shared_data / "coco-polygons").rglob("*.jpg"))[:4]:
        data = path.read_bytes()
        exact = image(data, downsample=downsample)
        means = [abs(image(data, downsample=downsample, reducing_gap=gap) - exact).mean() for gap in ("1", "2", "3")]
        assert means[0] < 4
        assert max(means[1:]) < 1
        assert max(means[1:]) <= means[0]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_of_a_shrunk_photograph(orientation, shared_data):
    data = (shared_data / f"exif/Portrait_{orientation}.jpg").read_bytes()
    exact, near = image(data, downsample="height:100"), image(data, downsample="height:100", reducing_gap="2")
    assert near.shape == exact.shape
    assert abs(near - exact).mean() < 1.5


def test_a_gap_works_on_other_formats_too():
    picture = drawn(size=(240, 170)).effect_spread(9)
    data = encoded(picture, "PNG")
    expected = picture.resize((30, 21), Image.Resampling.BILINEAR, reducing_gap=2.0)
    assert np.array_equal(image(data, downsample="factor:8", reducing_gap="2"), np.asarray(expected).astype(int))
    assert not np.array_equal(image(data, downsample="factor:8"), np.asarray(expected).astype(int))


@pytest.mark.parametrize("downsample", ["none", "factor:1.5", "both:100x80"])
def test_where_nothing_can_be_left_out_nothing_changes(downsample):
    data = encoded(drawn(size=(80, 60)), "JPEG", quality=95, exif=exif(6))
    assert np.array_equal(image(data, downsample=downsample, reducing_gap="2"), image(data, downsample=downsample))
