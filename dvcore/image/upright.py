"""Images turned the way they are displayed, so that who does not look at the EXIF orientation sees what others see."""

from io import BytesIO
from typing import Any, Final

from PIL.Image import Image, Transpose
from PIL.ImageFile import ImageFile

from dvcore.errors import InvalidInputError
from dvcore.image.facts import Probe
from dvcore.image.orient import effective_orientation
from dvcore.image.pillow import opened, translated_errors
from dvcore.image.probe import probe
from dvcore.image.samples import MAX_BITS

_ORIENTATION_TAG: Final = 0x0112
_XMP_KEYS: Final = ("xmp", "XML:com.adobe.xmp")
_SIXTEEN_BIT_MODES: Final = ("I;16", "I;16B")
"""Modes in which Pillow keeps more than 8 bits of a sample."""

_TURNS: Final = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}

_SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {},
    "TIFF": {"compression": "tiff_deflate"},
    "WEBP": {"lossless": True, "exact": True},  # exact: colours where nothing is seen, too
}
"""Of each format that can have an EXIF orientation and be written: without loss but for JPEG, which has none such."""


def upright_bytes(data: bytes) -> bytes:
    """The image of an orientation from 2 to 8 with its pixels turned, in the same format: colour profile and EXIF block
    are kept, without the orientation; an XMP block, which may repeat it, is not.

    Raises InvalidInputError, worded to follow the file's name, for what `probe` refuses, for damage that decoding
    finds, and for what would lose more than its orientation: several frames, samples of more bits than are kept.
    """
    facts = probe(data)
    if facts.format not in _SETTINGS:
        raise InvalidInputError(f"is a {facts.format}, which cannot be turned")
    with opened(data, facts.format) as source:
        if getattr(source, "n_frames", 1) > 1:
            raise InvalidInputError("has several frames, which cannot be turned")
        if facts.bits > MAX_BITS and source.mode not in _SIXTEEN_BIT_MODES:
            raise InvalidInputError(f"has {facts.bits} bits per sample, which turning would not keep")
        return _encoded(source, facts)


def load_raw(source: ImageFile) -> None:
    """Decode the pixels. Pillow would turn a TIFF by its XMP block; only the EXIF tag counts."""
    for key in _XMP_KEYS:
        source.info.pop(key, None)
    source.load()


def turn_upright(image: Image, facts: Probe, shrink: int = 1) -> Image:
    """Decoded pixels the way they are displayed; `shrink` of the image's pixels in each direction have become one.

    Raises InvalidInputError where they are not of the size that the header promised.
    """
    turn = _TURNS.get(effective_orientation(facts.orientation))
    if turn is not None and facts.format != "TIFF":  # Pillow's TIFF reader has turned it while decoding
        image = image.transpose(turn)
    if image.size != (-(-facts.width // shrink), -(-facts.height // shrink)):
        raise InvalidInputError("is damaged: its header and its pixels differ in size")
    return image


def _encoded(source: ImageFile, facts: Probe) -> bytes:
    exif = source.getexif()
    load_raw(source)
    image = turn_upright(source, facts)
    exif.pop(_ORIENTATION_TAG, None)
    kept: dict[str, Any] = {"exif": exif.tobytes()} if exif and facts.format != "TIFF" else {}
    if profile := source.info.get("icc_profile"):
        kept["icc_profile"] = profile
    buffer = BytesIO()
    with translated_errors():
        image.save(buffer, facts.format, **_SETTINGS[facts.format], **kept)
    return buffer.getvalue()
