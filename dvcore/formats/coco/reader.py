"""Reads a source of images with its COCO json files."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path as FolderPath
from typing import Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.coco.annotations import CAPTION, DocumentReader
from dvcore.formats.coco.categories import Categories, merge_labels
from dvcore.formats.coco.documents import DocumentFile, find_documents, is_document_name, read_documents
from dvcore.formats.coco.gathering import Gathering
from dvcore.formats.coco.listing import Listing, image_folders
from dvcore.formats.coco.naming import Kind
from dvcore.formats.coco.sections import ANNOTATIONS, IMAGES, Sections, read_sections
from dvcore.formats.disk.annotation_files import AnnotationFiles
from dvcore.formats.disk.source_folder import SourceFolder, count_files, without_paths
from dvcore.formats.disk.split_folders import published_splits, with_splits
from dvcore.formats.disk.walking import Walk, drop_collisions
from dvcore.formats.reader.contents import Contents, Format
from dvcore.formats.reader.request import Request
from dvcore.formats.stated.splits import SPLIT_VARIABLE, split_declarations
from dvcore.formats.wording import format_count, format_place
from dvcore.image.names import is_image_name
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.names import Path
from dvcore.model.values import ValueType
from dvcore.model.variable_names import check_variable_name

_IMAGE_FOLDERS: Final = ("images",)
"""Looked through for folders that are splits."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A file that was read."""

    reader: DocumentReader
    sections: Sections


def read_coco(request: Request, found: Walk) -> Contents:
    """The images of a source, those that its COCO files list with what they say of them.

    Raises NotFoundError where a file is missing, InvalidInputError where it is none of COCO's.
    """
    jsons = AnnotationFiles(found.annotations)
    documents = read_documents(request, jsons)
    if not documents:
        raise InvalidInputError(
            f"{format_place(request.source)!r} has no COCO json, nor has its annotations/",
            hint="name one with --annotations",
        )
    images, collisions = drop_collisions(found.folders)
    gathering = Gathering(request.scratch, documents)
    paths = {path for folder in images for path in folder.iter_paths()}
    folders = list(dict.fromkeys(folder.path for folder in images))
    listings = [Listing(one.where, image_folders(one, folders), paths) for one in documents]
    read = [_read(*one, gathering, request.variable) for one in zip(documents, listings, strict=True)]
    gathering.finish()
    images, masks = _without_masks(images, read)
    refused = gathering.refused.union(*(one.reader.listing.refused_paths for one in read))
    kept = without_paths(images, refused)
    splits = published_splits(kept, _IMAGE_FOLDERS)
    states = {file.state for file in jsons}
    used = sum(one.sections.state in states for one in read)
    return Contents(
        folders=with_splits(kept, splits, _IMAGE_FOLDERS),
        annotations=gathering.stated,
        faults=(*found.faults, *collisions, *_faults(read), *gathering.faults),
        left_out=tuple(fault for one in read for fault in one.reader.left_out),
        refused_instances=sum(one.reader.refused for one in read),
        repeated_instances=gathering.repeated,
        passed_over=found.passed_over + len(jsons) - used + _unread(masks, read),
        variables=_variables(request.variable, splits, read, gathering),
        labels=merge_labels(one.reader.categories for one in read if one.reader.has_labels),
        are_as_listed=_are_as_listed(request, read, states, masks),
        annotation_state=_named_state(request, read),
        notes=(*found.notes, *_notes(read, gathering, count_files(images))),
    )


def _read(document: DocumentFile, listing: Listing, gathering: Gathering, variable: str) -> _Read:
    reader = DocumentReader(document, listing, Categories(document.where), gathering, variable)
    sections = read_sections(document, reader)
    reader.finish(sections)
    return _Read(reader, sections)


def _without_masks(
    images: Sequence[SourceFolder], read: Iterable[_Read]
) -> tuple[list[SourceFolder], list[SourceFolder]]:
    """The images, and the folders of panoptic masks, which are images by their names only."""
    states = {state for one in read for state in one.reader.states}
    of_masks = [folder for folder in images if any(state in states for _, state in folder.iter_states())]
    return [folder for folder in images if folder not in of_masks], of_masks


def _unread(masks: Sequence[SourceFolder], read: Iterable[_Read]) -> int:
    """Files beside the masks that no annotation has named."""
    states = {state for one in read for state in one.reader.states}
    return sum(state not in states for folder in masks for _, state in folder.iter_states())


def _faults(read: Iterable[_Read]) -> Iterator[Fault]:
    for one in read:
        yield from one.reader.listing.faults


def _named_state(request: Request, read: Sequence[_Read]) -> bytes | None:
    """Of the file that was named; a folder of them has none that would show a change in one."""
    return read[0].sections.state if request.annotations is not None and not request.annotations.is_dir() else None


def _are_as_listed(request: Request, read: Sequence[_Read], states: set[bytes], masks: Iterable[SourceFolder]) -> bool:
    """Whether all that was read is what the walk has seen; a file that is named is looked at by whoever asked."""
    seen = states | {state for folder in masks for _, state in folder.iter_states()}
    opened = {state for one in read for state in one.reader.states}
    if request.annotations is None:
        opened |= {one.sections.state for one in read}
    return opened <= seen


def _variables(
    variable: str, splits: Sequence[str], read: Sequence[_Read], gathering: Gathering
) -> tuple[VariableDeclaration, ...]:
    of_labels = [one.reader.categories for one in read if one.reader.document.naming.kind is Kind.LABELS]
    choices = tuple(label.name for label in merge_labels(of_labels))
    labels = gathering.declarations(variable, ValueType.ENUM, choices) if of_labels else []
    if labels and check_variable_name(variable, ()) in (SPLIT_VARIABLE, CAPTION):
        raise InvalidInputError(f"the variable {variable!r} is filled already", hint="give another with --variable")
    captions = gathering.declarations(CAPTION, ValueType.TEXT)
    return (*split_declarations(tuple(dict.fromkeys((*gathering.splits, *splits)))), *labels, *captions)


def _notes(read: Sequence[_Read], gathering: Gathering, files: int) -> Iterator[str]:
    for one in read:
        yield from _document_notes(one.reader, one.sections)
    unlisted = files - len(set[Path]().union(*(one.reader.listing.claimed for one in read)))
    if unlisted:
        lister = f"{read[0].reader.document.where} does not list them" if len(read) == 1 else "no COCO file lists them"
        yield f"unannotated, as {lister}: {format_count(unlisted, 'image')}"
    if gathering.repeated:
        yield f"in two files with one id and label, taken once: {format_count(gathering.repeated, 'instance')}"
    if lost := +gathering.lost:
        said = ", ".join(f"{what} ({count})" for what, count in sorted(lost.items()))
        yield f"not kept of the second of two instances with one id and label: {said}"


def _document_notes(reader: DocumentReader, sections: Sections) -> Iterator[str]:
    where, counts = reader.document.where, sections.counts
    listed = format_count(counts[IMAGES], "image")
    yield f"{where} lists {listed} and {format_count(counts.get(ANNOTATIONS, 0), 'annotation')}"
    yield from reader.categories.notes
    for what, lost in (
        ("images", reader.listing.lost),
        ("annotations", reader.lost + Counter({"'segmentation' beside keypoints": reader.outlines})),
        ("categories", reader.categories.lost),
    ):
        if lost:
            said = ", ".join(f"{key} ({count})" for key, count in sorted(lost.items()))
            yield f"{where}: not kept of its {what}: {said}"
    if sections.others:
        yield f"{where}: not kept: {', '.join(sections.others)}"


def _find(request: Request) -> str | None:
    documents = find_documents(request)
    if not documents:
        return None
    named = ", ".join(one.where for one in documents)
    return f"{named} {'has' if len(documents) == 1 else 'have'} COCO's lists of images and annotations"


def _find_annotations(request: Request) -> FolderPath | None:
    return request.annotations


COCO = Format("coco", is_image_name, read_coco, _find, _find_annotations, is_document_name)
