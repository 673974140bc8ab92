from dataclasses import replace

import pytest

from dvcore.errors import InvalidInputError
from dvcore.image.facts import Probe
from dvcore.image.pipeline import Pipeline, parse_background, parse_pipeline

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


@pytest.mark.parametrize(
    "wrong",
    [{"color": "grey"}, {"downsample": "2"}, {"interpolation": "cubic"}, {"encoding": "webp"}, {"background": "#fff"}],
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
