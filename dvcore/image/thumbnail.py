"""Small pictures of large ones, for people to look at: as displayed, white where they are transparent, as JPEG.

Nothing is kept or compared of them: other versions of the codecs may make other bytes.
"""

from dataclasses import replace
from io import BytesIO
from typing import Final, cast

from PIL import Image as Pillow
from PIL.Image import Image

from dvcore.errors import InvalidInputError
from dvcore.image.pillow import opened
from dvcore.image.probe import probe
from dvcore.image.upright import load_raw, turn_upright

_QUALITY: Final = 80
_DEEP_MODES: Final = ("I", "F", "I;16", "I;16B", "I;16L")
"""Gray of more than 8 bits, whose values may lie anywhere."""


def thumbnail(data: bytes, longest: int) -> bytes:
    """The image with no side above `longest` pixels. Gray samples of more than 8 bits are spread so that the least is
    black and the greatest white.

    Raises InvalidInputError, worded to follow the file's name, for what cannot be decoded.
    """
    facts = probe(data)
    with opened(data, facts.format) as source:
        if facts.format == "JPEG":  # decoding to a half, a quarter or an eighth takes that much less time
            source.draft(None, (longest, longest))
            facts = replace(facts, raw_width=source.width, raw_height=source.height)
        load_raw(source)
        image = turn_upright(_flat(source), facts)
        image.thumbnail((longest, longest))
        buffer = BytesIO()
        image.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def find_thumbnail(data: bytes, longest: int) -> bytes | None:
    """The same, or None for what cannot be decoded."""
    try:
        return thumbnail(data, longest)
    except InvalidInputError:
        return None


def _flat(image: Image) -> Image:
    if image.mode in _DEEP_MODES:
        return _spread(image.convert("F"))
    if image.has_transparency_data:
        white = Pillow.new("RGBA", image.size, "white")
        return Pillow.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image.convert("L" if image.mode in {"1", "L"} else "RGB")


def _spread(image: Image) -> Image:
    """Of one band of floats."""
    least, greatest = cast("tuple[float, float]", image.getextrema())
    factor = 255 / (greatest - least) if greatest > least else 0.0
    return image.point(lambda value: value * factor - least * factor).convert("L")
