"""Turning masks the way their image is displayed."""

from collections.abc import Callable
from typing import Any, Final

from dvcore.image.orient import displayed_size, effective_orientation
from dvcore.model.geometry import Mask
from dvcore.model.runlength import mask_of_runs, mask_runs

# Of the raw mask, indexed [x, y] as its code runs, to the displayed one; see `dvcore.image.orient` for points.
_TURNS: Final[dict[int, Callable[[Any], Any]]] = {
    1: lambda raw: raw,
    2: lambda raw: raw[::-1],
    3: lambda raw: raw[::-1, ::-1],
    4: lambda raw: raw[:, ::-1],
    5: lambda raw: raw.T,
    6: lambda raw: raw.T[::-1],
    7: lambda raw: raw.T[::-1, ::-1],
    8: lambda raw: raw.T[:, ::-1],
}


def displayed_mask(mask: Mask, orientation: int | None) -> Mask:
    """The mask of the displayed image, for one of the raw image. It is unpacked, at a byte a pixel: check its size
    against the image's first."""
    import numpy as np  # noqa: PLC0415 - heavy; masks of turned images are rare

    runs = np.array(mask_runs(mask))
    pixels = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(mask.width, mask.height)
    turned = _TURNS[effective_orientation(orientation)](pixels).ravel()
    edges = np.flatnonzero(np.diff(turned, prepend=False)).tolist()
    width, height = displayed_size(orientation, mask.width, mask.height)
    ends = [*edges, turned.size]
    return mask_of_runs(height, width, [end - start for start, end in zip([0, *edges], ends, strict=True)])
