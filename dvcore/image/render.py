"""Turns an image's bytes into the bytes of an example: decode, lay over the background, colour, orient, resize, encode.

Same bytes, same pipeline and same toolchain give the same bytes, in any thread and any process. What is encoded anew
carries no metadata; what passes through is the original, byte for byte. `docs/images.md` says what each step does.
"""

import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import Final, Literal, TypeAlias

from PIL import Image as Pillow
from PIL import features
from PIL.Image import Image
from PIL.ImageFile import ImageFile

from dvcore.errors import InvalidInputError
from dvcore.image.downsample import MAX_SIDE, Placement, place
from dvcore.image.facts import Probe, check_pixels
from dvcore.image.pillow import opened
from dvcore.image.pipeline import GRAY_MODES, MAX_BITS, Pipeline
from dvcore.image.probe import probe
from dvcore.image.upright import load_raw, turn_upright

EncodedFormat: TypeAlias = Literal["jpeg", "png"]

JPEG_QUALITY: Final = 95
_NO_SUBSAMPLING: Final = 0  # 4:4:4, in Pillow's numbering


@dataclass(frozen=True, slots=True)
class Rendered:
    """An encoded image and what an example says about it; sizes in pixels, `channels` 1 or 3."""

    data: bytes
    format: EncodedFormat
    height: int
    width: int
    channels: int
    passed_through: bool
    enlarged: bool


def render(data: bytes, pipeline: Pipeline) -> Rendered:
    """What `pipeline` makes of the image that `data` holds.

    Raises InvalidInputError, worded to follow the file's name, for what `probe` refuses, for damage that decoding
    finds, and for samples of more than 8 bits.
    """
    facts = probe(data)
    if pipeline.passes_through(facts):
        name: EncodedFormat = "jpeg" if facts.format == "JPEG" else "png"
        channels = 1 if facts.mode == "L" else 3
        return Rendered(data, name, facts.height, facts.width, channels, True, False)
    if facts.bits > MAX_BITS:
        raise InvalidInputError(
            f"has {facts.bits} bits per sample, and no rule says which values become black and white",
            hint="only images of up to 8 bits per sample can be converted",
        )
    placement = place(pipeline.downsampling, facts.width, facts.height)
    # Pillow resizes rows first: in between, the picture has the new width and the old height.
    check_pixels(placement.width, max(placement.height, facts.height))
    with opened(data, facts.format) as source:
        image = _placed(turn_upright(_flat(source, facts, pipeline), facts), placement, pipeline)
        return _encoded(image, pipeline, enlarged=placement.enlarges)


def toolchain() -> dict[str, str]:
    """Versions of the libraries that decide over the pixels and bytes of what is rendered, by name."""
    jpeg = ("libjpeg-turbo", "libjpeg_turbo") if features.check("libjpeg_turbo") else ("libjpeg", "jpg")
    inflate = ("zlib-ng", "zlib_ng") if features.check("zlib_ng") else ("zlib", "zlib")
    others = (("libtiff", "libtiff"), ("libwebp", "webp"), ("openjpeg", "jpg_2000"), ("pillow", "pil"))
    versions = {name: features.version(feature) for name, feature in (jpeg, inflate, *others)}
    return {name: version for name, version in sorted(versions.items()) if version}


def _flat(source: ImageFile, facts: Probe, pipeline: Pipeline) -> Image:
    """The decoded pixels as L or RGB, opaque, not yet turned."""
    load_raw(source)
    _scale_transparent_gray(source, facts.bits)
    gray = source.mode in GRAY_MODES
    if source.has_transparency_data:
        gray = gray and len(set(pipeline.background)) == 1
        flat = _composited(source, pipeline.background)
    else:
        flat = source.convert("L" if source.mode in GRAY_MODES else "RGB")
    if pipeline.color == "gray" or (pipeline.color == "mixed" and gray):
        return flat.convert("L")
    return flat.convert("RGB")


def _scale_transparent_gray(source: ImageFile, bits: int) -> None:
    """Pillow spreads the samples of a gray PNG of 2 or 4 bits over 0-255, but leaves the transparent one as stored."""
    stored = source.info.get("transparency")
    if source.format == "PNG" and source.mode == "L" and isinstance(stored, int):
        most = (1 << bits) - 1
        source.info["transparency"] = (stored & most) * (255 // most)


def _composited(source: ImageFile, background: tuple[int, int, int]) -> Image:
    canvas = Pillow.new("RGBA", source.size, (*background, 255))
    return Pillow.alpha_composite(canvas, source.convert("RGBA")).convert("RGB")


def _placed(image: Image, placement: Placement, pipeline: Pipeline) -> Image:
    left, top, right, bottom = placement.target
    inner = (right - left, bottom - top)
    resampling = Pillow.Resampling[pipeline.interpolation.upper()]
    source_left, source_top, source_right, source_bottom = map(float, placement.source)
    part = image.resize(inner, resampling, box=(source_left, source_top, source_right, source_bottom))
    if inner == (placement.width, placement.height):
        return part
    canvas = Pillow.new("RGB", (placement.width, placement.height), pipeline.background).convert(image.mode)
    canvas.paste(part, (left, top))
    return canvas


def _encoded(image: Image, pipeline: Pipeline, *, enlarged: bool) -> Rendered:
    image.info.clear()  # Pillow would write the source's profile, resolution and comment
    buffer = BytesIO()
    name: EncodedFormat = "jpeg" if pipeline.encoding == "jpeg" else "png"
    if name == "jpeg":
        _check_jpeg_sides(image)
        image.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=_NO_SUBSAMPLING)
    else:
        image.save(buffer, "PNG", compress_type=zlib.Z_RLE)
    channels = len(image.getbands())
    return Rendered(buffer.getvalue(), name, image.height, image.width, channels, False, enlarged)


def _check_jpeg_sides(image: Image) -> None:
    if max(image.size) > MAX_SIDE:
        raise InvalidInputError(
            f"is {image.width}x{image.height}, and a JPEG's sides have at most {MAX_SIDE} pixels",
            hint="choose png, or a smaller size",
        )
