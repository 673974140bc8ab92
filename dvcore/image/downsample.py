"""Size rules: what becomes of an image's width and height, and where each of its points goes.

Sizes are computed in exact arithmetic and round half up; none is ever less than 1. Only `both` may enlarge: the others
leave a side that is small enough as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal, TypeAlias, get_args

from dvcore.errors import InvalidInputError
from dvcore.image.facts import MAX_PIXELS

MAX_SIDE: Final = 65_500
"""The longest side a JPEG can have (libjpeg's JPEG_MAX_DIMENSION)."""

Side: TypeAlias = Literal["height", "width", "longest", "shortest"]
Fit: TypeAlias = Literal["stretch", "pad", "crop"]
Interpolation: TypeAlias = Literal["nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"]
INTERPOLATIONS: Final[tuple[Interpolation, ...]] = get_args(Interpolation)


@dataclass(frozen=True, slots=True)
class KeepSize:
    """`none`: the size stays."""


@dataclass(frozen=True, slots=True)
class Divide:
    """`factor:4`: both sides are divided by `factor`, at least 1."""

    factor: Decimal


@dataclass(frozen=True, slots=True)
class LimitSide:
    """`height:256`, `width:256`, `longest:512`, `shortest:256`: that side has at most `pixels`, the other follows."""

    side: Side
    pixels: int


@dataclass(frozen=True, slots=True)
class BothSides:
    """`both:HEIGHTxWIDTH`: exactly this size. `pad` and `crop` keep the proportions, `stretch` does not."""

    height: int
    width: int
    fit: Fit = "stretch"


Downsampling: TypeAlias = KeepSize | Divide | LimitSide | BothSides


@dataclass(frozen=True, slots=True)
class Placement:
    """Which part of the image (`source`) fills which part of the result (`target`).

    Boxes are (left, top, right, bottom) in pixels. What `target` leaves free is background; what `source` leaves out is
    cropped away.
    """

    width: int
    height: int
    source: tuple[Fraction, Fraction, Fraction, Fraction]
    target: tuple[int, int, int, int]

    @property
    def scale(self) -> tuple[Fraction, Fraction]:
        """Pixels of the result for each pixel of the image, in x and in y."""
        (left, top, right, bottom), (to_left, to_top, to_right, to_bottom) = self.source, self.target
        return (to_right - to_left) / (right - left), (to_bottom - to_top) / (bottom - top)

    @property
    def enlarges(self) -> bool:
        """Whether either direction has more pixels than before."""
        (left, top, right, bottom), (to_left, to_top, to_right, to_bottom) = self.source, self.target
        return to_right - to_left > right - left or to_bottom - to_top > bottom - top


def parse_downsampling(text: str) -> Downsampling:
    """The rule that a text like `factor:4` or `both:256x256:pad` names.

    Raises InvalidInputError, with examples, for any other text, for sides outside 1 to MAX_SIDE and for more than
    MAX_PIXELS.
    """
    if text == "none":
        return KeepSize()
    if found := re.fullmatch(r"factor:([0-9]{1,9}(?:\.[0-9]{1,9})?)", text):
        factor = Decimal(found[1])
        if factor >= 1:
            return Divide(factor.normalize())
    if found := re.fullmatch(r"(height|width|longest|shortest):([0-9]{1,9})", text):
        side: Side = next(name for name in get_args(Side) if name == found[1])
        return LimitSide(side, _parse_side(found[2], text))
    if found := re.fullmatch(r"both:([0-9]{1,9})x([0-9]{1,9})(?::(pad|crop))?", text):
        fit: Fit = next((name for name in get_args(Fit) if name == found[3]), "stretch")
        height, width = _parse_side(found[1], text), _parse_side(found[2], text)
        if height * width > MAX_PIXELS:
            raise InvalidInputError(
                f"{text!r} asks for {height * width:,} pixels", hint=f"no image may have more than {MAX_PIXELS:,}"
            )
        return BothSides(height, width, fit)
    raise InvalidInputError(
        f"{text!r} is no downsampling",
        hint="examples: none, factor:4, both:480x640 (height x width), both:480x640:pad, height:256, longest:512",
    )


def format_downsampling(rule: Downsampling) -> str:
    """The one text for a rule; `parse_downsampling` gives it back."""
    match rule:
        case KeepSize():
            return "none"
        case Divide(factor):
            return f"factor:{factor:f}"
        case LimitSide(side, pixels):
            return f"{side}:{pixels}"
        case BothSides(height, width, fit):
            return f"both:{height}x{width}" + ("" if fit == "stretch" else f":{fit}")


def target_size(rule: Downsampling, width: int, height: int) -> tuple[int, int]:
    """Width and height of the result, for an image displayed as `width` x `height`."""
    match rule:
        case KeepSize():
            return width, height
        case Divide(factor):
            return _scaled(width, height, 1 / Fraction(factor))
        case LimitSide(side, pixels):
            measured = _measured_side(side, width, height)
            return _scaled(width, height, min(Fraction(pixels, measured), Fraction(1)))
        case BothSides():
            return rule.width, rule.height


def place(rule: Downsampling, width: int, height: int) -> Placement:
    """Where an image displayed as `width` x `height` goes in the result."""
    to_width, to_height = target_size(rule, width, height)
    source = (Fraction(0), Fraction(0), Fraction(width), Fraction(height))
    target = (0, 0, to_width, to_height)
    match rule:
        case BothSides(fit="pad"):
            target = _padded_target(to_width, to_height, width, height)
        case BothSides(fit="crop"):
            source = _cropped_source(to_width, to_height, width, height)
        case _:
            pass
    return Placement(to_width, to_height, source, target)


def _parse_side(digits: str, text: str) -> int:
    side = int(digits)
    if not 1 <= side <= MAX_SIDE:
        raise InvalidInputError(f"{text!r} asks for a side of {side} pixels", hint=f"give 1 to {MAX_SIDE}")
    return side


def _measured_side(side: Side, width: int, height: int) -> int:
    return {"width": width, "height": height, "longest": max(width, height), "shortest": min(width, height)}[side]


def _scaled(width: int, height: int, scale: Fraction) -> tuple[int, int]:
    return _round_half_up(width * scale), _round_half_up(height * scale)


def _round_half_up(size: Fraction) -> int:
    """The nearest whole number of pixels, at least 1."""
    return max(1, (2 * size.numerator + size.denominator) // (2 * size.denominator))


def _padded_target(to_width: int, to_height: int, width: int, height: int) -> tuple[int, int, int, int]:
    """The largest centred box of the image's proportions; an odd pixel of background goes right or below."""
    inner_width, inner_height = _scaled(width, height, min(Fraction(to_width, width), Fraction(to_height, height)))
    left, top = (to_width - inner_width) // 2, (to_height - inner_height) // 2
    return left, top, left + inner_width, top + inner_height


def _cropped_source(
    to_width: int, to_height: int, width: int, height: int
) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    """The largest centred part of the image that has the result's proportions; its edges need not be whole pixels."""
    scale = max(Fraction(to_width, width), Fraction(to_height, height))
    left, top = (width - to_width / scale) / 2, (height - to_height / scale) / 2
    return left, top, width - left, height - top
