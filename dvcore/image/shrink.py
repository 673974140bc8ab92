"""Decoding a JPEG at a half, a quarter or an eighth of its size, where the result is that much smaller anyway.

libjpeg leaves out the finer cosines of each block of 8x8 pixels, which is faster than decoding them and taking means.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from PIL.ImageFile import ImageFile

from dvcore.image.downsample import Placement
from dvcore.image.facts import Probe
from dvcore.image.orient import displayed_box
from dvcore.image.pipeline import Pipeline

_SHRINKS: Final = (8, 4, 2)


def shrink_of(facts: Probe, placement: Placement, pipeline: Pipeline) -> int:
    """How many pixels of the image are decoded as one, in each direction: as many as leave it `reducing_gap` times as
    large as the result, as `PIL.Image.thumbnail` has it."""
    if pipeline.reducing_gap is None or facts.format != "JPEG":
        return 1
    most = 1 / (max(placement.scale) * Fraction(pipeline.reducing_gap))
    return next((shrink for shrink in _SHRINKS if shrink <= most), 1)


def decode_shrunk(source: ImageFile, shrink: int) -> None:
    """Have an opened JPEG decoded so much smaller; sizes round up."""
    if shrink > 1:
        # Pillow takes the greatest shrink that leaves at least the size that is asked for.
        source.draft(None, (max(1, source.width // shrink), max(1, source.height // shrink)))


def shrunk_box(facts: Probe, placement: Placement, shrink: int) -> tuple[float, float, float, float]:
    """The part that `placement` takes, in pixels of the upright shrunk image. Sizes having been rounded up, the last
    pixel in each direction, as stored, may reach over the edge of the image."""
    if shrink == 1:
        x0, y0, x1, y1 = placement.source
        return float(x0), float(y0), float(x1), float(y1)
    width, height = facts.raw_width, facts.raw_height
    left, top, _, _ = displayed_box(
        facts.orientation,
        (0.0, 0.0, width / shrink, height / shrink),
        width=-(-width // shrink),
        height=-(-height // shrink),
    )
    x0, y0, x1, y1 = (edge / shrink for edge in placement.source)
    return float(left + x0), float(top + y0), float(left + x1), float(top + y1)
