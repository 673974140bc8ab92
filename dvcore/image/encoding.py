"""Encodes pixels: JPEG and PNG with fixed settings, so that the same pixels give the same bytes, without metadata."""

from __future__ import annotations

import os
import zlib
from io import BytesIO, FileIO
from threading import local
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from PIL import Image as Pillow
from PIL.Image import Image

from dvcore.errors import InvalidInputError
from dvcore.image.downsample import MAX_SIDE
from dvcore.image.pillow import translated_errors

if TYPE_CHECKING:
    from numpy.typing import NDArray

EncodedFormat: TypeAlias = Literal["jpeg", "png"]

JPEG_QUALITY: Final = 95
_KEPT_BYTES: Final = 1 << 20
"""Of the memory that encoding takes, for each thread."""
_NO_SUBSAMPLING: Final = 0  # 4:4:4, in Pillow's numbering


def encode_image(image: Image, format_name: EncodedFormat) -> bytes:
    """The bytes of an image of mode `L` or `RGB`, for PNG also `I;16`.

    Raises InvalidInputError for a JPEG with a side of more than MAX_SIDE.
    """
    if format_name == "jpeg":
        _check_jpeg_sides(image)
        return _scratch.saved(image, "JPEG", quality=JPEG_QUALITY, subsampling=_NO_SUBSAMPLING)
    return _scratch.saved(image, "PNG", compress_type=zlib.Z_RLE)


class _MemoryFile:
    """A file without a name, in memory, that goes with this object."""

    def __init__(self) -> None:
        self.file = FileIO(os.memfd_create("encoded"), "r+")

    def __del__(self) -> None:
        self.file.close()


class _Scratch(local):
    """A memory file for each thread. Pillow lets go of Python's lock while it encodes into a file and holds it where it
    encodes into an object: two threads made a tenth more JPEGs so (256x256, Pillow 13)."""

    memory: _MemoryFile | None = None

    def saved(self, image: Image, pillows_name: str, **settings: int) -> bytes:
        """What Pillow writes."""
        if not hasattr(os, "memfd_create"):
            buffer = BytesIO()
            image.save(buffer, pillows_name, **settings)
            return buffer.getvalue()
        if self.memory is None:
            self.memory = _MemoryFile()
        file = self.memory.file
        file.seek(0)
        image.save(file, pillows_name, **settings)  # over what was there: pages that stay need not be found again
        data = os.pread(file.fileno(), file.tell(), 0)
        if len(data) > _KEPT_BYTES:
            file.truncate(0)
        return data


_scratch: Final = _Scratch()


def encode_mask(pixels: NDArray[Any]) -> bytes:
    """A gray PNG of 8 bits from an array indexed [row, column]: 0 and 255 of one of bool, the numbers themselves, such
    as those of classes, of one of integers.

    Raises InvalidInputError where there is no pixel, where a number is not in 0-255, or for other arrays.
    """
    if pixels.ndim != 2 or not pixels.size:
        raise InvalidInputError(f"an array of shape {pixels.shape} is no mask", hint="give one of rows and columns")
    if pixels.dtype.kind == "b":
        samples = pixels.astype("u1") * 255
    elif pixels.dtype.kind in "iu" and pixels.min() >= 0 and pixels.max() <= 255:
        samples = pixels.astype("u1")
    else:
        raise InvalidInputError("a mask has values that are not in 0-255", hint="an 8-bit PNG holds 256 classes")
    height, width = samples.shape
    with translated_errors():
        return encode_image(Pillow.frombytes("L", (width, height), samples.tobytes()), "png")


def _check_jpeg_sides(image: Image) -> None:
    if max(image.size) > MAX_SIDE:
        raise InvalidInputError(
            f"is {image.width}x{image.height}, and a JPEG's sides have at most {MAX_SIDE} pixels",
            hint="choose png, or a smaller size",
        )
