"""Masks as arrays of pixels. Unpacked they take a byte a pixel: check a mask's size against its image's first."""

from collections.abc import Iterable
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from dvcore.errors import InvalidInputError
from dvcore.model.geometry import Mask
from dvcore.model.image_map import ImageMap
from dvcore.model.runlength import mask_of_runs, mask_runs

Bitmap = NDArray[np.bool_]
"""Pixels that are set, indexed [row, column]."""


def bitmap_of(mask: Mask) -> Bitmap:
    """The pixels of a mask.

    Raises InvalidInputError where its code is none, or for another size.
    """
    runs = mask_runs(mask)
    return np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(mask.width, mask.height).T


def mask_of_bitmap(bitmap: Bitmap) -> Mask:
    """The mask of the pixels that are set, of which there may be none; the array has a size."""
    height, width = bitmap.shape
    flat = bitmap.ravel(order="F")
    edges = np.flatnonzero(np.diff(flat, prepend=False))
    runs = np.diff(edges, prepend=0, append=flat.size)
    return mask_of_runs(height, width, runs.tolist())


def label_image(masks: Iterable[tuple[Mask, int]], height: int, width: int) -> NDArray[np.int32]:
    """One number a pixel, indexed [row, column]: that of the mask it is in, of the last one where there are several, 0
    where there is none. (How many pixels a mask has lost to later ones shows in counting its number.)

    Raises InvalidInputError for a mask of another size.
    """
    columns = np.zeros(height * width, np.int32)
    for mask, number in masks:
        if (mask.height, mask.width) != (height, width):
            raise InvalidInputError(
                f"a mask of {mask.width}x{mask.height} pixels is none of an image of {width}x{height}"
            )
        ends = list(accumulate(mask_runs(mask)))
        for start, end in zip(ends[0::2], ends[1::2], strict=False):  # the last run is of 0 where their number is odd
            columns[start:end] = number
    return columns.reshape(width, height).T


def map_mask(mask: Mask, to: ImageMap, size: tuple[int, int] | None = None) -> Mask:
    """The mask in the new image: each new pixel takes the old one in which its centre lies. `size` is width and height
    of a new image that shows only a part of the old one, or more; no pixel is set there that is not in the old one.

    Raises InvalidInputError as `bitmap_of` does.
    """
    old = bitmap_of(mask)
    if to.swaps:
        old = old.T
    height, width = old.shape
    new_width, new_height = size or (_scaled(width, to.x_factor), _scaled(height, to.y_factor))
    rows, columns = _sources(new_height, to.y_factor, to.y_shift), _sources(new_width, to.x_factor, to.x_shift)
    new = old[np.clip(rows, 0, height - 1)][:, np.clip(columns, 0, width - 1)]
    if size is not None:
        new = new & _are_within(rows, height)[:, np.newaxis] & _are_within(columns, width)
    return mask_of_bitmap(new)


def _scaled(length: int, factor: float) -> int:
    """Rounded half up, at least 1."""
    return max(1, int(length * abs(factor) + 0.5))


def _sources(length: int, factor: float, shift: float) -> NDArray[np.int64]:
    """Of each new row or column the old one."""
    old: NDArray[np.int64] = np.floor((np.arange(length) + 0.5 - shift) / factor).astype(np.int64)
    return old


def _are_within(places: NDArray[np.int64], length: int) -> Bitmap:
    return (places >= 0) & (places < length)
