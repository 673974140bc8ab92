"""Bytes of rendered images, pinned for one toolchain: a change here means that snapshots come out different."""

import struct

import pytest
from support.pictures import drawn, encoded, exif

from dvcore.ids import digest, format_short
from dvcore.image.pipeline import parse_pipeline
from dvcore.image.render import render, toolchain

PINNED = {"pillow": "13.0.0", "libjpeg-turbo": "3.2.0", "zlib-ng": "2.3.3"}

GOLDEN = [
    ({"encoding": "png"}, "f4f812c767cb"),
    ({"encoding": "jpeg"}, "eaee3e288783"),
    ({"color": "gray", "encoding": "jpeg"}, "231fa7a269bb"),
    ({"downsample": "factor:2.5"}, "493d2734c66a"),
    ({"downsample": "both:30x20:pad", "background": "#204080", "interpolation": "lanczos"}, "7c10b2916eb6"),
    ({"downsample": "both:16x16:crop", "interpolation": "box", "encoding": "jpeg"}, "5d78a615cd0f"),
    ({"downsample": "height:7", "interpolation": "nearest", "color": "gray"}, "81fb7ba29f17"),
]


@pytest.fixture(autouse=True)
def _pinned_toolchain():
    found = {name: version for name, version in toolchain().items() if name in PINNED}
    if found != PINNED:
        pytest.skip(f"the golden bytes are those of {PINNED}; here is {found}")


GOLDEN_LATER = [
    ({"downsample": "factor:4", "reducing_gap": "1.5", "encoding": "jpeg"}, "fba201f21568"),
    ({"color": "gray", "bit_depth": "16", "downsample": "both:30x20:pad", "background": "white"}, "aebb73d58ec6"),
]
GOLDEN_SIXTEEN = [
    ({"range": "full"}, "a5bfeced4f89"),
    ({"range": "100:30000.5", "color": "gray", "downsample": "width:20"}, "9b1c2e7bd040"),
    ({"range": "100:30000.5", "color": "gray", "bit_depth": "16", "downsample": "width:20"}, "14fbc69b15f6"),
    ({"color": "gray", "bit_depth": "16", "downsample": "both:9x9:crop", "interpolation": "lanczos"}, "166b19155b17"),
]


@pytest.mark.parametrize(("options", "expected"), GOLDEN)
def test_golden_bytes(options, expected):
    uncompressed = encoded(drawn(size=(48, 35)), "PPM")
    assert format_short(digest(render(uncompressed, parse_pipeline(**options)).data)) == expected


@pytest.mark.parametrize(("options", "expected"), GOLDEN_LATER)
def test_golden_bytes_of_a_jpeg(options, expected):
    data = encoded(drawn(size=(143, 107)), "JPEG", quality=95, exif=exif(6))
    assert format_short(digest(render(data, parse_pipeline(**options)).data)) == expected


@pytest.mark.parametrize(("options", "expected"), GOLDEN_SIXTEEN)
def test_golden_bytes_of_16_bits(options, expected):
    numbers = struct.pack(">1680H", *(number * 39 for number in range(1680)))
    data = b"P5 48 35 65535\n" + numbers
    assert format_short(digest(render(data, parse_pipeline(**options)).data)) == expected
