"""One line of a KITTI label file: type, how much of it is seen, box, place in space, and of results a score.

    type truncated occluded alpha  left top right bottom  height width length  x y z  rotation_y  [score]

Boxes are in pixels from 0, as the distance between left and right; metres and radians are the camera's.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.formats.stated.findings import label_name
from dvcore.formats.texts.plain_text import parse_number, parse_whole
from dvcore.model.annotations import Entered
from dvcore.model.geometry import Box
from dvcore.model.values import Value

DIMENSIONS: Final = ("dimension_height", "dimension_width", "dimension_length")
LOCATION: Final = ("location_x", "location_y", "location_z")
ROTATION: Final = "rotation_y"
_IN_SPACE: Final = (*DIMENSIONS, *LOCATION, ROTATION)

_COLUMNS: Final = 15
_MOST: Final = 10
"""Numbers in a line that is meant to be one."""
_UNKNOWN_SHARE: Final = -1
_UNKNOWN_ANGLE: Final = -10


def parse_row(columns: Sequence[str]) -> Entered:
    """The instance of a line. What the line says is unknown (-1, -10, -1000) is no attribute.

    Raises InvalidInputError.
    """
    if len(columns) not in (_COLUMNS, _COLUMNS + 1):
        raise InvalidInputError(f"has {len(columns)} columns instead of 15, or 16 with a score")
    left, top, right, bottom = map(parse_number, columns[4:8])
    box = Box(left, top, right - left, bottom - top)
    return Entered(label_name(columns[0]), box, attributes=_attributes(columns))


def looks_like_row(columns: Sequence[str]) -> bool:
    """Whether these are the columns of a line; a type is a word, which no other format begins with."""
    try:
        return bool(parse_row(columns)) and not _is_number(columns[0])
    except InvalidInputError:
        return False


def resembles_row(columns: Sequence[str]) -> bool:
    """Whether these are meant to be the columns of a line, though something is wrong with them: as many, most of them
    numbers, which no sentence has."""
    return len(columns) in (_COLUMNS, _COLUMNS + 1) and sum(map(_is_number, columns[1:])) >= _MOST


def _attributes(columns: Sequence[str]) -> Mapping[str, Value]:
    values: dict[str, Value] = {}
    truncated, occluded, alpha = _finite(columns[1]), parse_whole(columns[2]), _finite(columns[3])
    if truncated != _UNKNOWN_SHARE:
        values["truncated"] = truncated
    if occluded != _UNKNOWN_SHARE:
        values["occluded"] = occluded
    if alpha != _UNKNOWN_ANGLE:
        values["alpha"] = alpha
    in_space = dict(zip(_IN_SPACE, map(_finite, columns[8:_COLUMNS]), strict=True))
    if any(in_space[name] >= 0 for name in DIMENSIONS):  # else nobody has measured it
        values.update(in_space)
    if len(columns) > _COLUMNS:
        values["score"] = _finite(columns[_COLUMNS])
    return values


def _finite(text: str) -> float:
    number = parse_number(text)
    if not math.isfinite(number):
        raise InvalidInputError(f"has the value {number:g}")
    return number


def _is_number(text: str) -> bool:
    try:
        parse_number(text)
    except InvalidInputError:
        return False
    return True
