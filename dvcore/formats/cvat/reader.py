"""Reads a folder of images with a CVAT xml. The xml is read image by image, so it may be of any size."""

from pathlib import Path as FolderPath
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.formats.cvat.images import Images
from dvcore.formats.disk.pairing import Pairing
from dvcore.formats.disk.peeking import peek_xml
from dvcore.formats.disk.source_folder import count_files
from dvcore.formats.disk.walking import Walk, drop_collisions
from dvcore.formats.reader.contents import Contents, Format
from dvcore.formats.reader.request import Request
from dvcore.formats.reader.single_document import find_single_document, opened_document, path_under
from dvcore.formats.stated.by_image import StatedMap
from dvcore.formats.stated.findings import Findings
from dvcore.formats.texts.plain_text import shown
from dvcore.formats.texts.xml_files import Element, iter_children, pieces_of
from dvcore.formats.wording import format_place
from dvcore.image.names import is_image_name
from dvcore.model.names import Path, normalize_name


def read_cvat(request: Request, found: Walk) -> Contents:
    """The images of a folder, those that the xml lists with what it says of them.

    Raises NotFoundError where the xml is missing, InvalidInputError where it is none of CVAT's for images.
    """
    place = find_document(request)
    if place is None:
        raise InvalidInputError(
            f"{format_place(request.source)!r} has no xml of CVAT's", hint="name one with --annotations"
        )
    folders, collisions = drop_collisions(found.folders)
    findings = Findings(StatedMap(request.scratch), faults=[*found.faults, *collisions])
    with Pairing(folders, request.scratch) as pairing:
        images = Images(format_place(place.name), _base(place, request.source), pairing, findings)
        state = _read_document(place, images)
        kept = pairing.kept()
        unannotated = findings.count_unannotated(count_files(kept), pairing.iter_refused())
    return Contents(
        folders=kept,
        annotations=findings.stated,
        faults=tuple(findings.faults),
        left_out=tuple(findings.left_out),
        refused_instances=findings.refused,
        passed_over=found.passed_over - (path_under(request.source, place) is not None),
        variables=images.variables,
        labels=images.labels,
        notes=(*found.notes, *images.notes(unannotated)),
        annotation_state=state,
    )


def _base(place: FolderPath, source: FolderPath) -> Path:
    """The folder of the xml under the source; the source itself where it lies elsewhere."""
    try:
        return tuple(map(normalize_name, (path_under(source, place) or ())[:-1]))
    except InvalidInputError:
        return ()


def _read_document(place: FolderPath, images: Images) -> bytes:
    """Read all of it; the state that the file was in."""
    with opened_document(place) as (file, state):
        for root, child in iter_children(pieces_of(file)):
            _check_root(root)
            if child is not None:
                images.take(child)
    return state


def _check_root(root: Element) -> None:
    if root.name != "annotations":
        raise InvalidInputError(f"is no xml of CVAT's: its root is {shown(root.name)}")


def find_document(request: Request) -> FolderPath | None:
    """The annotation file. Raises InvalidInputError where there are several, naming them."""
    return find_single_document(request, ".xml", _is_document)


def _is_document(place: FolderPath) -> bool:
    root = peek_xml(place)
    return root is not None and root.name == "annotations" and any(root.find(name) for name in ("meta", "image"))


def _find(request: Request) -> str | None:
    place = find_document(request)
    if place is None or not _is_document(place):
        return None
    return f"{format_place(place.name)} is an xml of CVAT's"


CVAT: Final = Format("cvat", is_image_name, read_cvat, _find, find_document)
