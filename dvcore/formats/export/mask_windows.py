"""Masks as formats write them that draw them: the way out of what `mask_images` reads."""

from base64 import b64encode
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image as Pillow

from dvcore.model.bitmaps import bitmap_of
from dvcore.model.geometry import Mask


@dataclass(frozen=True, slots=True)
class MaskWindow:
    """`pixels` is a numpy array of bools, indexed [row, column], of the image from (left, top) on."""

    left: int
    top: int
    pixels: Any

    @property
    def runs(self) -> list[int]:
        """Lengths of the runs of 0 and 1 in turn, row by row, beginning with 0."""
        return _runs(self.pixels)

    def png_text(self) -> str:
        """A PNG of the pixels, one bit each, in base64."""
        return b64encode(_png(self.pixels)).decode()


def find_window(mask: Mask) -> MaskWindow | None:
    """The least rectangle around the pixels that are set; None where there are none.

    Raises InvalidInputError for a mask whose code is none.
    """
    bitmap = bitmap_of(mask)
    rows, columns = np.flatnonzero(bitmap.any(axis=1)), np.flatnonzero(bitmap.any(axis=0))
    if not rows.size:
        return None
    top, left = int(rows[0]), int(columns[0])
    return MaskWindow(left, top, bitmap[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1])


def row_runs(mask: Mask) -> list[int]:
    """Lengths of the runs of 0 and 1 in turn of all pixels, row by row, beginning with 0.

    Raises InvalidInputError for a mask whose code is none.
    """
    return _runs(bitmap_of(mask))


def mask_png(mask: Mask) -> bytes:
    """A PNG of all pixels, one bit each.

    Raises InvalidInputError for a mask whose code is none.
    """
    return _png(bitmap_of(mask))


def _runs(pixels: Any) -> list[int]:
    flat = pixels.ravel()
    edges = np.flatnonzero(np.diff(flat, prepend=False))
    lengths: list[int] = np.diff(edges, prepend=0, append=flat.size).tolist()
    return lengths


def _png(pixels: Any) -> bytes:
    stream = BytesIO()
    Pillow.fromarray(np.ascontiguousarray(pixels)).save(stream, "PNG")
    return stream.getvalue()
