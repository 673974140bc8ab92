"""Reads a folder of images with LabelMe's annotation files, of the desktop program and of the web tool."""

import re
from collections.abc import Iterable
from functools import partial
from itertools import islice
from pathlib import Path as FolderPath
from typing import Final

from dvcore.formats.disk.annotation_files import AnnotationFile, AnnotationFiles
from dvcore.formats.disk.looking import Look, look_at
from dvcore.formats.disk.pairing import Pairing
from dvcore.formats.disk.peeking import first_bytes, peek_xml
from dvcore.formats.disk.source_folder import SourceFolder, count_files
from dvcore.formats.disk.split_folders import published_splits, with_splits
from dvcore.formats.disk.walking import Walk, drop_collisions, no_name, walk
from dvcore.formats.labelme.documents import parse_document
from dvcore.formats.labelme.web import ANNOTATIONS, MASKS, SCRIBBLES, Masks, WebParser
from dvcore.formats.reader.contents import Contents, Format
from dvcore.formats.reader.per_image import FileParse, Layout, read_per_image
from dvcore.formats.reader.request import Request
from dvcore.formats.stated.by_image import StatedMap
from dvcore.formats.stated.findings import Findings
from dvcore.formats.stated.splits import split_declarations
from dvcore.formats.stated.variables import StatedVariables
from dvcore.formats.texts.xml_files import Element
from dvcore.image.names import is_image_name
from dvcore.model.names import format_path

_LAYOUT: Final = Layout(
    (ANNOTATIONS, "annotation", "labels", "json", "jsons", "labelme"), ("images", "jpegimages", "image", "img")
)
_LOOKED_AT: Final = 128
"""Files that are opened to find out whether a source is LabelMe's."""
_SHAPES: Final = re.compile(rb'"shapes"\s*:\s*\[')


def read_labelme(request: Request, found: Walk) -> Contents:
    """The images of a folder with what their annotation files say of them."""
    folders, collisions = drop_collisions(found.folders)
    files = AnnotationFiles(_annotation_folders(request, found))
    images, masks, scribbles = _without_drawings(folders, files)
    drawn = Masks(masks)
    findings = Findings(StatedMap(request.scratch), faults=[*found.faults, *collisions])
    flags = StatedVariables(findings.lost)
    from_json = partial(parse_document, files=files, findings=findings, flags=flags)
    from_xml = WebParser(files, drawn, findings).parse

    def parse(file: AnnotationFile) -> FileParse | None:
        return from_xml(file) if _is_xml(file) else from_json(file)

    with Pairing(images, request.scratch) as pairing:
        read_per_image(files, parse, _LAYOUT, pairing, findings)
        kept = pairing.kept()
        unannotated = findings.count_unannotated(count_files(kept), pairing.iter_refused())
    splits = published_splits(images, inside=_LAYOUT.images)
    return Contents(
        folders=with_splits(kept, splits, inside=_LAYOUT.images),
        annotations=findings.stated,
        faults=tuple(findings.faults),
        left_out=tuple(findings.left_out),
        refused_instances=findings.refused,
        passed_over=found.passed_over + len(findings.foreign) + scribbles,
        variables=(*split_declarations(splits), *flags.declarations()),
        labels=findings.sorted_labels(),
        notes=(*found.notes, *findings.notes(unannotated)),
        are_as_listed=files.are_as_listed and drawn.files.are_as_listed,
    )


def _annotation_folders(request: Request, found: Walk) -> list[SourceFolder]:
    if request.annotations is None:
        return found.annotations
    named = walk(request.annotations, no_name, _takes_annotations)
    found.faults.extend(named.faults)
    return named.annotations


def _without_drawings(
    folders: Iterable[SourceFolder], files: Iterable[AnnotationFile]
) -> tuple[list[SourceFolder], list[SourceFolder], int]:
    """The folders of images; of the web tool's sets, those of masks, and how many scribbles are passed over."""
    if not any(map(_is_xml, files)):
        return list(folders), [], 0
    images, masks, scribbles = list[SourceFolder](), list[SourceFolder](), 0
    for folder in folders:
        names = {name.lower() for name in folder.path}
        if SCRIBBLES in names:
            scribbles += folder.count
        else:
            (masks if MASKS in names else images).append(folder)
    return images, masks, scribbles


def _is_xml(file: AnnotationFile) -> bool:
    return file.path[-1].lower().endswith(".xml")


def _takes_annotations(name: str) -> bool:
    return name.lower().endswith((".json", ".xml"))


def _find(request: Request) -> str | None:
    look = request.look() if request.annotations is None else look_at(request.annotations)
    return _find_json(look) or _find_xml(look)


def _find_json(look: Look) -> str | None:
    for path in islice(look.iter_few(".json"), _LOOKED_AT):
        if _SHAPES.search(first_bytes(look.place(path))):
            return f"{format_path(path)} is a json of LabelMe"
    return None


def _find_xml(look: Look) -> str | None:
    for path in islice(look.iter_few(".xml"), _LOOKED_AT):
        if _is_web(peek_xml(look.place(path))):
            return f"{format_path(path)} is an xml of LabelMe's web tool"
    return None


def _is_web(root: Element | None) -> bool:
    """Pascal VOC's has the same root."""
    if root is None or root.name != "annotation":
        return False
    signs = (("imagesize",), ("object", "polygon", "pt"), ("object", "segm"))
    return any(root.find(*sign) is not None for sign in signs)


def _find_annotations(request: Request) -> FolderPath | None:
    return request.annotations


LABELME: Final = Format("labelme", is_image_name, read_labelme, _find, _find_annotations, _takes_annotations)
