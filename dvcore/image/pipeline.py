"""What a project does to each image, as data, and the rule that says when nothing has to be done.

Everything here is pure and loads nothing heavy: a project is checked and planned with it. `render` does the work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal, Protocol, TypeAlias, TypeVar, get_args

from dvcore.errors import InvalidInputError, nearest_hint
from dvcore.image.downsample import (
    INTERPOLATIONS,
    Divide,
    Downsampling,
    Interpolation,
    KeepSize,
    format_downsampling,
    parse_downsampling,
    target_size,
)
from dvcore.image.facts import Probe
from dvcore.image.samples import (
    BitDepth,
    KeepValues,
    SampleFacts,
    SampleRange,
    find_refusal,
    format_range,
    parse_range,
)

Color: TypeAlias = Literal["gray", "rgb", "mixed"]
Encoding: TypeAlias = Literal["auto", "png", "jpeg"]
COLORS: Final[tuple[Color, ...]] = get_args(Color)
ENCODINGS: Final[tuple[Encoding, ...]] = get_args(Encoding)
BIT_DEPTHS: Final[tuple[BitDepth, ...]] = get_args(BitDepth)

GRAY_MODES: Final = frozenset({"1", "L", "LA", "La"})
"""Pillow's modes of images without colour; `mixed` keeps them at one channel."""

_PASSING_MODES: Final[dict[Color, frozenset[str]]] = {
    "gray": frozenset({"L"}),
    "rgb": frozenset({"RGB"}),
    "mixed": frozenset({"L", "RGB"}),
}
_ENCODINGS_OF: Final = {"JPEG": "jpeg", "PNG": "png"}
_KEEP: Final = KeepSize()
_KEEP_VALUES: Final = KeepValues()
_LATER_DEFAULTS: Final = {"range": "none", "bit_depth": "8", "reducing_gap": "none"}
_Choice = TypeVar("_Choice", bound=str)


class HeaderFacts(SampleFacts, Protocol):
    """Facts of a `Probe`, or of an image as a tree records it; sizes as displayed."""

    @property
    def width(self) -> int:
        """In pixels."""

    @property
    def height(self) -> int:
        """In pixels."""

    @property
    def orientation(self) -> int | None:
        """The EXIF tag as it stands, None where there is none."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One project's treatment of images."""

    color: Color = "rgb"
    downsampling: Downsampling = _KEEP
    interpolation: Interpolation = "bilinear"
    encoding: Encoding = "auto"
    background: tuple[int, int, int] = (0, 0, 0)
    """Red, green, blue, 0-255: under transparent pixels and around padded images."""
    range: SampleRange = _KEEP_VALUES
    """Of samples of more than 8 bits; those of up to 8 need no rule."""
    bit_depth: BitDepth = "8"
    reducing_gap: Decimal | None = None
    """None where it could change nothing."""

    def texts(self) -> dict[str, str]:
        """The options as text; equal pipelines give equal texts, and `parse_pipeline(**texts)` gives it back.

        The texts are hashed. Those that came later are there only where they are not the default, so that what is older
        keeps its hashes.
        """
        gap = "none" if self.reducing_gap is None else f"{self.reducing_gap:f}"
        later = {"range": format_range(self.range), "bit_depth": self.bit_depth, "reducing_gap": gap}
        return {
            "color": self.color,
            "downsample": format_downsampling(self.downsampling),
            "interpolation": self.interpolation,
            "encoding": self.encoding,
            "background": "#{:02x}{:02x}{:02x}".format(*self.background),
            **{name: text for name, text in later.items() if text != _LATER_DEFAULTS[name]},
        }

    def passes_through(self, facts: Probe) -> bool:
        """Whether the original bytes are what this pipeline wants already.

        They are where the orientation is absent or 1, the size stays, the channels are as wanted, and the image is an
        opaque 8-bit gray or RGB JPEG or PNG, in the encoding that was asked for; with `bit_depth` 16 and no range an
        opaque 16-bit gray PNG.
        """
        return self.keeps(facts) and not facts.transparent

    def keeps(self, facts: HeaderFacts) -> bool:
        """The same of facts that do not tell whether the image is opaque."""
        encoding = _ENCODINGS_OF.get(facts.format)
        return (
            encoding is not None
            and self.encoding in ("auto", encoding)
            and facts.orientation in (None, 1)
            and facts.bits == int(self.bit_depth)
            and facts.mode in self._passing_modes()
            and target_size(self.downsampling, facts.width, facts.height) == (facts.width, facts.height)
        )

    def refuses(self, facts: SampleFacts) -> str | None:
        """Why an image of these facts cannot be rendered, worded to follow its name, or None."""
        return find_refusal(facts, self.range, self.bit_depth)

    def _passing_modes(self) -> frozenset[str]:
        if self.bit_depth == "8":
            return _PASSING_MODES[self.color]
        return frozenset({"I;16"}) if isinstance(self.range, KeepValues) else frozenset()


def parse_pipeline(
    *,
    color: str = "rgb",
    downsample: str = "none",
    interpolation: str = "bilinear",
    encoding: str = "auto",
    background: str = "#000000",
    range: str = "none",  # noqa: A002 - the options' own name
    bit_depth: str = "8",
    reducing_gap: str = "none",
) -> Pipeline:
    """The pipeline that a project's texts describe.

    Raises InvalidInputError where one of them is unknown, or does not go with another; the hint names the choices.
    """
    pipeline = Pipeline(
        parse_choice("color", color, COLORS),
        parse_downsampling(downsample),
        parse_choice("interpolation", interpolation, INTERPOLATIONS),
        parse_choice("encoding", encoding, ENCODINGS),
        parse_background(background),
        parse_range(range),
        parse_choice("bit depth", bit_depth, BIT_DEPTHS),
        parse_reducing_gap(reducing_gap),
    )
    if pipeline.bit_depth == "16" and (pipeline.color != "gray" or pipeline.encoding == "jpeg"):
        raise InvalidInputError(
            "only gray PNGs can have 16 bits per sample",
            hint='choose color = "gray" with the encoding auto or png, or bit_depth = "8"',
        )
    return pipeline if _may_reduce(pipeline) else replace(pipeline, reducing_gap=None)


def _may_reduce(pipeline: Pipeline) -> bool:
    """Whether a gap can change anything: `nearest` looks at single pixels, of which no mean may be taken before."""
    return pipeline.interpolation != "nearest" and pipeline.downsampling not in (KeepSize(), Divide(Decimal(1)))


def parse_reducing_gap(text: str) -> Decimal | None:
    """A decimal from 1, or None for `none`; InvalidInputError otherwise."""
    if text == "none":
        return None
    gap = Decimal(text) if re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", text) else Decimal(0)
    if gap < 1:
        raise InvalidInputError(f"{text!r} is no reducing gap", hint="give none or a number from 1, like 2 or 3")
    return gap.normalize()


def parse_choice(what: str, text: str, choices: tuple[_Choice, ...]) -> _Choice:
    """The one of `choices` that is spelled `text`; InvalidInputError otherwise."""
    for choice in choices:
        if choice == text:
            return choice
    hint = nearest_hint(text, choices) or f"choose one of {', '.join(choices)}"
    raise InvalidInputError(f"{text!r} is no {what}", hint=hint)


def parse_background(text: str) -> tuple[int, int, int]:
    """Red, green and blue of `#rrggbb`, `black` or `white`; InvalidInputError otherwise."""
    named = {"black": "#000000", "white": "#ffffff"}.get(text, text)
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", named):
        raise InvalidInputError(f"{text!r} is no background", hint="give black, white or #rrggbb")
    red, green, blue = bytes.fromhex(named[1:])
    return red, green, blue
