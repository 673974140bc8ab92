"""The facts of one small file of every format and mode. They are stored and hashed, so that a Pillow that reads other
ones would make two trees of one folder: a line that changes here is a decision, not a number to update."""

import struct

import pytest
from PIL import Image
from support.pictures import drawn, encoded

from dvcore.image.probe import probe


def bitmap_with_alpha():
    """A BMP of one pixel with a mask for alpha, which Pillow does not write."""
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack("<IiiHHIIiiIIIIII", 56, 1, 1, 1, 32, 3, 4, 0, 0, 0, 0, *masks)
    return struct.pack("<2sIHHI", b"BM", 14 + len(header) + 4, 0, 0, 14 + len(header)) + header + b"\x01\x02\x03\x80"


def premultiplied_tiff():
    """The kind of the extra sample is 1, associated alpha, which Pillow does not write either."""
    unassociated, associated = (struct.pack("<HHIHH", 338, 3, 1, kind, 0) for kind in (2, 1))
    return encoded(drawn("RGBA"), "TIFF").replace(unassociated, associated)


PICTURES = [
    # format, mode, bits, transparent | what is written
    (("JPEG", "L", 8, False), encoded(drawn("L"), "JPEG")),
    (("JPEG", "RGB", 8, False), encoded(drawn("RGB"), "JPEG")),
    (("JPEG", "CMYK", 8, False), encoded(drawn("CMYK"), "JPEG")),
    (("PNG", "1", 1, False), encoded(drawn("1"), "PNG")),
    (("PNG", "L", 8, False), encoded(drawn("L"), "PNG")),
    (("PNG", "LA", 8, True), encoded(drawn("LA"), "PNG")),
    (("PNG", "P", 2, False), encoded(drawn("P"), "PNG", bits=2)),
    (("PNG", "P", 4, True), encoded(drawn("P"), "PNG", transparency=2)),
    (("PNG", "RGB", 8, False), encoded(drawn("RGB"), "PNG")),
    (("PNG", "RGBA", 8, True), encoded(drawn("RGBA"), "PNG")),
    (("PNG", "I;16", 16, False), encoded(drawn("I;16"), "PNG")),
    (("GIF", "P", 8, False), encoded(drawn("L"), "GIF")),
    (("GIF", "P", 8, False), encoded(drawn("RGB"), "GIF")),
    (("GIF", "P", 8, True), encoded(drawn("RGBA"), "GIF")),
    (("GIF", "P", 8, False), encoded(drawn("P"), "GIF", save_all=True, append_images=[drawn("L")])),
    (("BMP", "1", 1, False), encoded(drawn("1"), "BMP")),
    (("BMP", "L", 8, False), encoded(drawn("L"), "BMP")),
    (("BMP", "P", 8, False), encoded(drawn("P"), "BMP")),
    (("BMP", "RGB", 8, False), encoded(drawn("RGB"), "BMP")),
    (("BMP", "RGB", 8, False), encoded(drawn("RGBA"), "BMP")),
    (("BMP", "RGBA", 8, True), bitmap_with_alpha()),
    (("WEBP", "RGB", 8, False), encoded(drawn("RGB"), "WEBP")),
    (("WEBP", "RGBA", 8, True), encoded(drawn("RGBA"), "WEBP")),
    (("TIFF", "1", 1, False), encoded(drawn("1"), "TIFF")),
    (("TIFF", "L", 8, False), encoded(drawn("L"), "TIFF")),
    (("TIFF", "LA", 8, True), encoded(drawn("LA"), "TIFF")),
    (("TIFF", "P", 8, False), encoded(drawn("P"), "TIFF")),
    (("TIFF", "PA", 8, True), encoded(drawn("P").convert("PA"), "TIFF")),
    (("TIFF", "RGB", 8, False), encoded(drawn("RGB"), "TIFF")),
    (("TIFF", "RGB", 8, False), encoded(drawn("RGB"), "TIFF", compression="jpeg")),
    (("TIFF", "RGB", 8, False), encoded(drawn("RGB").convert("RGBX"), "TIFF")),
    (("TIFF", "RGBA", 8, True), encoded(drawn("RGBA"), "TIFF")),
    (("TIFF", "RGBA", 8, True), premultiplied_tiff()),
    (("TIFF", "CMYK", 8, False), encoded(drawn("CMYK"), "TIFF")),
    (("TIFF", "YCbCr", 8, False), encoded(drawn("RGB").convert("YCbCr"), "TIFF")),
    (("TIFF", "LAB", 8, False), encoded(Image.new("LAB", (24, 17)), "TIFF")),
    (("TIFF", "I", 32, False), encoded(drawn("L").convert("I"), "TIFF")),
    (("TIFF", "I;16", 16, False), encoded(drawn("I;16"), "TIFF")),
    (("TIFF", "I;16B", 16, False), encoded(drawn("L").convert("I").convert("I;16B"), "TIFF")),
    (("TIFF", "F", 32, False), encoded(drawn("F"), "TIFF")),
    (("PPM", "1", 1, False), encoded(drawn("1"), "PPM")),
    (("PPM", "L", 8, False), encoded(drawn("L"), "PPM")),
    (("PPM", "L", 4, False), b"P5 1 1 15\n\x01"),
    (("PPM", "RGB", 8, False), encoded(drawn("RGB"), "PPM")),
    (("PPM", "RGB", 4, False), b"P3 1 1 15\n1 2 3\n"),
    (("PPM", "I", 16, False), encoded(drawn("I;16"), "PPM")),
    (("PPM", "I", 16, False), b"P2 1 1 65535\n1\n"),
    (("JPEG2000", "L", 8, False), encoded(drawn("L"), "JPEG2000")),
    (("JPEG2000", "LA", 8, True), encoded(drawn("LA"), "JPEG2000")),
    (("JPEG2000", "RGB", 8, False), encoded(drawn("RGB"), "JPEG2000")),
    (("JPEG2000", "RGB", 8, False), encoded(drawn("RGB").convert("YCbCr"), "JPEG2000")),
    (("JPEG2000", "RGBA", 8, True), encoded(drawn("RGBA"), "JPEG2000")),
    (("JPEG2000", "CMYK", 8, False), encoded(drawn("CMYK"), "JPEG2000")),
    (("JPEG2000", "I;16", 16, False), encoded(drawn("I;16"), "JPEG2000")),
]


@pytest.mark.parametrize(("expected", "data"), PICTURES, ids=[f"{one[0]}-{one[1]}" for one, _ in PICTURES])
def test_facts_stay_what_they_are(expected, data):
    facts = probe(data)
    assert (facts.format, facts.mode, facts.bits, facts.transparent) == expected
    assert facts.orientation is None
    assert (facts.width, facts.height) in {(24, 17), (1, 1)}
