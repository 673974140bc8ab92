"""COCO's run-length code, against the library that defines it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as reference

from dvcore.errors import InvalidInputError
from dvcore.model.geometry import area, bounds
from dvcore.model.runlength import mask_of_counts, mask_of_runs, mask_runs


@st.composite
def bitmaps(draw: st.DrawFn) -> np.ndarray:
    height, width = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    seed = draw(st.integers(0, 2**32 - 1))
    share = draw(st.sampled_from([0.0, 0.02, 0.5, 0.98, 1.0]))
    return np.random.default_rng(seed).random((height, width)) < share


@settings(deadline=None)
@given(bitmaps())
def test_the_code_is_that_of_pycocotools(bitmap: np.ndarray) -> None:
    encoded = reference.encode(np.asfortranarray(bitmap.astype(np.uint8)))
    mask = mask_of_counts(*bitmap.shape, encoded["counts"])
    assert mask.counts == encoded["counts"]
    assert area(mask) == bitmap.sum()
    flat = np.repeat(np.arange(len(mask_runs(mask))) % 2, mask_runs(mask))
    assert (flat == bitmap.ravel(order="F")).all()


@settings(deadline=None)
@given(bitmaps())
def test_bounds_are_those_of_the_pixels(bitmap: np.ndarray) -> None:
    if not bitmap.any():
        return
    mask = mask_of_counts(*bitmap.shape, reference.encode(np.asfortranarray(bitmap.astype(np.uint8)))["counts"])
    rows, columns = np.flatnonzero(bitmap.any(axis=1)), np.flatnonzero(bitmap.any(axis=0))
    assert bounds(mask) == (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=12))
def test_runs_without_length_change_nothing(runs: list[int]) -> None:
    total = sum(runs)
    if total == 0:
        return
    pixels = [index % 2 for index, length in enumerate(runs) for _ in range(length)]
    mask = mask_of_runs(total, 1, runs)
    encoded = reference.encode(np.asfortranarray(np.array(pixels, np.uint8).reshape(total, 1)))
    assert mask.counts == encoded["counts"]


def test_long_runs() -> None:
    runs = [0, 1_000_000, 7, 3_000_000_000, 1]
    mask = mask_of_runs(sum(runs), 1, runs)
    assert mask_runs(mask_of_counts(mask.height, 1, mask.counts)) == runs


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (b"", "total 0 pixels"),
        (b"4", "total 4 pixels"),
        (b"\x00", "is none"),
        (b"zz", "is none"),
        (b"P", "ends within a number"),
        (b"P" * 14, "is none"),
        (b"O6", "negative length"),
    ],
)
def test_damaged_codes_are_refused(counts: bytes, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        mask_of_counts(1, 5, counts)


@settings(deadline=None)
@given(st.binary(max_size=30))
def test_any_bytes_are_a_mask_or_refused(counts: bytes) -> None:
    try:
        mask = mask_of_counts(3, 4, counts)
    except InvalidInputError:
        return
    assert sum(mask_runs(mask)) == 12
