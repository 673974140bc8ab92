"""Which label a colour of VOC's class masks is: VOC's own, or those of a `labelmap.txt`, as CVAT and Datumaro write
it (`label:red,green,blue:parts:actions` a line)."""

from collections.abc import Mapping
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.formats.stated.findings import label_name
from dvcore.formats.texts.plain_text import iter_lines, parse_whole, shown
from dvcore.model.declarations import LabelDeclaration

Color = tuple[int, int, int]

BACKGROUND: Final[Color] = (0, 0, 0)
VOID: Final[Color] = (224, 224, 192)
"""Borders of things, and what nobody could tell: of no class. Its index in VOC's palette is 255."""

CLASSES: Final = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)
"""In the order of their indices, from 1."""


def voc_color(index: int) -> Color:
    """The colour that VOC's palette has for an index: its bits in turn are the bits of red, green and blue, the lowest
    being their highest. (VOCdevkit, `VOClabelcolormap.m`.)"""
    channels = [0, 0, 0]
    for bit in range(8):
        channels[bit % 3] |= (index >> bit & 1) << 7 - bit // 3
    return channels[0], channels[1], channels[2]


VOC_COLORS: Final[Mapping[Color, str]] = {voc_color(index): name for index, name in enumerate(CLASSES, start=1)}


def parse_labelmap(text: str) -> tuple[dict[Color, str], tuple[LabelDeclaration, ...]]:
    """The names of the labels by colour, without the background and what has no colour, and their declarations.

    Raises InvalidInputError with the line that is wrong.
    """
    colors: dict[Color, str] = {}
    labels: dict[str, LabelDeclaration] = {}
    for number, line in iter_lines(text):
        if line.startswith("#"):
            continue
        try:
            name, color = _parse_line(line)
        except InvalidInputError as error:
            raise InvalidInputError(f"line {number} {error.message}") from None
        if color not in {None, BACKGROUND, VOID}:
            colors[color] = name
        shade = None if color is None else "#{:02x}{:02x}{:02x}".format(*color)
        labels[name] = LabelDeclaration(name, 0, color=shade)
    return colors, tuple(labels.values())


def _parse_line(line: str) -> tuple[str, Color | None]:
    name, _, rest = line.partition(":")
    text = rest.partition(":")[0].strip()
    if not text:
        return label_name(name), None
    match [parse_whole(part) for part in text.split(",")]:
        case [red, green, blue] if min(red, green, blue) >= 0 and max(red, green, blue) < 256:
            return label_name(name), (red, green, blue)
        case _:
            raise InvalidInputError(f"has {shown(text)} where a colour should be")
