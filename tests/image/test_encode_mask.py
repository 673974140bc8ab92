"""Masks and label maps as PNG files."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dvcore.errors import InvalidInputError
from dvcore.ids import digest, format_short
from dvcore.image.encoding import encode_mask
from dvcore.image.probe import probe
from dvcore.image.render import toolchain


def decoded(data):
    image = Image.open(io.BytesIO(data))
    assert (image.mode, image.format, image.info) == ("L", "PNG", {})
    return np.asarray(image)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_what_goes_in_comes_out(width, height, seed):
    random = np.random.default_rng(seed)
    mask = random.random((height, width)) < 0.5
    assert np.array_equal(decoded(encode_mask(mask)), np.where(mask, 255, 0))
    for kind in (np.uint8, np.int32, np.int64, ">u2"):
        numbers = random.integers(0, 256, (height, width)).astype(kind)
        assert np.array_equal(decoded(encode_mask(numbers)), numbers)
        assert encode_mask(numbers) == encode_mask(numbers.astype(np.uint8))
    assert probe(encode_mask(mask)).width == width


def test_rows_need_not_lie_one_behind_the_other():
    mask = np.arange(60).reshape(6, 10)
    assert np.array_equal(decoded(encode_mask(mask.T[::-2])), mask.T[::-2])


@pytest.mark.parametrize(
    "wrong",
    [
        *(np.zeros((0, 4), bool), np.zeros(4, bool), np.zeros((2, 2, 3), np.uint8)),
        *(np.full((2, 2), 256), np.full((2, 2), -1), np.zeros((2, 2))),
    ],
    ids=["empty", "flat", "colour", "256", "negative", "float"],
)
def test_what_no_mask_is(wrong):
    with pytest.raises(InvalidInputError):
        encode_mask(wrong)


def test_golden_bytes():
    """Large flat regions as masks have them; the bytes are those of one toolchain."""
    if toolchain().get("zlib-ng") != "2.3.3" or toolchain()["pillow"] != "13.0.0":
        pytest.skip("the golden bytes are those of Pillow 13.0.0 and zlib-ng 2.3.3")
    rows, columns = np.mgrid[:60, :80]
    disc = (rows - 30) ** 2 + (columns - 40) ** 2 < 500
    assert format_short(digest(encode_mask(disc))) == "9777405a5e7f"
    assert format_short(digest(encode_mask(rows // 8 + columns // 10))) == "0fcd9b8eb817"
