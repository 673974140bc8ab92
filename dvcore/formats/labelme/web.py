"""The xml of LabelMe's web tool: polygons, boxes, and masks that are images in folders of their own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.disk.annotation_files import AnnotationFile, AnnotationFiles
from dvcore.formats.disk.source_folder import SourceFolder
from dvcore.formats.reader.per_image import FileParse, read_small, stated_name
from dvcore.formats.stated.annotations import StatedAnnotations, StatedInstance
from dvcore.formats.stated.attributes import keep_attribute, plain_value
from dvcore.formats.stated.findings import Findings, label_name
from dvcore.formats.stated.mask_images import drawn_pixels, window_mask
from dvcore.formats.texts.plain_text import parse_number, shown
from dvcore.formats.texts.xml_files import Element, parse_size, parse_xml
from dvcore.model.annotations import Entered
from dvcore.model.geometry import Box, Geometry, Mask, Polygon
from dvcore.model.names import Path
from dvcore.model.values import Value

MASKS: Final = "masks"
SCRIBBLES: Final = "scribbles"
"""What people drew for the program to find the mask by."""
ANNOTATIONS: Final = "annotations"

_KNOWN: Final = frozenset({"name", "occluded", "attributes", "parts", "id", "type", "polygon", "segm"})
_DROPPED: Final = frozenset({"deleted", "verified", "date"})


class Masks:
    """The images of masks under `Masks/`: the path of one is that of its annotation file, but for this folder."""

    def __init__(self, folders: Iterable[SourceFolder]) -> None:
        self.files = AnnotationFiles(list(folders))
        self._by_path = {_below(file.path, MASKS): file for file in self.files}

    def find(self, name: str, annotation: Path) -> AnnotationFile | None:
        """The mask that an annotation file names, or None where there is none."""
        return self._by_path.get((*_below(annotation, ANNOTATIONS)[:-1], name))


def _below(path: Path, top: str) -> Path:
    """The path without the folder of that name."""
    index = next((index for index, name in enumerate(path[:-1]) if name.lower() == top), None)
    return path if index is None else (*path[:index], *path[index + 1 :])


@dataclass(frozen=True, slots=True)
class WebParser:
    """Parses the xml files of a source."""

    files: AnnotationFiles
    masks: Masks
    findings: Findings

    def parse(self, file: AnnotationFile) -> FileParse | None:
        """None for xml of another kind.

        Raises InvalidInputError where the file is broken.
        """
        root = parse_xml(read_small(self.files, file))
        if root.name != "annotation" or root.find("object", "bndbox"):
            return None
        size = parse_size(root.find_text("imagesize", "ncols"), root.find_text("imagesize", "nrows"))
        names = {one.find_text("id"): one.find_text("name") for one in root.named("object")}
        instances: list[StatedInstance] = []
        left_out: list[Fault] = []
        for element in root.named("object"):
            if element.find_text("deleted") == "1":
                self.findings.lost["deleted objects"] += 1
                continue
            where = f"{file.where}: object {element.find_text('id') or f'at line {element.line}'}"
            try:
                instances.append(StatedInstance(where, self._entered(element, file, size, names)))
            except InvalidInputError as error:
                left_out.append(Fault(where, error.message))
        named = stated_name(file, root.find_text("filename"))
        return FileParse(named, StatedAnnotations(file.where, size, tuple(instances)), tuple(left_out))

    def _entered(
        self,
        element: Element,
        file: AnnotationFile,
        size: tuple[int, int] | None,
        names: Mapping[str | None, str | None],
    ) -> Entered:
        label = label_name(element.find_text("name"))
        geometry, box = self._shape(element, file, size)
        attributes = self._attributes(element)
        whole = element.find_text("parts", "ispartof")
        if whole is not None and names.get(whole):
            keep_attribute(attributes, "part_of", names[whole], self.findings.lost)
        return Entered(label, geometry, box, element.find_text("id"), attributes)

    def _shape(
        self, element: Element, file: AnnotationFile, size: tuple[int, int] | None
    ) -> tuple[Geometry, Box | None]:
        """The geometry, and the box beside a mask; where the file of the mask is missing, the box alone."""
        outline = element.find("polygon")
        if outline is not None:
            return _outline(outline, is_box=element.find_text("type") == "bounding_box"), None
        segment = element.find("segm")
        if segment is None:
            raise InvalidInputError("has neither polygon nor mask")
        box, name = _box(segment), segment.find_text("mask")
        mask = self.masks.find(name or "", file.path)
        if mask is not None:
            return self._mask(mask, size), box
        if box is None:
            raise InvalidInputError(f"has the mask {shown(name or '')}, which is missing")
        self.findings.lost["masks that are missing"] += 1
        return box, None

    def _mask(self, file: AnnotationFile, size: tuple[int, int] | None) -> Mask:
        try:
            pixels = drawn_pixels(self.masks.files.read(file))
            height, width = pixels.shape
            return window_mask(pixels, 0, 0, size or (width, height))
        except InvalidInputError as error:
            raise InvalidInputError(f"has the mask {file.where}, which {error.message}") from None

    def _attributes(self, element: Element) -> dict[str, Value]:
        """`a, b=2` are the attributes a, which is true, and b."""
        lost = self.findings.lost
        values: dict[str, Value] = {"occluded": True} if element.find_text("occluded") == "yes" else {}
        for part in (element.find_text("attributes") or "").split(","):
            name, sign, text = (one.strip() for one in part.partition("="))
            if name:
                keep_attribute(values, name, plain_value(text) if sign else True, lost)
        lost.update(f"{one.name} of objects" for one in element.children if one.name not in _KNOWN | _DROPPED)
        return values


def _outline(outline: Element, *, is_box: bool) -> Geometry:
    """A polygon, or a box where the tool says that it is one and its corners are a box's."""
    points = [(_number(point, "x"), _number(point, "y")) for point in outline.named("pt")]
    xs, ys = sorted({x for x, _ in points}), sorted({y for _, y in points})
    if is_box and (len(points), len(xs), len(ys)) == (4, 2, 2):
        return Box(xs[0], ys[0], xs[1] - xs[0], ys[1] - ys[0])
    return Polygon(((tuple(c for point in points for c in point),),))


def _box(segment: Element) -> Box | None:
    box = segment.find("box")
    if box is None:
        return None
    left, top, right, bottom = (_number(box, name) for name in ("xmin", "ymin", "xmax", "ymax"))
    return Box(left, top, right - left, bottom - top)


def _number(element: Element, name: str) -> float:
    text = element.find_text(name)
    if text is None:
        raise InvalidInputError(f"has a {element.name} without {name}")
    return parse_number(text)
