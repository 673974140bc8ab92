"""Masks that are drawn as images, PNG files whose colours or palette say which pixel is what; and masks of a part of an
image, row by row, which only some formats have."""

from collections.abc import Sequence
from typing import Any

from dvcore.errors import InvalidInputError
from dvcore.image.facts import check_pixels
from dvcore.image.pillow import opened
from dvcore.image.probe import find_format, probe
from dvcore.model.geometry import Mask


def mask_image(data: bytes) -> tuple[Any, tuple[int, ...] | None]:
    """The pixels of a PNG, as a numpy array indexed [row, column] or [row, column, channel], and its palette, red,
    green and blue in turn, if it has one; the pixels are then indices into it.

    Raises InvalidInputError, worded to follow the file's name, where it is no PNG, damaged or too large.
    """
    import numpy as np  # noqa: PLC0415 - heavy; masks that are drawn are rare

    if find_format(data) != "PNG":
        raise InvalidInputError("is no PNG image")
    probe(data)  # its checksums and its size, before memory is taken for its pixels
    with opened(data, "PNG") as image:
        palette = image.getpalette("RGB") if image.mode == "P" else None
        pixels = np.asarray(image)
    return pixels, None if palette is None else tuple(palette)


def drawn_pixels(data: bytes) -> Any:
    """Which pixels of a PNG are drawn: not 0 in any channel; of those with an alpha channel, where that is not 0.

    Raises InvalidInputError as `mask_image` does.
    """
    pixels, _ = mask_image(data)
    if pixels.ndim == 2:
        return pixels != 0
    return pixels[..., -1] != 0 if pixels.shape[2] in {2, 4} else pixels.any(axis=2)


def window_mask(pixels: Any, left: int, top: int, size: tuple[int, int]) -> Mask:
    """The mask of an image of `size` (width, height) whose pixels from (left, top) on are these, a numpy array of bools
    indexed [row, column]; all others are not set.

    Raises InvalidInputError where they reach over the image.
    """
    import numpy as np  # noqa: PLC0415 - heavy; most formats have no such masks

    from dvcore.model.bitmaps import mask_of_bitmap  # noqa: PLC0415 - numpy

    (width, height), (rows, columns) = size, pixels.shape
    if min(left, top) < 0 or left + columns > width or top + rows > height:
        raise InvalidInputError(
            f"has a mask of {columns}x{rows} pixels at {left}, {top}, the image has {width}x{height}"
        )
    check_pixels(width, height)
    bitmap = np.zeros((height, width), np.bool_)
    bitmap[top : top + rows, left : left + columns] = pixels
    return mask_of_bitmap(bitmap)


def pixels_of_rows(runs: Sequence[int], width: int, height: int) -> Any:
    """The pixels, as `window_mask` takes them, that runs of 0 and 1 in turn say row by row, beginning with 0.

    Raises InvalidInputError where the runs do not fill them.
    """
    import numpy as np  # noqa: PLC0415 - as above

    if min(width, height) <= 0:
        raise InvalidInputError(f"has a mask of {width}x{height} pixels")
    if min(runs, default=0) < 0 or sum(runs) != width * height:
        raise InvalidInputError(f"has a mask whose runs do not fill its {width}x{height} pixels")
    check_pixels(width, height)
    return np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(height, width)
