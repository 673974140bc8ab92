"""What an exporter is given of each file, and how the files are to be written."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from dvcore.ids import BlobId
from dvcore.image.orient import effective_orientation
from dvcore.model.annotations import Instance
from dvcore.model.files import ImageFacts
from dvcore.model.names import Path
from dvcore.model.values import Value

_UPRIGHT: Final = 1
CONTAINERS: Final = ("images", "JPEGImages", "image_2")
"""Where COCO and others, Pascal VOC and KITTI have all their images."""


@dataclass(frozen=True, slots=True)
class Exported:
    """An image to be written: where it goes, its bytes and what its header says, the values of its variables, and its
    instances in the order of their ids, in pixels of the image as displayed. `split` is fit to be the name of a
    folder."""

    path: Path
    blob: BlobId
    facts: ImageFacts
    annotated: bool
    variables: Mapping[str, Value]
    instances: tuple[Instance, ...]
    split: str | None = None

    @property
    def is_turned(self) -> bool:
        """Whether it is displayed otherwise than its pixels are stored."""
        return effective_orientation(self.facts.orientation) != _UPRIGHT

    def below(self, *own: str) -> Path:
        """The path without folders at its start that say only that images are in them, and without those that the
        format makes itself, so that none stands there twice."""
        path, left = self.path, {*CONTAINERS, *own}
        while len(path) > 1 and path[0] in left:
            left.remove(path[0])
            path = path[1:]
        return path


def with_suffix(path: Path, suffix: str) -> Path:
    """The path with another suffix: that of the file that says something of an image."""
    return *path[:-1], (path[-1].rpartition(".")[0] or path[-1]) + suffix


class Orientation(Enum):
    """What becomes of images whose EXIF orientation turns them: their pixels are turned and encoded anew, so that who
    reads the tag and who does not sees the same picture, or their bytes are kept."""

    APPLY = "apply"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How files are written: with their images or only what is said of them; and for class folders the variable that
    has the class."""

    images: bool = True
    orientation: Orientation = Orientation.APPLY
    variable: str = "label"
