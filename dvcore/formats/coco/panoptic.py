"""COCO's panoptic masks: a PNG for each image, in which the colour of a pixel is the id of the segment it belongs to:
red + 256 green + 65,536 blue. Format: <https://cocodataset.org/#format-data>, "Panoptic Segmentation".
"""

from __future__ import annotations

import os
from pathlib import Path as FolderPath
from typing import TYPE_CHECKING, Final

from dvcore.errors import InvalidInputError
from dvcore.formats.disk.steady import opened_steady
from dvcore.formats.stated.file_names import parse_file_name
from dvcore.formats.stated.mask_images import mask_image
from dvcore.formats.wording import format_reason
from dvcore.model.geometry import Mask

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LARGEST_BYTES: Final = 256 << 20


class SegmentMasks:
    """The segments of one PNG. `state` is the one that the file was in when it was read.

    Raises InvalidInputError, worded as a fault of the file, where it cannot be read or is no such PNG.
    """

    def __init__(self, folder: FolderPath, file_name: str) -> None:
        self.place = folder.joinpath(*parse_file_name(file_name))
        data, self.state = _read(self.place)
        self._ids = _decode_ids(data)

    def mask(self, segment: int) -> Mask:
        """Its pixels.

        Raises InvalidInputError, worded as a fault of the instance, where it has none.
        """
        from dvcore.model.bitmaps import mask_of_bitmap  # noqa: PLC0415 - numpy, only for panoptic files

        pixels = self._ids == segment
        if not pixels.any():
            raise InvalidInputError(f"has no pixels in {self.place.name}")
        return mask_of_bitmap(pixels)


def _read(place: FolderPath) -> tuple[bytes, bytes]:
    try:
        with opened_steady(os.fspath(place)) as (file, state):
            data = file.read(_LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"cannot be read: {format_reason(error)}") from None
    if len(data) > _LARGEST_BYTES:
        raise InvalidInputError("is too large for a mask")
    return data, state


def _decode_ids(data: bytes) -> NDArray[np.uint32]:
    """The ids of the segments, [row, column]."""
    import numpy as np  # noqa: PLC0415 - heavy, only for panoptic files

    colours, _ = mask_image(data)
    if colours.ndim != 3 or colours.shape[2] != 3:
        raise InvalidInputError("is no panoptic mask: its pixels are not red, green and blue")
    ids: NDArray[np.uint32] = colours.astype(np.uint32) @ np.array([1, 1 << 8, 1 << 16], dtype=np.uint32)
    return ids
