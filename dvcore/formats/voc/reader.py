"""Reads a folder of images with VOC's annotations, lists and masks."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path as FolderPath
from typing import Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.disk.annotation_files import AnnotationFile, AnnotationFiles
from dvcore.formats.disk.looking import look_at
from dvcore.formats.disk.pairing import Pairing
from dvcore.formats.disk.peeking import peek_xml
from dvcore.formats.disk.source_folder import SourceFolder, count_files
from dvcore.formats.disk.split_folders import published_splits, with_splits
from dvcore.formats.disk.walking import Walk, drop_collisions, no_name, walk
from dvcore.formats.reader.contents import Contents, Format
from dvcore.formats.reader.per_image import FileParse, Layout, read_per_image, read_small, stated_name
from dvcore.formats.reader.request import Request
from dvcore.formats.stated.annotations import StatedAnnotations
from dvcore.formats.stated.by_image import StatedMap
from dvcore.formats.stated.findings import Findings
from dvcore.formats.stated.splits import split_declarations
from dvcore.formats.texts.plain_text import decode_text
from dvcore.formats.texts.xml_files import Element, parse_size, parse_xml
from dvcore.formats.voc.colors import VOC_COLORS, Color, parse_labelmap
from dvcore.formats.voc.image_sets import FOLDER as SETS
from dvcore.formats.voc.image_sets import is_list, read_image_sets
from dvcore.formats.voc.objects import ObjectReader
from dvcore.formats.voc.segmentation import CLASSES, OBJECTS, read_masks, split_off_masks
from dvcore.formats.wording import format_count
from dvcore.image.names import is_image_name
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.names import format_path

_LAYOUT: Final = Layout(
    ("annotations", "annotation", "xml", "xmls", "labels", CLASSES, OBJECTS), ("jpegimages", "images", "image", "img")
)
_LABELMAP: Final = "labelmap.txt"
_LOOKED_AT: Final = 128
"""Files that are opened to find out whether a source is VOC's."""


def read_voc(request: Request, found: Walk) -> Contents:
    """The images of a folder with what their annotation files, the lists of splits and the masks say of them.

    Raises NotFoundError where nothing is where the annotations are said to be.
    """
    folders, collisions = drop_collisions(found.folders)
    images, masks = split_off_masks(folders)
    files = AnnotationFiles(_annotation_folders(request, found))
    drawn = AnnotationFiles(masks)
    findings = Findings(StatedMap(request.scratch), faults=[*found.faults, *collisions])
    objects = ObjectReader(request.box_convention, request.keep_degenerate, findings.lost)
    with Pairing(images, request.scratch) as pairing:
        sets = read_image_sets(files, [file for file in files if is_list(file)], _LAYOUT, pairing, findings)
        colors, labels = _labelmap(files, findings)
        parse = partial(_parse, files=files, objects=objects)
        read_per_image(filter(_is_annotation, files), parse, _LAYOUT, pairing, findings)
        read_masks(drawn, masks, colors=colors, layout=_LAYOUT, pairing=pairing, findings=findings)
        kept = pairing.kept()
        unannotated = findings.count_unannotated(count_files(kept), pairing.iter_refused())
    splits = published_splits(images, inside=_LAYOUT.images)
    return Contents(
        folders=with_splits(kept, splits, inside=_LAYOUT.images),
        annotations=findings.stated,
        faults=tuple(findings.faults),
        left_out=tuple(findings.left_out),
        refused_instances=findings.refused,
        passed_over=found.passed_over + len(findings.foreign) + _count_unread(files) + sets.passed_over,
        variables=_split_variable((*sets.splits, *splits)),
        labels=_ordered(labels, findings),
        notes=(*found.notes, *sets.notes, *_notes(findings, objects, unannotated)),
        are_as_listed=files.are_as_listed and drawn.are_as_listed,
    )


def _annotation_folders(request: Request, found: Walk) -> list[SourceFolder]:
    """Those of the source; or the one that was named, with the source's lists."""
    if request.annotations is None:
        return found.annotations
    named = walk(request.annotations, no_name, _takes_annotations)
    found.faults.extend(named.faults)
    lists = [folder for folder in found.annotations if any(name.lower() == SETS for name in folder.path)]
    return [*named.annotations, *lists]


def _is_annotation(file: AnnotationFile) -> bool:
    return file.path[-1].lower().endswith(".xml")


def _parse(file: AnnotationFile, *, files: AnnotationFiles, objects: ObjectReader) -> FileParse | None:
    """None for xml of another kind, such as what GDAL leaves beside an image."""
    root = parse_xml(read_small(files, file))
    if root.name != "annotation":
        return None
    size = _size(root)
    instances, left_out = objects.read(root, file.where)
    named = stated_name(file, root.find_text("filename"))
    return FileParse(named, StatedAnnotations(file.where, size, instances), left_out)


def _size(root: Element) -> tuple[int, int] | None:
    """Width and height; some tools write 0 for both where they do not know."""
    width, height = root.find_text("size", "width"), root.find_text("size", "height")
    return None if (width, height) == ("0", "0") else parse_size(width, height)


def _labelmap(files: AnnotationFiles, findings: Findings) -> tuple[Mapping[Color, str], tuple[LabelDeclaration, ...]]:
    """The colours of the labels, and the labels that are declared: VOC's own without a map of labels."""
    maps = [file for file in files if file.path[-1].lower() == _LABELMAP]
    colors: dict[Color, str] = {}
    labels: dict[str, LabelDeclaration] = {}
    for file in maps:
        try:
            found, declared = parse_labelmap(decode_text(read_small(files, file)))
        except InvalidInputError as error:
            findings.faults.append(Fault(file.where, error.message))
            continue
        colors.update(found)
        labels.update((one.name, one) for one in declared)
    return colors if maps else VOC_COLORS, tuple(labels.values())


def _count_unread(files: AnnotationFiles) -> int:
    """Texts that are no lists: they were listed by their names only."""
    return sum(not _is_annotation(one) and not is_list(one) and one.path[-1].lower() != _LABELMAP for one in files)


def _ordered(declared: tuple[LabelDeclaration, ...], findings: Findings) -> tuple[LabelDeclaration, ...]:
    """Those of the map of labels, then others that are used, by name."""
    known = {one.name for one in declared}
    return *declared, *(one for one in findings.sorted_labels() if one.name not in known)


def _split_variable(splits: Iterable[str]) -> tuple[VariableDeclaration, ...]:
    return split_declarations(tuple(dict.fromkeys(splits)))


def _notes(findings: Findings, objects: ObjectReader, unannotated: int) -> Iterator[str]:
    if objects.zeros:
        yield (
            f"{format_count(objects.zeros, 'object')} whose box begins at pixel 0, and Pascal VOC counts from 1; if "
            "what wrote them counts from 0, take them back ('dset undo') and import them with --box-convention corners"
        )
    yield from findings.notes(unannotated)


def _takes_annotations(name: str) -> bool:
    return name.lower().endswith((".xml", ".txt"))


def _find(request: Request) -> str | None:
    look = request.look() if request.annotations is None else look_at(request.annotations)
    for path in islice(look.iter_few(".xml"), _LOOKED_AT):
        root = peek_xml(look.place(path))
        if root is not None and _is_voc(root):
            return f"{format_path(path)} is an annotation of Pascal VOC"
    if request.annotations is None and (masks := next(look.iter_folders(CLASSES), None)):
        return f"{format_path(masks)} is a folder of masks of Pascal VOC"
    return None


def _is_voc(root: Element) -> bool:
    """LabelMe's xml has the same root, and polygons."""
    if root.name != "annotation" or root.find("imagesize") or root.find("object", "polygon", "pt"):
        return False
    return any(root.find(name) for name in ("size", "segmented")) or root.find("object", "bndbox") is not None


def _find_annotations(request: Request) -> FolderPath | None:
    return request.annotations


VOC: Final = Format("voc", is_image_name, read_voc, _find, _find_annotations, _takes_annotations)
