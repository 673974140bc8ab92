import io

import numpy as np
import pytest
from PIL import Image
from support.datasets import drawn

from dvcore.errors import InvalidInputError
from dvcore.image.thumbnail import find_thumbnail, thumbnail


def small(data, longest=40):
    made = Image.open(io.BytesIO(thumbnail(data, longest)))
    assert made.format == "JPEG"
    return made


def png(image, **options):
    stream = io.BytesIO()
    image.save(stream, "PNG", **options)
    return stream.getvalue()


def test_no_side_is_longer_and_small_ones_stay():
    assert small(drawn(1, size=(400, 100))).size == (40, 10)
    assert small(drawn(1, size=(12, 8))).size == (12, 8)


def test_photographs_stand_upright(shared_data):
    paths = sorted((shared_data / "exif").glob("*.jpg"))
    seen = [np.asarray(small(path.read_bytes(), 60).convert("L"), np.int16) for path in paths]
    assert {one.shape for one in seen} == {(60, 40)}
    assert all(np.abs(one - seen[0]).mean() < 12 for one in seen)


def test_what_is_transparent_is_white():
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert np.asarray(small(png(image))).min() > 250


def test_deep_samples_are_spread():
    pixels = np.full((20, 20), 1000, np.uint16)
    pixels[:, 10:] = 1200
    assert small(png(Image.fromarray(pixels))).getextrema() == (0, 255)
    flat = small(png(Image.fromarray(np.full((5, 5), 700, np.uint16))))
    assert flat.getextrema() == (0, 0)


def test_what_does_not_decode_has_none():
    assert find_thumbnail(b"no image", 40) is None
    with pytest.raises(InvalidInputError):
        thumbnail(drawn(1)[:-20], 40)
