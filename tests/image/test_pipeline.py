from dataclasses import replace

import pytest

from dvcore.errors import InvalidInputError
from dvcore.image.facts import Probe
from dvcore.image.pipeline import Pipeline, parse_background, parse_pipeline
from dvcore.model.files import ImageFacts

PLAIN = Probe("JPEG", "RGB", 8, 640, 480)


def test_defaults_and_texts():
    assert parse_pipeline() == Pipeline()
    texts = {
        "color": "gray",
        "downsample": "both:64x32:pad",
        "interpolation": "lanczos",
        "encoding": "jpeg",
        "background": "#0a80ff",
    }
    assert parse_pipeline(**texts).texts() == texts
    assert parse_pipeline(background="white").texts()["background"] == "#ffffff"


def test_later_options_are_in_the_texts_only_where_they_matter():
    """The texts are hashed: what was made before there were such options keeps its hashes."""
    first = {"color", "downsample", "interpolation", "encoding", "background"}
    assert parse_pipeline().texts().keys() == first
    assert parse_pipeline(range="none", bit_depth="8", reducing_gap="none").texts().keys() == first
    texts = parse_pipeline(color="gray", downsample="factor:2").texts()
    later = {"range": "-0.5:4095", "bit_depth": "16", "reducing_gap": "2.5"}
    assert parse_pipeline(**texts, **later).texts() == texts | later
    assert parse_pipeline(range="full").texts()["range"] == "full"
    assert parse_pipeline(range="-0:1.50").texts()["range"] == "0:1.5"
    assert parse_pipeline(range="00100:20000").texts()["range"] == "100:20000"
    assert parse_pipeline(downsample="width:9", reducing_gap="2.0").texts()["reducing_gap"] == "2"


@pytest.mark.parametrize(
    "options",
    [{"downsample": "none"}, {"downsample": "factor:1"}, {"downsample": "factor:4", "interpolation": "nearest"}],
)
def test_a_gap_that_can_change_nothing_is_none(options):
    assert parse_pipeline(**options, reducing_gap="2") == parse_pipeline(**options)
    with pytest.raises(InvalidInputError, match="is no reducing gap"):
        parse_pipeline(**options, reducing_gap="0.5")


@pytest.mark.parametrize(
    "wrong",
    [
        *({"color": "grey"}, {"downsample": "2"}, {"interpolation": "cubic"}, {"encoding": "webp"}),
        *({"background": "#fff"}, {"bit_depth": "12"}, {"reducing_gap": "0.99"}, {"reducing_gap": "nan"}),
        *({"range": text} for text in ("", "1", "1:1", "2:1", "0:inf", "0:1:2", "1e3:2e3", "0:٣", "all", "-0:0")),
        *({"bit_depth": "16"}, {"bit_depth": "16", "color": "mixed"}),
        {"bit_depth": "16", "color": "gray", "encoding": "jpeg"},
    ],
)
def test_unknown_values_are_refused_with_advice(wrong):
    with pytest.raises(InvalidInputError) as caught:
        parse_pipeline(**wrong)
    assert caught.value.hint


def test_a_near_miss_is_named():
    with pytest.raises(InvalidInputError, match=r"'grey' is no color; did you mean 'gray'\?"):
        parse_pipeline(color="grey")
    assert parse_background("#0A0b0C") == (10, 11, 12)


@pytest.mark.parametrize(
    ("pipeline", "facts"),
    [
        ({}, PLAIN),
        ({}, replace(PLAIN, orientation=1)),
        ({}, replace(PLAIN, format="PNG")),
        ({"color": "gray"}, replace(PLAIN, mode="L")),
        ({"color": "mixed"}, replace(PLAIN, mode="L")),
        ({"color": "mixed"}, PLAIN),
        ({"encoding": "jpeg"}, PLAIN),
        ({"encoding": "png"}, replace(PLAIN, format="PNG")),
        ({"downsample": "both:480x640"}, PLAIN),  # a resize to the same size is none
        ({"downsample": "longest:640"}, PLAIN),
        ({"downsample": "factor:1"}, PLAIN),
    ],
)
def test_bytes_pass_where_nothing_is_to_be_done(pipeline, facts):
    assert parse_pipeline(**pipeline).passes_through(facts)


@pytest.mark.parametrize(
    ("pipeline", "facts"),
    [
        *(({}, replace(PLAIN, orientation=value)) for value in (0, 2, 3, 6, 8, 9, 65535)),
        ({}, replace(PLAIN, mode="L")),
        ({}, replace(PLAIN, mode="CMYK")),
        ({}, replace(PLAIN, format="PNG", mode="P")),
        ({}, replace(PLAIN, format="PNG", mode="RGBA", transparent=True)),
        ({}, replace(PLAIN, format="PNG", transparent=True)),
        ({}, replace(PLAIN, format="PNG", bits=16)),
        ({"color": "gray"}, replace(PLAIN, format="PNG", mode="L", bits=4)),
        ({"color": "gray"}, PLAIN),
        ({"color": "mixed"}, replace(PLAIN, format="PNG", mode="LA", transparent=True)),
        ({}, replace(PLAIN, format="WEBP")),
        ({}, replace(PLAIN, format="TIFF")),
        ({"encoding": "png"}, PLAIN),
        ({"encoding": "jpeg"}, replace(PLAIN, format="PNG")),
        ({"downsample": "longest:639"}, PLAIN),
        ({"downsample": "both:640x480"}, PLAIN),
    ],
)
def test_all_else_is_encoded_anew(pipeline, facts):
    assert not parse_pipeline(**pipeline).passes_through(facts)


def deep(mode, bits, format_name="TIFF"):
    return ImageFacts(640, 480, format_name, mode, None, bits)


GRAY = (deep("I;16", 16, "PNG"), deep("I;16", 12), deep("I", 16, "PPM"), deep("I;16B", 16))
OTHER = (deep("I", 16), deep("I", 32))  # with a sign, or too wide
COLORED = (deep("RGB", 16, "PNG"), deep("RGBA", 16), deep("LA", 12, "JPEG2000"), deep("CMYK", 16))
NO_RULE, UPPER = "no rule says which values become black and white", "of which only the upper 8 can be read"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, (NO_RULE, NO_RULE, NO_RULE, NO_RULE)),
        ({"range": "full"}, (None, None, "whose full range no picture uses", None)),
        ({"range": "0:1"}, (None, None, None, UPPER)),
        ({"color": "gray", "bit_depth": "16"}, (None, NO_RULE, NO_RULE, UPPER)),
        (
            {"color": "gray", "bit_depth": "16", "range": "full"},
            (None, None, "whose full range no picture uses", UPPER),
        ),
        ({"color": "gray", "bit_depth": "16", "range": "0:1"}, (None, None, None, UPPER)),
    ],
)
def test_what_is_refused(options, expected):
    pipeline = parse_pipeline(**options)
    for group, reason in zip((GRAY, OTHER, (deep("F", 32),), COLORED), expected, strict=True):
        for facts in group:
            found = pipeline.refuses(facts)
            assert (found is None) if reason is None else (found or "").endswith(reason)
    for mode in ("1", "L", "P", "RGBA"):
        assert pipeline.refuses(deep(mode, 8, "PNG")) is None
    assert pipeline.refuses(PLAIN) is None


def test_16_bits_pass_where_16_bits_are_wanted():
    sixteen = Probe("PNG", "I;16", 16, 640, 480)
    pipeline = parse_pipeline(color="gray", bit_depth="16")
    assert pipeline.passes_through(sixteen)
    assert not pipeline.passes_through(replace(sixteen, mode="L", bits=8))
    assert not pipeline.passes_through(replace(sixteen, transparent=True))
    assert not pipeline.passes_through(replace(sixteen, format="TIFF"))
    assert not pipeline.passes_through(replace(sixteen, mode="RGB"))
    assert not pipeline.passes_through(replace(sixteen, orientation=6))
    for options in ({"color": "gray"}, {"color": "gray", "bit_depth": "16", "range": "full"}):
        assert not parse_pipeline(**options).passes_through(sixteen)
