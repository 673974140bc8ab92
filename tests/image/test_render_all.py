"""Several results of one image: the same bytes as one by one, and one decoding."""

from itertools import permutations

import pytest
from support.pictures import MODES_AND_FORMATS, drawn, encoded, exif

from dvcore.errors import InvalidInputError
from dvcore.image import decoding
from dvcore.image.pipeline import parse_pipeline
from dvcore.image.render import render, render_all

PIPELINES = [
    parse_pipeline(**options)
    for options in (
        {},
        {"color": "gray"},
        {"color": "mixed", "background": "#204080"},
        {"encoding": "jpeg", "downsample": "factor:2"},
        {"downsample": "both:9x30:pad", "background": "white"},
        {"downsample": "both:9x9:crop", "interpolation": "nearest", "color": "gray"},
        {"color": "gray", "bit_depth": "16", "range": "10:200"},
        {"range": "0:100", "downsample": "longest:12"},
        {"downsample": "factor:4", "reducing_gap": "1"},
    )
]
DEEP = [pipeline for pipeline in PIPELINES if "range" in pipeline.texts()]


@pytest.mark.parametrize(("mode", "format_name"), MODES_AND_FORMATS)
def test_together_as_alone(mode, format_name):
    data = encoded(drawn(mode, (41, 33)), format_name)
    pipelines = DEEP if mode in ("I;16", "F") else PIPELINES
    assert render_all(data, pipelines) == tuple(render(data, pipeline) for pipeline in pipelines)


def test_the_order_does_not_matter():
    data = encoded(drawn("LA", (41, 33)), "PNG", exif=exif(6))
    alone = {pipeline: render(data, pipeline) for pipeline in PIPELINES}
    for order in permutations(PIPELINES[:5]):
        assert render_all(data, order) == tuple(alone[pipeline] for pipeline in order)


def test_nothing_of_nothing():
    assert render_all(encoded(drawn(), "PNG"), ()) == ()


def test_an_image_is_decoded_once(monkeypatch):
    opened, times = decoding.opened, []
    monkeypatch.setattr(decoding, "opened", lambda *args: times.append(args[1]) or opened(*args))
    render_all(encoded(drawn(size=(64, 64)), "JPEG"), [*PIPELINES[1:6], *PIPELINES[1:6]])
    assert times == ["JPEG"]
    render_all(encoded(drawn(size=(64, 64)), "JPEG"), [parse_pipeline(), parse_pipeline(color="mixed")])
    assert times == ["JPEG"]  # bytes that pass are not decoded


def test_what_one_refuses_all_refuse():
    with pytest.raises(InvalidInputError, match="has 16 bits"):
        render_all(encoded(drawn("I;16"), "PNG"), [DEEP[0], parse_pipeline()])
