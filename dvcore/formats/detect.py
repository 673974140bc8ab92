"""The formats by name, and which one a source is."""

from dataclasses import dataclass
from typing import Final

from dvcore.errors import InvalidInputError, NotFoundError, nearest_hint
from dvcore.formats.coco import COCO
from dvcore.formats.cvat import CVAT
from dvcore.formats.disk.source_files import stat_source
from dvcore.formats.files import FILES
from dvcore.formats.folders import FOLDERS
from dvcore.formats.images import IMAGES
from dvcore.formats.kitti import KITTI
from dvcore.formats.labelme import LABELME
from dvcore.formats.labelstudio import LABELSTUDIO
from dvcore.formats.openimages import OPEN_IMAGES
from dvcore.formats.reader.contents import Format
from dvcore.formats.reader.request import Request
from dvcore.formats.table import CSV, JSON_LINES
from dvcore.formats.tfdetection import TF_DETECTION
from dvcore.formats.voc import VOC
from dvcore.formats.wording import format_place
from dvcore.formats.yolo import YOLO

_ANNOTATED: Final = (COCO, CVAT, LABELME, LABELSTUDIO, VOC, TF_DETECTION, OPEN_IMAGES, KITTI, YOLO, CSV, JSON_LINES)

FORMATS: Final = {one.name: one for one in (*_ANNOTATED, IMAGES, FOLDERS, FILES)}
"""In the order in which they are asked whether a source is theirs. Class folders and any files look like folders of
images: they are used only by name."""


@dataclass(frozen=True, slots=True)
class Detected:
    """The format that reads a source, and why it is that one."""

    format: Format
    reason: str


def detect_format(request: Request, name: str | None) -> Detected:
    """The format of that name, or without one the first that the source is of.

    Raises NotFoundError for an unknown name or a source that is not there, InvalidInputError where the source is of no
    format or the format has no annotation file.
    """
    if name is None:
        return _search(request)
    detected = Detected(_format(name), "as asked for")
    if request.annotations is not None and not detected.format.find_annotations:
        raise InvalidInputError(f"the format {name} has no annotation file", hint="leave it out")
    return detected


def _format(name: str) -> Format:
    if name not in FORMATS:
        hint = nearest_hint(name, FORMATS) or f"there are {', '.join(FORMATS)}"
        raise NotFoundError(f"there is no import format {name!r}", hint=hint)
    return FORMATS[name]


def _search(request: Request) -> Detected:
    stat_source(request.source)
    if request.annotations is not None and not request.annotations.exists():
        raise NotFoundError(f"there is no annotation file {format_place(request.annotations)!r}")
    for one in FORMATS.values():
        if request.annotations is not None and not one.find_annotations:
            continue
        reason = one.find(request) if one.find else None
        if reason is not None:
            return Detected(one, reason)
    if request.annotations is not None:
        raise InvalidInputError(
            f"{format_place(request.annotations)!r} is an annotation file of no known format",
            hint="name its format with --format",
        )
    raise InvalidInputError(
        f"{format_place(request.source)!r} is of no known format",
        hint="import the folder that holds the images; '--format files' takes any file as it is",
    )
