"""What a project does to each image, as data, and the rule that says when nothing has to be done.

Everything here is pure and loads nothing heavy: a project is checked and planned with it. `render` does the work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, TypeVar, get_args

from dvcore.errors import InvalidInputError, nearest_hint
from dvcore.image.downsample import (
    INTERPOLATIONS,
    Downsampling,
    Interpolation,
    KeepSize,
    format_downsampling,
    parse_downsampling,
    target_size,
)
from dvcore.image.facts import Probe

Color: TypeAlias = Literal["gray", "rgb", "mixed"]
Encoding: TypeAlias = Literal["auto", "png", "jpeg"]
COLORS: Final[tuple[Color, ...]] = get_args(Color)
ENCODINGS: Final[tuple[Encoding, ...]] = get_args(Encoding)

GRAY_MODES: Final = frozenset({"1", "L", "LA", "La"})
"""Pillow's modes of images without colour; `mixed` keeps them at one channel."""

MAX_BITS: Final = 8
"""Of a sample. No rule says yet which of more values become black and white."""

_PASSING_MODES: Final[dict[Color, frozenset[str]]] = {
    "gray": frozenset({"L"}),
    "rgb": frozenset({"RGB"}),
    "mixed": frozenset({"L", "RGB"}),
}
_ENCODINGS_OF: Final = {"JPEG": "jpeg", "PNG": "png"}
_KEEP: Final = KeepSize()
_Choice = TypeVar("_Choice", bound=str)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One project's treatment of images."""

    color: Color = "rgb"
    downsampling: Downsampling = _KEEP
    interpolation: Interpolation = "bilinear"
    encoding: Encoding = "auto"
    background: tuple[int, int, int] = (0, 0, 0)
    """Red, green, blue, 0-255: under transparent pixels and around padded images."""

    def texts(self) -> dict[str, str]:
        """The options as text; equal pipelines give equal texts, and `parse_pipeline(**texts)` gives it back."""
        return {
            "color": self.color,
            "downsample": format_downsampling(self.downsampling),
            "interpolation": self.interpolation,
            "encoding": self.encoding,
            "background": "#{:02x}{:02x}{:02x}".format(*self.background),
        }

    def passes_through(self, facts: Probe) -> bool:
        """Whether the original bytes are what this pipeline wants already.

        They are where the orientation is absent or 1, the size stays, the channels are as wanted, and the image is an
        opaque 8-bit gray or RGB JPEG or PNG, in the encoding that was asked for.
        """
        encoding = _ENCODINGS_OF.get(facts.format)
        return (
            encoding is not None
            and self.encoding in ("auto", encoding)
            and facts.orientation in (None, 1)
            and facts.bits == 8
            and facts.mode in _PASSING_MODES[self.color]
            and not facts.transparent
            and target_size(self.downsampling, facts.width, facts.height) == (facts.width, facts.height)
        )


def parse_pipeline(
    *,
    color: str = "rgb",
    downsample: str = "none",
    interpolation: str = "bilinear",
    encoding: str = "auto",
    background: str = "#000000",
) -> Pipeline:
    """The pipeline that a project's texts describe.

    Raises InvalidInputError where one of them is unknown; the hint names the choices.
    """
    return Pipeline(
        parse_choice("color", color, COLORS),
        parse_downsampling(downsample),
        parse_choice("interpolation", interpolation, INTERPOLATIONS),
        parse_choice("encoding", encoding, ENCODINGS),
        parse_background(background),
    )


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
