"""Decoded pixels: of the first picture, upright, laid over the background, in gray or in colour.

What several pipelines need of one image is made once and shared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from PIL import Image as Pillow
from PIL.Image import Image
from PIL.ImageFile import ImageFile

from dvcore.errors import InvalidInputError
from dvcore.image.deep import Storage, convert_deep, storage_of
from dvcore.image.facts import Probe
from dvcore.image.pillow import opened
from dvcore.image.pipeline import GRAY_MODES, Pipeline
from dvcore.image.samples import MAX_BITS, SampleRange, is_deep_gray
from dvcore.image.shrink import decode_shrunk
from dvcore.image.upright import load_raw, turn_upright

Background: TypeAlias = tuple[int, int, int]
_Wish: TypeAlias = tuple[int, str, Background, SampleRange, str]


@dataclass(frozen=True, slots=True)
class _Decoded:
    """What Pillow makes of the bytes. `is_gray` says whether there is no colour in how they are stored."""

    image: ImageFile
    is_gray: bool
    storage: Storage | None


class SharedPixels:
    """The pixels of the image that `data` holds; none of the images it gives may be changed."""

    def __init__(self, data: bytes, facts: Probe) -> None:
        self._data = data
        self._facts = facts
        self._decoded: dict[int, _Decoded] = {}
        self._upright: dict[_Wish, Image] = {}

    def upright(self, pipeline: Pipeline, shrink: int) -> Image:
        """As the pipeline wants them before they are resized, in mode `L`, `RGB` or `I;16`, decoded at a `shrink`-th of
        the size.

        Raises InvalidInputError for damage.
        """
        wish = (shrink, pipeline.color, pipeline.background, pipeline.range, pipeline.bit_depth)
        if wish not in self._upright:
            self._upright[wish] = turn_upright(self._flat(pipeline, shrink), self._facts, shrink)
        return self._upright[wish]

    def _flat(self, pipeline: Pipeline, shrink: int) -> Image:
        if shrink not in self._decoded:
            self._decoded[shrink] = _decode(self._data, self._facts, shrink)
        decoded = self._decoded[shrink]
        image: Image = decoded.image
        if decoded.storage is not None:
            behind = luma(pipeline.background)
            image = convert_deep(image, decoded.storage, pipeline.range, pipeline.bit_depth, behind)
            if pipeline.bit_depth == "16":
                return image
        flat = _opaque(image, decoded.is_gray, pipeline)
        return widened(flat) if pipeline.bit_depth == "16" else flat


def luma(color: Background) -> int:
    """The gray of a colour, 0-255, as Pillow has it."""
    return int(Pillow.new("RGB", (1, 1), color).convert("L").getpixel((0, 0)))  # type: ignore[arg-type]


def widened(gray: Image) -> Image:
    """Mode `L` as `I;16`: 257 times a value, which spreads 0-255 over 0-65535, is its byte twice."""
    return Pillow.frombytes("I;16", gray.size, Pillow.merge("LA", (gray, gray)).tobytes())


def _decode(data: bytes, facts: Probe, shrink: int) -> _Decoded:
    with opened(data, facts.format) as source:
        storage = storage_of(source, facts) if is_deep_gray(facts) else None
        # Pillow reads gray of 16 bits with alpha as RGBA.
        is_gray = storage is not None or source.mode in GRAY_MODES or any(one.args == "LA;16B" for one in source.tile)
        decode_shrunk(source, shrink)
        load_raw(source)
        if facts.bits > MAX_BITS and isinstance(source.info.get("transparency"), tuple):
            raise InvalidInputError(
                f"has a transparent colour of {facts.bits} bits, of which only the upper 8 are read"
            )
        _scale_transparent_gray(source, facts.bits)
        return _Decoded(source, is_gray, storage)


def _scale_transparent_gray(source: ImageFile, bits: int) -> None:
    """Pillow spreads the samples of a gray PNG of 2 or 4 bits over 0-255, but leaves the transparent one as stored."""
    stored = source.info.get("transparency")
    if source.format == "PNG" and source.mode == "L" and isinstance(stored, int):
        most = (1 << bits) - 1
        source.info["transparency"] = (stored & most) * (255 // most)


def _opaque(image: Image, is_gray: bool, pipeline: Pipeline) -> Image:
    """In mode `L` or `RGB`, as the pipeline's colour says."""
    if image.has_transparency_data:
        is_gray = is_gray and len(set(pipeline.background)) == 1
        image = _composited(image, pipeline.background)
    else:
        image = _converted(image, "L" if image.mode in GRAY_MODES else "RGB")
    return _converted(image, "L" if pipeline.color == "gray" or (pipeline.color == "mixed" and is_gray) else "RGB")


def _composited(image: Image, background: Background) -> Image:
    canvas = Pillow.new("RGBA", image.size, (*background, 255))
    return Pillow.alpha_composite(canvas, image.convert("RGBA")).convert("RGB")


def _converted(image: Image, mode: str) -> Image:
    """Itself where it is of that mode, of which `convert` would make a copy."""
    return image if image.mode == mode else image.convert(mode)
