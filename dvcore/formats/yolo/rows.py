"""One line of a YOLO label file: `class cx cy width height`, or with more columns an outline, corners or keypoints."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.formats.texts.plain_text import parse_number, parse_whole
from dvcore.formats.yolo.classes import Classes
from dvcore.model.annotations import Entered
from dvcore.model.geometry import Box, Geometry, Keypoint, Keypoints, Polygon

_BOX: Final = 5
_CORNERS: Final = 9


class Task(Enum):
    """What a data set is for, under the names that Ultralytics gives."""

    DETECT = "detect"
    SEGMENT = "segment"
    OBB = "obb"
    POSE = "pose"


@dataclass(slots=True)
class Rows:
    """Reads lines. `keypoints` is how many each instance has, and how many numbers each of them; `task` is what the
    data set says of itself. `corners` and `others` count the lines of nine columns, or ten with a score, and the rest:
    what nothing else tells from an outline of four points are corners where there is nothing but them."""

    classes: Classes
    task: Task | None = None
    keypoints: tuple[int, int] | None = None
    corners: int = 0
    others: int = field(default=0)

    @property
    def has_corners(self) -> bool:
        """Whether outlines of four points are corners of rotated boxes."""
        return self.task is Task.OBB or (self.task is None and self.corners > 0 and self.others == 0)

    def parse(self, columns: Sequence[str]) -> Entered:
        """The instance of a line, in fractions of the image's width and height.

        Raises InvalidInputError.
        """
        numbers = tuple(map(parse_number, columns[1:]))
        geometry, box, rest = self._shape(numbers)
        label = self.classes.label_of(parse_whole(columns[0]))
        self._count(len(numbers) - len(rest))
        return Entered(label, geometry, box, attributes={"score": _score(*rest)} if rest else {})

    def _shape(self, numbers: tuple[float, ...]) -> tuple[Geometry, Box | None, tuple[float, ...]]:
        """Geometry, the box beside it, and what is left of the line: nothing, or a score."""
        count = len(numbers)
        if self.keypoints and count - 4 - math.prod(self.keypoints) in (0, 1):
            end = 4 + math.prod(self.keypoints)
            return _keypoints(numbers[4:end], self.keypoints[1]), _box(numbers[:4]), numbers[end:]
        if count in (4, 5):
            return _box(numbers[:4]), None, numbers[4:]
        if count >= 6 and self._is_outline(count):
            end = count - count % 2
            return Polygon(((_ring(numbers[:end]),),)), None, numbers[end:]
        raise InvalidInputError(f"has {count + 1} columns, which is {self._advice}")

    def _is_outline(self, count: int) -> bool:
        """An outline has pairs of numbers; with a score one more, which could also be keypoints that nobody told of."""
        return self.task is not Task.POSE and (count % 2 == 0 or self.task in (Task.SEGMENT, Task.OBB))

    @property
    def _advice(self) -> str:
        if self.keypoints:
            count, size = self.keypoints
            return f"neither a box (5) nor a box with {count} keypoints of {size} numbers ({5 + count * size})"
        return "neither a box (5) nor an outline (7, 9, 11 …); keypoints need kpt_shape in a data.yaml"

    def _count(self, numbers: int) -> None:
        if numbers == _CORNERS - 1:
            self.corners += 1
        else:
            self.others += 1


def looks_like_row(columns: Sequence[str]) -> bool:
    """Whether these could be the columns of a line of any YOLO data set."""
    try:
        return len(columns) >= _BOX and parse_whole(columns[0]) >= 0 and bool([*map(parse_number, columns[1:])])
    except InvalidInputError:
        return False


def _box(numbers: tuple[float, ...]) -> Box:
    cx, cy, width, height = numbers
    return Box(cx - width / 2, cy - height / 2, width, height)


def _ring(numbers: tuple[float, ...]) -> tuple[float, ...]:
    return numbers[:-2] if len(numbers) > 6 and numbers[:2] == numbers[-2:] else numbers


def _keypoints(numbers: tuple[float, ...], size: int) -> Keypoints:
    points = (numbers[at : at + size] for at in range(0, len(numbers), size))
    return Keypoints(tuple(_keypoint(*point) for point in points))


def _keypoint(x: float, y: float, visibility: float | None = None) -> Keypoint:
    """Without a visibility, a point at the origin or before it is not labelled."""
    if visibility is None:
        return (0.0, 0.0, 0) if x < 0 or y < 0 or x == y == 0 else (x, y, 2)
    if visibility not in (0, 1, 2):
        raise InvalidInputError(f"has a keypoint of visibility {visibility:g}, not 0, 1 or 2")
    return x, y, int(visibility)


def _score(number: float) -> float:
    if not math.isfinite(number):
        raise InvalidInputError(f"has the score {number:g}")
    return number
