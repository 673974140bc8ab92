import io
import struct
import zlib

import pytest
from PIL import Image
from support.pictures import MODES_AND_FORMATS, drawn, encoded, exif, png_chunk

from dvcore.errors import InvalidInputError
from dvcore.image import facts as limits
from dvcore.image.jpeg import read_jpeg
from dvcore.image.names import is_image_name
from dvcore.image.probe import probe


def pillow_says(data):
    """Format, mode and size as Pillow opens them, and the EXIF tag where there is a block."""
    with Image.open(io.BytesIO(data)) as image:
        tag = image.getexif().get(0x0112) if image.format == "TIFF" or "exif" in image.info else None
        return image.format, image.mode, *image.size, tag, image.has_transparency_data


def probe_says(data):
    """The same of ours; Pillow gives the displayed size of a TIFF and the raw size of everything else."""
    facts = probe(data)
    size = (facts.width, facts.height) if facts.format == "TIFF" else (facts.raw_width, facts.raw_height)
    return facts.format, facts.mode, *size, facts.orientation, facts.transparent


def test_pillow_agrees_on_all_real_images(shared_data):
    found = 0
    for path in sorted(path for path in shared_data.rglob("*") if is_image_name(path.name)):
        if "corrupt" not in path.name:
            data = path.read_bytes()
            assert probe_says(data) == pillow_says(data), path
            found += 1
    assert found > 1000


@pytest.mark.parametrize(("mode", "format_name"), MODES_AND_FORMATS)
def test_pillow_agrees_on_every_mode_and_format(mode, format_name):
    data = encoded(drawn(mode), format_name)
    assert probe_says(data) == pillow_says(data)
    assert (probe(data).width, probe(data).height) == (24, 17)


@pytest.mark.parametrize(
    ("image", "format_name", "options"),
    [
        (drawn(), "JPEG", {"progressive": True, "comment": b"\xff\xd9"}),
        (drawn(), "JPEG", {"keep_rgb": True}),
        (drawn(), "JPEG", {"icc_profile": b"p" * 150_000}),
        (drawn(), "PNG", {"transparency": (1, 2, 3)}),
        (drawn("L"), "PNG", {"transparency": 7}),
        (drawn("P"), "PNG", {"transparency": b"\0\x80"}),
        (drawn("P"), "PNG", {"bits": 2}),
        (drawn("P"), "GIF", {"transparency": 3}),
        (drawn("P"), "GIF", {"save_all": True, "append_images": [drawn("L")]}),
        (drawn("RGB"), "PNG", {"save_all": True, "append_images": [drawn()]}),
        (drawn("RGB"), "WEBP", {"save_all": True, "append_images": [drawn("RGBA")]}),
        (drawn("RGB"), "TIFF", {"save_all": True, "append_images": [drawn("L")], "compression": "tiff_lzw"}),
        (drawn("1"), "TIFF", {"compression": "group4"}),
        (drawn("RGB"), "TIFF", {"compression": "jpeg"}),
        (drawn("RGB"), "TIFF", {"big_tiff": True}),
        (drawn("RGB"), "JPEG2000", {"no_jp2": True}),
    ],
)
def test_pillow_agrees_on_variants(image, format_name, options):
    data = encoded(image, format_name, **options)
    assert probe_says(data) == pillow_says(data)


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", [0, 1, 2, 5, 6, 8, 9, 65535])
def test_the_raw_orientation_is_kept(format_name, orientation):
    facts = probe(encoded(drawn(), format_name, exif=exif(orientation)))
    assert facts.orientation == orientation
    assert (facts.raw_width, facts.raw_height) == (24, 17)
    assert (facts.width, facts.height) == ((17, 24) if orientation in (5, 6, 8) else (24, 17))


def test_orientation_of_a_png_behind_its_pixels():
    data = encoded(drawn(), "PNG")
    end = len(data) - 12
    assert probe(data[:end] + png_chunk(b"eXIf", exif(6)[6:]) + data[end:]).orientation == 6


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (("HHIHH", 0x0112, 3, 1, 8, 0), 8),
        (("HHII", 0x0112, 4, 1, 8), 8),
        (("HHIHH", 0x0112, 3, 2, 8, 0), None),  # two values
        (("HHI4s", 0x0112, 2, 4, b"8\0\0\0"), None),  # a text
        (("HHIHH", 0x0113, 3, 1, 8, 0), None),
    ],
)
def test_kinds_of_orientation_tags(order, entry, expected):
    magic = b"II*\0" if order == "<" else b"MM\0*"
    block = magic + struct.pack(order + "IH", 8, 1) + struct.pack(order + entry[0], *entry[1:])
    assert probe(encoded(drawn(), "JPEG", exif=b"Exif\0\0" + block)).orientation == expected


@pytest.mark.parametrize(
    "block", [b"", b"II", b"II*\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff", b"junk" * 9]
)
def test_a_damaged_exif_block_is_no_reason_to_refuse_the_image(block):
    facts = probe(encoded(drawn(), "JPEG", exif=b"Exif\0\0" + block))
    assert (facts.orientation, facts.width) == (None, 24)


def test_only_exif_turns_an_image():
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><tiff:Orientation>6</tiff:Orientation></x:xmpmeta>'
    assert probe(encoded(drawn(), "JPEG", xmp=xmp)).orientation is None


def test_a_jpeg_of_several_pictures_is_a_jpeg():
    data = encoded(drawn(), "MPO", save_all=True, append_images=[drawn()])
    assert pillow_says(data)[0] == "MPO"
    assert probe(data).format == "JPEG"


def test_what_follows_the_image_does_not_matter():
    for format_name in ("JPEG", "PNG", "GIF"):
        assert probe(encoded(drawn("L"), format_name) + b"trailing").format == format_name


def test_an_exif_block_that_is_announced_twice():
    assert probe(encoded(drawn(), "JPEG", exif=b"Exif\0\0" + exif(6))).orientation == 6


def test_fill_bytes_before_a_marker_are_passed_over():
    data = encoded(drawn(), "JPEG")
    assert read_jpeg(data[:2] + b"\xff" + data[2:]) == read_jpeg(data) == probe(data)


def test_junk_between_the_segments_of_a_jpeg_is_left_to_pillow():
    data = encoded(drawn(), "JPEG", exif=exif(6))
    assert probe(data[:2] + b"\xff\xfe\0\2junk" + data[2:]) == probe(data)


@pytest.mark.parametrize(
    ("mode", "format_name", "bits"),
    [
        *(("1", "PNG", 1), ("1", "TIFF", 1), ("L", "JPEG", 8), ("RGB", "PPM", 8), ("P", "GIF", 8)),
        *(("I;16", "PNG", 16), ("I;16", "TIFF", 16), ("I;16", "JPEG2000", 16), ("F", "TIFF", 32)),
    ],
)
def test_bits_per_sample(mode, format_name, bits):
    assert probe(encoded(drawn(mode), format_name)).bits == bits


def deep_png(color, samples):
    """One 16-bit pixel."""
    header = struct.pack(">IIBBBBB", 1, 1, 16, color, 0, 0, 0)
    body = zlib.compress(b"\0" + b"\x12\x34" * samples)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        png_chunk(kind, content) for kind, content in ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    )


@pytest.mark.parametrize(("color", "samples"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_sixteen_bits_that_pillow_hides(color, samples):
    data = deep_png(color, samples)
    assert probe_says(data) == pillow_says(data)
    assert probe(data).bits == 16


def test_sixteen_bits_of_a_colour_pnm():
    assert probe(b"P6 1 1 65535\n" + b"\x12\x34" * 3).bits == 16
    assert probe(b"P5 1 1 1023\n" + b"\x12\x34").bits == 10


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"hello", "is no image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is no image"),
        (b"\xff\xd8\xff", "is truncated"),
        (b"\x89PNG\r\n\x1a\n", "is truncated"),
        (b"BM", "is "),
        (b"II*\0", "is "),
    ],
)
def test_what_is_no_image_is_named(data, reason):
    with pytest.raises(InvalidInputError, match=f"^{reason}"):
        probe(data)


def jpeg_frame(data, *, marker=None, bits=None, height=None, width=None, components=None):
    """A JPEG with other values in its frame header."""
    start = data.index(b"\xff\xc0")
    old = struct.unpack_from(">HHBHHB", data, start)
    new = [marker, None, bits, height, width, components]
    fields = [was if value is None else value for was, value in zip(old, new, strict=True)]
    return data[:start] + struct.pack(">HHBHHB", *fields) + data[start + 10 :]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"bits": 12}, "is a 12-bit JPEG, which is not supported"),
        ({"marker": 0xFFC3}, "is a lossless, hierarchical or arithmetic-coded JPEG, which is not supported"),
        ({"marker": 0xFFC9}, "is a lossless, hierarchical or arithmetic-coded JPEG, which is not supported"),
        ({"components": 2}, "is a JPEG of 2 colour components, which is not supported"),
        ({"height": 0}, "has no pixels: 24x0"),
        ({"height": 65500, "width": 65500}, "is larger than 178,956,970 pixels: 65500x65500"),
    ],
)
def test_jpegs_that_are_refused(change, reason):
    with pytest.raises(InvalidInputError) as caught:
        probe(jpeg_frame(encoded(drawn(), "JPEG"), **change))
    assert caught.value.message == reason


@pytest.mark.parametrize("format_name", ["PNG", "BMP", "GIF", "PPM", "TIFF", "WEBP", "JPEG2000"])
def test_every_reader_holds_the_pixel_limit(format_name, monkeypatch):
    data = encoded(drawn(size=(30, 20)), format_name)
    monkeypatch.setattr(limits, "MAX_PIXELS", 600)
    assert probe(data).width == 30
    monkeypatch.setattr(limits, "MAX_PIXELS", 599)
    with pytest.raises(InvalidInputError, match="is larger than 599 pixels: 30x20"):
        probe(data)
