"""VOC's masks: `SegmentationClass/7.png` says of each pixel of `JPEGImages/7.jpg` which class it is, and
`SegmentationObject/7.png` which object.

The mask of an object takes the place of the box of the same label that it fits best; the box stays beside it. Where
there is no mask of objects, each class is one instance.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.disk.annotation_files import AnnotationFile, AnnotationFiles
from dvcore.formats.disk.pairing import Pairing
from dvcore.formats.disk.source_folder import SourceFolder
from dvcore.formats.reader.per_image import Layout
from dvcore.formats.stated.annotations import StatedAnnotations, StatedInstance
from dvcore.formats.stated.findings import Findings
from dvcore.formats.stated.mask_images import mask_image
from dvcore.formats.voc.colors import BACKGROUND, VOID, Color, voc_color
from dvcore.model.annotations import Entered
from dvcore.model.geometry import Bounds, Box, Mask, bounds
from dvcore.model.names import Path

CLASSES: Final = "segmentationclass"
OBJECTS: Final = "segmentationobject"
_MAX_SEGMENTS: Final = 1_000
"""Colours of one mask: VOC's palette has 256."""
_LEAST_FIT: Final = 0.5
"""Intersection over union of a box and the bounds of the mask that is said to be the same object."""


def split_off_masks(folders: Iterable[SourceFolder]) -> tuple[list[SourceFolder], list[SourceFolder]]:
    """The folders of images, and those of masks, which are images by their names."""
    images: list[SourceFolder] = []
    masks: list[SourceFolder] = []
    for folder in folders:
        (images if _find_kind(folder.path) is None else masks).append(folder)
    return images, masks


def read_masks(
    files: AnnotationFiles,
    folders: Iterable[SourceFolder],
    *,
    colors: Mapping[Color, str],
    layout: Layout,
    pairing: Pairing,
    findings: Findings,
) -> None:
    """Put what the masks say to what is said of their images already. A mask that cannot be used is a fault, and keeps
    its image out; a colour that has no label leaves out the instance."""
    for classes, objects in _pairs(folders):
        file = objects or classes
        assert file is not None, "a pair has one of the two"
        image = None
        try:
            image = pairing.image_of(file.path, layout.folders(file.path))
            drawn = _Drawn.read(files, classes, objects)
            left_out: list[Fault] = []
            stated = _merged(findings.stated.get(image), file, drawn, colors, left_out)
        except InvalidInputError as error:
            findings.faults.append(Fault(file.where, error.message))
            if image is not None:
                pairing.refuse(image)
        else:
            findings.put(image, stated, left_out)


@dataclass(frozen=True, slots=True)
class _Segment:
    """The pixels of one colour, as a numpy array of bools; its index in VOC's palette, where it has one."""

    index: int | None
    color: Color
    pixels: Any

    @property
    def name(self) -> str:
        """What messages call it."""
        return "colour " + ",".join(map(str, self.color)) if self.index is None else f"index {self.index}"


@dataclass(frozen=True, slots=True)
class _Drawn:
    """The segments of the two masks of an image; None where it does not have the one."""

    classes: list[_Segment] | None
    objects: list[_Segment] | None

    @classmethod
    def read(cls, files: AnnotationFiles, classes: AnnotationFile | None, objects: AnnotationFile | None) -> "_Drawn":
        """Raises InvalidInputError where one is no mask, or the two have other sizes."""
        drawn = cls(*(None if file is None else _segments(files.read(file)) for file in (classes, objects)))
        sizes = {one.pixels.shape for one in (*(drawn.classes or ()), *(drawn.objects or ()))}
        if len(sizes) > 1:
            raise InvalidInputError("has another size than the mask of the classes")
        return drawn


def _segments(data: bytes) -> list[_Segment]:
    """All colours of a mask but the background's and the void's."""
    import numpy as np  # noqa: PLC0415 - heavy; masks that are drawn are rare

    pixels, palette = mask_image(data)
    if pixels.ndim == 3:
        red, green, blue = (pixels[..., min(channel, pixels.shape[2] - 1)].astype(np.uint32) for channel in range(3))
        pixels = red << 16 | green << 8 | blue
        colored = {value: (value >> 16, value >> 8 & 255, value & 255) for value in _values(pixels)}
        found = [(_voc_index(color), color, value) for value, color in colored.items()]
    else:
        found = [(value, _palette_color(palette, value), value) for value in _values(pixels)]
    kept = [one for one in found if one[0] not in {0, 255} and one[1] not in {BACKGROUND, VOID}]
    return [_Segment(index, color, pixels == value) for index, color, value in kept]


def _values(pixels: Any) -> list[int]:
    import numpy as np  # noqa: PLC0415 - as above

    values = np.unique(pixels)
    if len(values) > _MAX_SEGMENTS:
        raise InvalidInputError(f"is no mask: it has more than {_MAX_SEGMENTS:,} colours")
    return [int(value) for value in values]


def _palette_color(palette: tuple[int, ...] | None, index: int) -> Color:
    if palette is None or 3 * index + 3 > len(palette):
        return voc_color(index)
    red, green, blue = palette[3 * index : 3 * index + 3]
    return red, green, blue


@cache
def _voc_indices() -> dict[Color, int]:
    return {voc_color(index): index for index in range(256)}


def _voc_index(color: Color) -> int | None:
    return _voc_indices().get(color)


def _merged(
    before: StatedAnnotations | None,
    file: AnnotationFile,
    drawn: _Drawn,
    colors: Mapping[Color, str],
    left_out: list[Fault],
) -> StatedAnnotations:
    boxes = list(before.instances) if before else []
    for segment in drawn.classes or () if drawn.objects is None else drawn.objects:
        where = f"{file.where}: {segment.name}"
        label = _label(segment, drawn, colors)
        if label is None:
            left_out.append(Fault(where, "is of no class that has a label"))
            continue
        mask = _mask(segment)
        at = _find_fit(mask, label, boxes) if drawn.objects is not None else None
        if at is None:
            boxes.append(StatedInstance(where, Entered(label, mask)))
        else:
            index, box = at
            boxes[index] = replace(boxes[index], entered=replace(boxes[index].entered, geometry=mask, box=box))
    if before is not None and before.is_annotated:
        return replace(before, instances=tuple(boxes))
    return StatedAnnotations(file.where, None, tuple(boxes))


def _mask(segment: _Segment) -> Mask:
    from dvcore.model.bitmaps import mask_of_bitmap  # noqa: PLC0415 - numpy

    return mask_of_bitmap(segment.pixels)


def _label(segment: _Segment, drawn: _Drawn, colors: Mapping[Color, str]) -> str | None:
    """The label of a class; of an object that of the class that most of its pixels have."""
    if drawn.objects is None:
        return _class_label(segment, colors)
    shares = [(int((one.pixels & segment.pixels).sum()), one) for one in drawn.classes or ()]
    most, winner = max(shares, key=lambda share: share[0], default=(0, segment))
    return _class_label(winner, colors) if most else None


def _class_label(segment: _Segment, colors: Mapping[Color, str]) -> str | None:
    """By its colour; images with a palette of their own follow VOC's indices."""
    if segment.color in colors or segment.index is None:
        return colors.get(segment.color)
    return colors.get(voc_color(segment.index))


def _find_fit(mask: Mask, label: str, stated: list[StatedInstance]) -> tuple[int, Box] | None:
    """The place of the box of this label that has no mask yet and fits best, and the box."""
    best, found = _LEAST_FIT, None
    for index, one in enumerate(stated):
        if one.entered.label == label and isinstance(one.entered.geometry, Box):
            fit = _overlap(bounds(mask), bounds(one.entered.geometry))
            if fit > best or (fit == best and found is None):
                best, found = fit, (index, one.entered.geometry)
    return found


def _overlap(a: Bounds, b: Bounds) -> float:
    """Intersection over union."""
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if across <= 0 or down <= 0:
        return 0.0
    both = across * down
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def _pairs(folders: Iterable[SourceFolder]) -> Iterator[tuple[AnnotationFile | None, AnnotationFile | None]]:
    """The mask of classes and that of objects of each image that has one of them."""
    beside: dict[Path, dict[str, SourceFolder]] = {}
    for folder in folders:
        index, kind = _find_kind(folder.path) or (0, CLASSES)
        beside.setdefault((*folder.path[:index], "", *folder.path[index + 1 :]), {})[kind] = folder
    for both in beside.values():
        objects = {file.path[-1]: file for file in AnnotationFiles([both[OBJECTS]])} if OBJECTS in both else {}
        for file in AnnotationFiles([both[CLASSES]] if CLASSES in both else []):
            yield file, objects.pop(file.path[-1], None)
        for file in objects.values():
            yield None, file


def _find_kind(path: Path) -> tuple[int, str] | None:
    """Which folder on the way is one of masks, and of which."""
    return next(((index, name.lower()) for index, name in enumerate(path) if name.lower() in {CLASSES, OBJECTS}), None)
