"""Encodes pixels: JPEG and PNG with fixed settings, so that the same pixels give the same bytes, without metadata."""

from __future__ import annotations

import zlib
from io import BytesIO
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
_NO_SUBSAMPLING: Final = 0  # 4:4:4, in Pillow's numbering


def encode_image(image: Image, format_name: EncodedFormat) -> bytes:
    """The bytes of an image of mode `L` or `RGB`, for PNG also `I;16`.

    Raises InvalidInputError for a JPEG with a side of more than MAX_SIDE.
    """
    buffer = BytesIO()
    if format_name == "jpeg":
        _check_jpeg_sides(image)
        image.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=_NO_SUBSAMPLING)
    else:
        image.save(buffer, "PNG", compress_type=zlib.Z_RLE)
    return buffer.getvalue()


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
