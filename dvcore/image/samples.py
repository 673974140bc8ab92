"""Samples of more than 8 bits: which values become black and white, and which images a rule does not cover.

Pure, like `pipeline`; `deep` does the work.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, Protocol, TypeAlias

from dvcore.errors import InvalidInputError

BitDepth: TypeAlias = Literal["8", "16"]

MAX_BITS: Final = 8
"""Of a sample that needs no rule: 0 is black, all ones are white."""
_VALUE: Final = r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?"


@dataclass(frozen=True, slots=True)
class KeepValues:
    """`none`: no value changes. Only 16 bits hold those of 16 bits."""


@dataclass(frozen=True, slots=True)
class FullRange:
    """`full`: the least value that the samples' type holds is black, the greatest is white."""


@dataclass(frozen=True, slots=True)
class ValueRange:
    """`LO:HI`: `low` and what is less is black, `high` and what is more is white."""

    low: Decimal
    high: Decimal


SampleRange: TypeAlias = KeepValues | FullRange | ValueRange


class SampleFacts(Protocol):
    """What decides, of a `Probe` or of the facts that a tree records."""

    @property
    def format(self) -> str:
        """Pillow's name."""

    @property
    def mode(self) -> str:
        """Pillow's name."""

    @property
    def bits(self) -> int:
        """Of one stored sample."""


def parse_range(text: str) -> SampleRange:
    """The rule that `none`, `full` or two decimals like `200:4095` name; InvalidInputError otherwise."""
    if text == "none":
        return KeepValues()
    if text == "full":
        return FullRange()
    if found := re.fullmatch(f"({_VALUE}):({_VALUE})", text):
        low, high = (Decimal(one).normalize() + 0 for one in found.groups())  # -0 becomes 0
        if low < high:
            return ValueRange(low, high)
    raise InvalidInputError(
        f"{text!r} is no range", hint="give none, full, or the values of black and white, like 200:4095 or 0:1"
    )


def format_range(rule: SampleRange) -> str:
    """The one text for a rule; `parse_range` gives it back."""
    match rule:
        case KeepValues():
            return "none"
        case FullRange():
            return "full"
        case ValueRange(low, high):
            return f"{low:f}:{high:f}"


def is_deep_gray(facts: SampleFacts) -> bool:
    """Whether the decoder keeps all bits of samples of more than 8: it does for one channel without alpha."""
    return facts.bits > MAX_BITS and (facts.mode.startswith("I") or facts.mode == "F")


def find_refusal(facts: SampleFacts, rule: SampleRange, bit_depth: BitDepth) -> str | None:
    """Why the samples of an image cannot be rendered, worded to follow its name, or None."""
    if facts.bits <= MAX_BITS:
        return None
    if is_deep_gray(facts):
        return _gray_refusal(facts, rule, bit_depth)
    if isinstance(rule, KeepValues) and bit_depth == "8":
        return _no_rule(facts)
    if isinstance(rule, FullRange) and bit_depth == "8":
        return None
    return f"has {facts.bits} bits per sample in colour or with alpha, of which only the upper 8 can be read"


def _gray_refusal(facts: SampleFacts, rule: SampleRange, bit_depth: BitDepth) -> str | None:
    match rule:
        case KeepValues():
            return None if bit_depth == "16" and _fits_sixteen_bits(facts) else _no_rule(facts)
        case FullRange() if facts.mode == "F":
            return "has samples in floating point, whose full range no picture uses"
        case _:
            return None


def _fits_sixteen_bits(facts: SampleFacts) -> bool:
    """A TIFF's mode `I` is of 32 bits, or signed; a PNM's of 16."""
    return facts.mode.startswith("I;16") or (facts.mode == "I" and facts.format == "PPM")


def _no_rule(facts: SampleFacts) -> str:
    kind = " in floating point" if facts.mode == "F" else ""
    return f"has {facts.bits} bits per sample{kind}, and no rule says which values become black and white"
