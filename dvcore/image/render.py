"""Turns an image's bytes into the bytes of an example: decode, lay over the background, colour, orient, resize, encode.

Same bytes, same pipeline and same toolchain give the same bytes, in any thread and any process, alone or together with
other pipelines. What is encoded anew carries no metadata; what passes through is the original, byte for byte.
`docs/images.md` says what each step does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image as Pillow
from PIL import features
from PIL.Image import Image

from dvcore.errors import InvalidInputError
from dvcore.image.decoding import SharedPixels, luma
from dvcore.image.downsample import Placement, place
from dvcore.image.encoding import EncodedFormat, encode_image
from dvcore.image.facts import Probe, check_pixels
from dvcore.image.pillow import quiet, translated_errors
from dvcore.image.pipeline import Pipeline
from dvcore.image.probe import probe
from dvcore.image.shrink import shrink_of, shrunk_box


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
    finds, and for samples that the pipeline refuses.
    """
    return render_all(data, (pipeline,))[0]


def render_all(data: bytes, pipelines: Sequence[Pipeline]) -> tuple[Rendered, ...]:
    """What `render` gives for each of the pipelines, decoding once (once for each size that a JPEG is decoded at).

    Raises InvalidInputError as `render` does.
    """
    facts = probe(data)
    pixels = SharedPixels(data, facts)
    with translated_errors(), quiet:
        return tuple(_render(data, facts, pixels, pipeline) for pipeline in pipelines)


def toolchain() -> dict[str, str]:
    """Versions of the libraries that decide over the pixels and bytes of what is rendered, by name."""
    jpeg = ("libjpeg-turbo", "libjpeg_turbo") if features.check("libjpeg_turbo") else ("libjpeg", "jpg")
    inflate = ("zlib-ng", "zlib_ng") if features.check("zlib_ng") else ("zlib", "zlib")
    others = (("libtiff", "libtiff"), ("libwebp", "webp"), ("openjpeg", "jpg_2000"), ("pillow", "pil"))
    versions = {name: features.version(feature) for name, feature in (jpeg, inflate, *others)}
    return {name: version for name, version in sorted(versions.items()) if version}


def _render(data: bytes, facts: Probe, pixels: SharedPixels, pipeline: Pipeline) -> Rendered:
    if pipeline.passes_through(facts):
        name: EncodedFormat = "jpeg" if facts.format == "JPEG" else "png"
        channels = 3 if facts.mode == "RGB" else 1
        return Rendered(data, name, facts.height, facts.width, channels, True, False)
    if reason := pipeline.refuses(facts):
        raise InvalidInputError(reason, hint='give a range ("full" or "LO:HI"), or leave such images out')
    placement = place(pipeline.downsampling, facts.width, facts.height)
    # Pillow resizes rows first: in between, the picture has the new width and the old height.
    check_pixels(placement.width, max(placement.height, facts.height))
    image = _placed(pixels, facts, placement, pipeline)
    name = "jpeg" if pipeline.encoding == "jpeg" else "png"
    channels = len(image.getbands())
    return Rendered(encode_image(image, name), name, image.height, image.width, channels, False, placement.enlarges)


def _placed(pixels: SharedPixels, facts: Probe, placement: Placement, pipeline: Pipeline) -> Image:
    shrink = shrink_of(facts, placement, pipeline)
    image = pixels.upright(pipeline, shrink)
    left, top, right, bottom = placement.target
    inner = (right - left, bottom - top)
    part = _resized(image, inner, shrunk_box(facts, placement, shrink), pipeline)
    if inner == (placement.width, placement.height):
        return part
    canvas = Pillow.new(image.mode, (placement.width, placement.height), _background(image.mode, pipeline))
    canvas.paste(part, (left, top))
    return canvas


def _resized(image: Image, size: tuple[int, int], box: tuple[float, float, float, float], pipeline: Pipeline) -> Image:
    resampling = Pillow.Resampling[pipeline.interpolation.upper()]
    # Pillow takes no means of 16 bits.
    gap = None if pipeline.reducing_gap is None or image.mode == "I;16" else float(pipeline.reducing_gap)
    resized = image.resize(size, resampling, box=box, reducing_gap=gap)  # a copy where nothing changes
    resized.info.clear()  # Pillow would write the source's profile, resolution and comment
    return resized


def _background(mode: str, pipeline: Pipeline) -> int | tuple[int, int, int]:
    if mode == "RGB":
        return pipeline.background
    return luma(pipeline.background) * (257 if mode == "I;16" else 1)
