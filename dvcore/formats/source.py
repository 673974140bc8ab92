"""What a reader of a format gives: neutral values that no format has left a mark on.

A reader only says what its source says. Whether an image can be read, whether a box lies in it and which way up it is
comes later, and is the same for all formats.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path as FolderPath

from dvcore.errors import NotFoundError
from dvcore.formats.looking import Look, look_at
from dvcore.model.annotations import Entered
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.names import Path
from dvcore.model.values import Value


class LabelFrom(Enum):
    """The part of an image's path that is its label: the folder that it is in, the name of the file without its suffix,
    or that without digits and what joins them at its end (`cat_003.jpg`: `cat`)."""

    FOLDER = "folder"
    FILENAME = "filename"
    FILENAME_WITHOUT_INDEX = "filename-without-index"


class BoxConvention(Enum):
    """What the corners of a Pascal VOC box are: its first and its last pixel, counted from 1, as the VOC sets have it;
    or the points between which it lies, counted from 0, as some tools write."""

    PIXELS = "pixels"
    CORNERS = "corners"


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be read: a folder or a file, the annotation file for the formats that take one by name, and for labels
    that are taken from paths the variable that they fill and the part of the path. `scratch` is a folder for private
    files, None for the system's. `box_convention` is for Pascal VOC, `keep_degenerate` for formats that can say
    themselves that a box is none. `declared` are the variables that there are already."""

    source: FolderPath
    annotations: FolderPath | None = None
    variable: str = "label"
    label_from: LabelFrom = LabelFrom.FOLDER
    scratch: FolderPath | None = None
    box_convention: BoxConvention = BoxConvention.PIXELS
    keep_degenerate: bool = False
    declared: tuple[VariableDeclaration, ...] = ()
    _looks: list[Look] = field(default_factory=list, init=False, repr=False, compare=False)

    def look(self) -> Look:
        """A bounded look at the source, taken once for all formats that are asked whether it is theirs."""
        if not self._looks:
            self._looks.append(look_at(self.source))
        return self._looks[0]


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


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file to bring in: where it lands under the destination, where it is on the disk, its length in bytes when it
    was looked at, and what all files of its folder are given."""

    path: Path
    place: str
    size: int
    variables: Mapping[str, Value] = field(default_factory=dict)


def stat_source(source: FolderPath) -> os.stat_result:
    """What the system knows of the file or folder to import, or of what a link there leads to.

    Raises NotFoundError where there is nothing, or nothing that can be reached.
    """
    try:
        return source.stat()
    except (OSError, ValueError) as error:
        raise NotFoundError(f"nothing to import at {format_place(source)!r}: {format_reason(error)}") from None


def format_place(place: str | FolderPath) -> str:
    """A place on the disk, for messages: bytes that are no UTF-8 are escaped."""
    return os.fsencode(place).decode(errors="backslashreplace")


def format_count(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def format_reason(error: OSError | ValueError) -> str:
    """What the system says of a failure, without its number and the place again."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
