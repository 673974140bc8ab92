"""Samples of more than 8 bits, against values computed by hand."""

import io
import struct
import zlib
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.pictures import drawn, encoded, exif, png_chunk

from dvcore.errors import InvalidInputError
from dvcore.image import deep
from dvcore.image.pipeline import parse_pipeline
from dvcore.image.probe import probe
from dvcore.image.render import render

VALUES = (0, 1, 127, 128, 129, 255, 256, 257, 1000, 4095, 32767, 32768, 65278, 65279, 65407, 65535)


def rendered(data, **options):
    return render(data, parse_pipeline(**options))


def values(data, **options):
    return np.asarray(Image.open(io.BytesIO(rendered(data, **options).data)))


def row(kind, numbers=VALUES):
    return Image.fromarray(np.array([numbers], kind))


def png_row(color_type, samples, transparent=None):
    """One row of 16-bit samples, a tuple for each pixel."""
    header = struct.pack(">IIBBBBB", len(samples), 1, 16, color_type, 0, 0, 0)
    body = b"\0" + b"".join(struct.pack(f">{len(pixel)}H", *pixel) for pixel in samples)
    clear = () if transparent is None else ((b"tRNS", struct.pack(f">{len(transparent)}H", *transparent)),)
    chunks = ((b"IHDR", header), *clear, (b"IDAT", zlib.compress(body)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, content) for kind, content in chunks)


def pgm(maximum, numbers):
    return f"P2 {len(numbers)} 1 {maximum}\n{' '.join(map(str, numbers))}\n".encode()


def scaled(number, black, white, most=255):
    """In exact arithmetic, rounded half up."""
    part = min(max((Fraction(number) - Fraction(black)) / (Fraction(white) - Fraction(black)), 0), 1)
    return int(part * most + Fraction(1, 2))


SIXTEEN_BIT_FORMATS = ("PNG", "TIFF", "JPEG2000", "PPM")


@pytest.mark.parametrize("format_name", SIXTEEN_BIT_FORMATS)
def test_the_full_range_of_16_bits(format_name):
    data = encoded(row("u2"), format_name)
    assert values(data, range="full", color="gray").tolist() == [[scaled(n, 0, 65535) for n in VALUES]]
    assert values(data, range="full").tolist() == [[[scaled(n, 0, 65535)] * 3 for n in VALUES]]


@pytest.mark.parametrize("format_name", SIXTEEN_BIT_FORMATS)
@pytest.mark.parametrize(("low", "high"), [("128", "4095"), ("-100.5", "300.25"), ("32768", "32769")])
def test_a_range_is_clipped(format_name, low, high):
    data = encoded(row("u2"), format_name)
    found = values(data, range=f"{low}:{high}", color="gray")
    assert found.tolist() == [[scaled(n, low, high) for n in VALUES]]
    found = values(data, range=f"{low}:{high}", color="gray", bit_depth="16")
    assert found.tolist() == [[scaled(n, low, high, 65535) for n in VALUES]]


@pytest.mark.parametrize("format_name", SIXTEEN_BIT_FORMATS)
def test_16_bits_stay_as_they_are(format_name):
    data = encoded(row("u2"), format_name)
    result = rendered(data, color="gray", bit_depth="16")
    assert (result.format, result.channels, result.width, result.height) == ("png", 1, len(VALUES), 1)
    assert result.passed_through == (format_name == "PNG")
    assert values(data, color="gray", bit_depth="16").tolist() == [list(VALUES)]
    assert values(data, color="gray", bit_depth="16", range="full").tolist() == [list(VALUES)]


def test_real_numbers_of_instances_stay_as_they_are(shared_data):
    paths = sorted((shared_data / "format-fixtures/cityscapes_dataset").rglob("*instanceIds.png"))
    deep_ones = [path.read_bytes() for path in paths if probe(path.read_bytes()).bits == 16]
    assert deep_ones
    for data in deep_ones:
        stored = np.asarray(Image.open(io.BytesIO(data)))
        assert stored.dtype == np.uint16
        assert rendered(data, color="gray", bit_depth="16").data == data
        assert np.array_equal(values(data, color="gray", range="0:255"), np.minimum(stored, 255))


def test_floats_are_clipped_and_nan_is_black():
    numbers = (-np.inf, -1e30, -0.5, 0.0, 0.25, 0.5, 1.0, 1.5, 1e30, np.inf, np.nan)
    data = encoded(row("f4", numbers), "TIFF")
    assert values(data, range="0:1", color="gray").tolist() == [[0, 0, 0, 0, 64, 128, 255, 255, 255, 255, 0]]
    assert values(data, range="-0.5:0.5", color="gray").tolist() == [[0, 0, 0, 128, 191, 255, 255, 255, 255, 255, 0]]
    sixteen = [0, 0, 0, 0, 16384, 32768, 65535, 65535, 65535, 65535, 0]
    assert values(data, range="0:1", color="gray", bit_depth="16").tolist() == [sixteen]
    with pytest.raises(InvalidInputError, match="has samples in floating point, whose full range no picture uses"):
        rendered(data, range="full")
    with pytest.raises(InvalidInputError, match="has 32 bits per sample in floating point, and no rule"):
        rendered(data, color="gray", bit_depth="16")


def signed_tiff(kind, numbers, sample_format):
    """Uncompressed, one strip, little endian: Pillow writes none of 16 bits with a sign."""
    samples = np.array(numbers, kind).tobytes()
    bits = np.dtype(kind).itemsize * 8
    tags = ((256, len(numbers)), (257, 1), (258, bits), (259, 1), (262, 1), (273, 8), (278, 1), (279, len(samples)))
    tags = (*tags, (339, sample_format))
    entries = b"".join(struct.pack("<HHII", tag, 4 if tag != 258 else 3, 1, value) for tag, value in tags)
    directory = struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0)
    return b"II*\0" + struct.pack("<I", 8 + len(samples)) + samples + directory


@pytest.mark.parametrize(
    ("kind", "sample_format", "least", "greatest"),
    [("<i2", 2, -(2**15), 2**15 - 1), ("<i4", 2, -(2**31), 2**31 - 1), ("<u4", 1, 0, 2**32 - 1)],
)
def test_integers_with_a_sign_or_of_32_bits(kind, sample_format, least, greatest):
    numbers = (least, least // 2, 0, 100, greatest // 3, greatest)
    data = signed_tiff(kind, numbers, sample_format)
    assert values(data, range="full", color="gray").tolist() == [[scaled(n, least, greatest) for n in numbers]]
    sixteen = values(data, range="full", color="gray", bit_depth="16")
    assert sixteen.tolist() == [[scaled(n, least, greatest, 65535) for n in numbers]]
    assert values(data, range="-100:300", color="gray").tolist() == [[scaled(n, -100, 300) for n in numbers]]
    with pytest.raises(InvalidInputError, match="bits per sample, and no rule"):
        rendered(data, color="gray", bit_depth="16")


def test_where_zero_is_white():
    for kind, numbers in (("u2", VALUES), ("f4", (0.0, 0.25, 1.0))):
        data = encoded(row(kind, numbers), "TIFF", tiffinfo={262: 0})
        high = 65535 if kind == "u2" else 1
        assert values(data, range=f"0:{high}", color="gray").tolist() == [
            [int(Fraction(255) - Fraction(n) / high * 255 + Fraction(1, 2)) for n in map(Fraction, map(float, numbers))]
        ]
    data = encoded(row("u2"), "TIFF", tiffinfo={262: 0})
    assert values(data, color="gray", bit_depth="16").tolist() == [[65535 - n for n in VALUES]]


@pytest.mark.parametrize("maximum", [256, 1023, 4095, 40_000, 65534])
def test_the_values_of_a_pnm_are_those_that_are_stored(maximum):
    numbers = (0, 1, 77, 128, maximum // 2, maximum - 1, maximum)
    for data in (pgm(maximum, numbers), f"P5 7 1 {maximum}\n".encode() + struct.pack(">7H", *numbers)):
        assert probe(data).bits == maximum.bit_length()
        assert values(data, color="gray", bit_depth="16").tolist() == [list(numbers)]
        assert values(data, color="gray", range="0:200").tolist() == [[scaled(n, 0, 200) for n in numbers]]
        assert values(data, color="gray", range="full").tolist() == [[scaled(n, 0, maximum) for n in numbers]]


def test_the_values_of_a_shallow_jpeg_2000_are_those_that_are_stored():
    """Pillow decodes them shifted up to 16 bits, and writes none."""
    storage = deep.Storage(0, 4095, shift=4)
    pixels = np.array([[0, 5, 77, 4095]], np.uint16) << 4
    for rule, expected in (("full", [0, 0, 5, 255]), ("0:255", [0, 5, 77, 255])):
        pipeline = parse_pipeline(color="gray", range=rule)
        found = deep.convert_deep(Image.fromarray(pixels), storage, pipeline.range, "8", 0)
        assert np.asarray(found).tolist() == [expected]
    data = encoded(row("u2"), "JPEG2000")
    with Image.open(io.BytesIO(data)) as source:
        assert deep.storage_of(source, replace(probe(data), bits=12)) == storage
        assert deep.storage_of(source, probe(data)) == deep.Storage(0, 65535)


@pytest.mark.parametrize(
    "data",
    [
        png_row(2, [(n, n, 65535 - n) for n in VALUES]),
        png_row(4, [(n, 65535) for n in VALUES]),
        png_row(6, [(n, n, 65535 - n, 65535) for n in VALUES]),
    ],
    ids=["RGB", "LA", "RGBA"],
)
def test_colour_and_alpha_of_16_bits_have_their_upper_8(data):
    found = values(data, range="full")
    assert found[..., 0].tolist() == [[n >> 8 for n in VALUES]]
    for options in ({"range": "0:4095"}, {"bit_depth": "16", "color": "gray"}):
        with pytest.raises(InvalidInputError, match="has 16 bits per sample in colour or with alpha, of which only"):
            rendered(data, **options)
    with pytest.raises(InvalidInputError, match="has 16 bits per sample, and no rule"):
        rendered(data)


def test_mixed_keeps_the_channels_of_16_bits():
    assert rendered(png_row(0, [(n,) for n in VALUES]), color="mixed", range="full").channels == 1
    assert rendered(png_row(4, [(n, 65535) for n in VALUES]), color="mixed", range="full").channels == 1
    assert rendered(png_row(2, [(n, n, n) for n in VALUES]), color="mixed", range="full").channels == 3
    assert rendered(png_row(6, [(n, n, n, 65535) for n in VALUES]), color="mixed", range="full").channels == 3


def test_a_transparent_value_of_16_bits_shows_the_background():
    data = png_row(0, [(n,) for n in VALUES], transparent=(257,))
    place = VALUES.index(257)
    expected = [[scaled(n, 0, 65535)] * 3 for n in VALUES]
    expected[place] = [0x30, 0x60, 0xC0]
    assert values(data, range="full", background="#3060c0").tolist() == [expected]
    assert rendered(data, range="full", background="#3060c0", color="mixed").channels == 3
    assert rendered(data, range="full", background="#606060", color="mixed").channels == 1
    luma = Image.new("RGB", (1, 1), (0x30, 0x60, 0xC0)).convert("L").getpixel((0, 0))
    assert values(data, range="full", background="#3060c0", color="gray")[0, place] == luma
    sixteen = values(data, background="#3060c0", color="gray", bit_depth="16")[0].tolist()
    assert sixteen == [luma * 257 if n == 257 else n for n in VALUES]


def test_a_transparent_colour_of_16_bits_is_refused():
    with pytest.raises(InvalidInputError, match="has a transparent colour of 16 bits"):
        rendered(png_row(2, [(1, 2, 3), (1, 2, 4)], transparent=(1, 2, 3)), range="full")


def test_8_bits_need_no_range_and_take_none():
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
        data = encoded(drawn(mode), "PNG")
        assert rendered(data, range="100:200") == rendered(data)
        assert rendered(data, range="full") == rendered(data)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_8_bits_are_spread_over_16(mode):
    data = encoded(drawn(mode), "PNG")
    eight = values(data, color="gray", encoding="png")
    assert np.array_equal(values(data, color="gray", bit_depth="16"), eight.astype(np.uint16) * 257)


@pytest.mark.parametrize("format_name", ["PNG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_16_bits_are_turned(format_name, orientation):
    pixels = np.arange(35, dtype=np.uint16).reshape(5, 7) * 1777
    upright = {
        1: pixels,
        2: pixels[:, ::-1],
        3: pixels[::-1, ::-1],
        4: pixels[::-1],
        5: pixels.T,
        6: np.rot90(pixels, -1),
        7: pixels[::-1, ::-1].T,
        8: np.rot90(pixels),
    }[orientation]
    data = encoded(Image.fromarray(pixels), format_name, exif=exif(orientation))
    assert np.array_equal(values(data, color="gray", bit_depth="16"), upright)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos", "box", "hamming"])
def test_16_bits_are_resized_in_16_bits(interpolation):
    """As Pillow does it in 32, but for what that leaves of the scale."""
    pixels = (np.random.default_rng(1).random((40, 50)) * 65535).astype(np.uint16)
    resampling = Image.Resampling[interpolation.upper()]
    exact = np.asarray(Image.fromarray(pixels.astype(np.float32)).resize((20, 16), resampling))
    for gap in ("none", "1"):
        found = values(
            encoded(Image.fromarray(pixels), "PNG"),
            color="gray",
            bit_depth="16",
            downsample="factor:2.5",
            interpolation=interpolation,
            reducing_gap=gap,
        )
        assert found.dtype == np.uint16
        assert abs(found - np.clip(exact, 0, 65535)).max() <= 2


def test_16_bits_are_padded():
    data = encoded(drawn("L", (40, 10)), "PNG")
    image = values(data, color="gray", bit_depth="16", downsample="both:20x20:pad", background="#0000ff")
    assert image[0].tolist() == [29 * 257] * 20
    assert image[10].max() > 29 * 257


def test_large_images_are_worked_on_in_parts(monkeypatch):
    pixels = (np.random.default_rng(2).random((37, 23)) * 65535).astype(np.uint16)
    data = encoded(Image.fromarray(pixels), "PNG")
    whole = values(data, color="gray", range="1000:50000")
    monkeypatch.setattr(deep, "_BAND_SAMPLES", 50)
    assert np.array_equal(values(data, color="gray", range="1000:50000"), whole)


@given(st.integers(0, 65535), st.integers(0, 65534), st.integers(1, 65535))
def test_every_value_is_scaled_as_in_exact_arithmetic(number, low, extent):
    data = encoded(row("u2", (number, 0)), "PNG")
    for bit_depth, most in (("8", 255), ("16", 65535)):
        found = values(data, color="gray", range=f"{low}:{low + extent}", bit_depth=bit_depth)[0, 0]
        assert found == scaled(number, low, low + extent, most)
