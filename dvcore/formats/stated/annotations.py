"""What a reader of a format gives: neutral values that no format has left a mark on.

A reader only says what its source says. Whether an image can be read, whether a box lies in it and which way up it is
comes later, and is the same for all formats.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dvcore.model.annotations import Entered
from dvcore.model.values import Value


@dataclass(frozen=True, slots=True)
class StatedInstance:
    """An instance in the coordinates of its source; `where` names it in messages."""

    where: str
    entered: Entered


@dataclass(frozen=True, slots=True)
class StatedAnnotations:
    """What a source says of one image. `size` is the width and height that it has for the image, if it says;
    `variables` are given to it alone. Where `is_annotated` is False there is nothing but these: nobody says that there
    are no instances. Where `is_normalized`, coordinates are fractions of the image's width and height; where
    `has_corners`, polygons of four points are the corners of rotated boxes, in their order."""

    where: str
    size: tuple[int, int] | None
    instances: tuple[StatedInstance, ...]
    variables: Mapping[str, Value] = field(default_factory=dict)
    is_annotated: bool = True
    is_normalized: bool = False
    has_corners: bool = False
