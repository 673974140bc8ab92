"""What is asked of a reader."""

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path as FolderPath

from dvcore.formats.disk.looking import Look, look_at
from dvcore.model.declarations import VariableDeclaration


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
