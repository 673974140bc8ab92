from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvcore.errors import InvalidInputError
from dvcore.image.downsample import (
    MAX_SIDE,
    BothSides,
    format_downsampling,
    parse_downsampling,
    place,
    target_size,
)
from dvcore.image.facts import MAX_PIXELS

sides = st.integers(1, 20_000)
pixels = st.integers(1, MAX_SIDE)
one_side = st.builds("{}:{}".format, st.sampled_from(["height", "width", "longest", "shortest"]), pixels)
factors = st.decimals(1, 1000, places=3).map(lambda factor: f"factor:{factor.normalize():f}")
areas = st.tuples(pixels, pixels).filter(lambda sizes: sizes[0] * sizes[1] <= MAX_PIXELS)
both = st.builds("both:{0[0]}x{0[1]}{1}".format, areas, st.sampled_from(["", ":pad", ":crop"]))
rules = st.one_of(st.just("none"), one_side, factors, both)


@given(rules)
def test_texts_come_back(text):
    assert format_downsampling(parse_downsampling(text)) == text


def test_one_rule_has_one_text():
    assert format_downsampling(parse_downsampling("factor:2.50")) == "factor:2.5"
    assert format_downsampling(parse_downsampling("factor:100")) == "factor:100"
    assert parse_downsampling("height:0256") == parse_downsampling("height:256")


@pytest.mark.parametrize(
    "text",
    [
        *("", "4", "half", " none", "none\n", "depth:4"),
        *("factor:0.5", "factor:0", "factor:-2", "factor:1e3", "factor:nan", "factor:٣"),
        *("both:256", "both:256x", "both:0x5", "both:5x70000", "both:5x5:fill"),
        *("height:0", "height:2.5", "longest:65501"),
    ],
)
def test_other_texts_are_refused(text):
    with pytest.raises(InvalidInputError):
        parse_downsampling(text)


def test_a_size_that_no_result_may_have_is_refused_before_any_is_made():
    assert parse_downsampling("both:65500x2732") == BothSides(65500, 2732)
    with pytest.raises(InvalidInputError, match="'both:65500x2733' asks for 179,011,500 pixels"):
        parse_downsampling("both:65500x2733")


def test_the_refusal_gives_examples():
    with pytest.raises(InvalidInputError, match=r"'half' is no downsampling; examples: .*factor:4.*both:480x640"):
        parse_downsampling("half")


@pytest.mark.parametrize(
    ("text", "size", "expected"),
    [
        ("none", (640, 480), (640, 480)),
        ("factor:4", (640, 480), (160, 120)),
        ("factor:2", (5, 7), (3, 4)),  # 2.5 and 3.5 round up, not to even
        ("factor:2", (1, 3), (1, 2)),
        ("factor:1000", (640, 480), (1, 1)),
        ("factor:1.1", (11, 110), (10, 100)),  # exact in decimals, 9.9999… in floats
        ("both:256x128", (10, 10), (128, 256)),
        ("height:240", (640, 480), (320, 240)),
        ("height:500", (640, 480), (640, 480)),
        ("width:320", (640, 480), (320, 240)),
        ("width:3", (3, 3000), (3, 3000)),
        ("longest:512", (1024, 3), (512, 2)),
        ("longest:512", (3, 1024), (2, 512)),
        ("shortest:256", (1024, 512), (512, 256)),
        ("shortest:256", (100, 4000), (100, 4000)),
    ],
)
def test_sizes(text, size, expected):
    assert target_size(parse_downsampling(text), *size) == expected


@given(factors, sides, sides)
def test_factors_round_half_up(text, width, height):
    factor = Decimal(text.removeprefix("factor:"))
    width_to, height_to = target_size(parse_downsampling(text), width, height)
    for before, after in ((width, width_to), (height, height_to)):
        # after - 1/2 <= before / factor < after + 1/2, multiplied out so that nothing is rounded
        assert after == 1 or (2 * after - 1) * factor <= 2 * before
        assert 2 * before < (2 * after + 1) * factor
    if factor == factor.to_integral_value():
        assert width_to == max(1, int((width / factor).quantize(Decimal(1), ROUND_HALF_UP)))


@given(rules, sides, sides)
def test_only_both_enlarges_and_no_side_vanishes(text, width, height):
    rule = parse_downsampling(text)
    placement = place(rule, width, height)
    assert min(placement.width, placement.height) >= 1
    assert (placement.width, placement.height) == target_size(rule, width, height)
    if not text.startswith("both"):
        assert placement.width <= width
        assert placement.height <= height
        assert not placement.enlarges


@given(one_side, sides, sides)
def test_the_limited_side_is_what_was_asked_for(text, width, height):
    name, limit = text.split(":")
    after = target_size(parse_downsampling(text), width, height)
    measure = {"width": lambda s: s[0], "height": lambda s: s[1], "longest": max, "shortest": min}[name]
    assert measure(after) == min(int(limit), measure((width, height)))


@given(rules, sides, sides)
def test_padding_and_cropping_are_centred(text, width, height):
    placement = place(parse_downsampling(text), width, height)
    left, top, right, bottom = placement.target
    if text.endswith("pad"):
        assert 0 in (left, top)
        assert 0 <= placement.width - right - left <= 1
        assert 0 <= placement.height - bottom - top <= 1
    else:
        assert placement.target == (0, 0, placement.width, placement.height)
    x0, y0, x1, y1 = placement.source
    if text.endswith("crop"):
        assert 0 in (x0, y0)
        assert (x0 + x1, y0 + y1) == (width, height)
        assert placement.scale[0] == placement.scale[1]
    else:
        assert placement.source == (0, 0, width, height)
    assert placement.enlarges == (max(placement.scale) > 1)


def test_pad_and_crop_by_hand():
    pad = place(parse_downsampling("both:100x100:pad"), 200, 50)
    assert pad.target == (0, 37, 100, 62)  # 25 high: 37 above, 38 below
    crop = place(parse_downsampling("both:100x100:crop"), 200, 50)
    assert crop.source == (75, 0, 125, 50)
    assert crop.enlarges
    assert not pad.enlarges
    assert place(parse_downsampling("both:10x500"), 100, 100).enlarges  # in one direction only
