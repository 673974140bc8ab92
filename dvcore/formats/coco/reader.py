"""Reads a folder of images with a COCO instances json."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FolderPath
from typing import Any
from unicodedata import normalize

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.coco.attributes import read_attributes
from dvcore.formats.coco.categories import Categories, read_categories
from dvcore.formats.coco.document import (
    Document,
    find_document,
    find_key,
    format_value,
    open_document,
    take_key,
    take_object,
)
from dvcore.formats.coco.listing import Listing, match_images
from dvcore.formats.coco.shapes import read_shape
from dvcore.formats.contents import Contents, Format
from dvcore.formats.source import (
    Request,
    StatedAnnotations,
    StatedInstance,
    format_count,
    format_place,
)
from dvcore.formats.source_folder import SourceFolder, count_files
from dvcore.formats.splits import published_splits, split_declarations, with_splits
from dvcore.formats.stated_map import StatedMap
from dvcore.formats.walking import Walk, drop_collisions
from dvcore.image.names import is_image_name
from dvcore.model.annotations import Entered
from dvcore.model.names import Path


def read_coco(request: Request, found: Walk) -> Contents:
    """The images of a folder, those that the json lists with what it says of them.

    Raises NotFoundError where the json is missing, InvalidInputError where it is none of COCO's.
    """
    place = find_document(request)
    if place is None:
        raise InvalidInputError(
            f"{format_place(request.source)!r} has no COCO json, nor has its annotations/",
            hint="name one with --annotations",
        )
    document = open_document(place)
    folders, collisions = drop_collisions(found.folders)
    splits = published_splits(folders)
    listing = match_images(document, {path for folder in folders for path in folder.iter_paths()})
    categories = read_categories(document.name, document.categories)
    instances = _read_annotations(document, listing, categories)
    return Contents(
        folders=_without_refused(with_splits(folders, splits), listing),
        annotations=_stated(request.scratch, listing, instances.by_image),
        faults=(*found.faults, *collisions, *listing.faults),
        left_out=(*categories.left_out, *instances.left_out),
        passed_over=found.passed_over - _is_under(place, request.source),
        variables=split_declarations(splits),
        labels=categories.labels,
        annotation_state=document.state,
        notes=(*found.notes, *_notes(document, listing, categories, instances, count_files(folders))),
    )


@dataclass(slots=True)
class _Instances:
    """Instances by the id of their image. `lost` counts keys that are not kept."""

    by_image: dict[str, list[StatedInstance]] = field(default_factory=dict)
    left_out: list[Fault] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)


def _read_annotations(document: Document, listing: Listing, categories: Categories) -> _Instances:
    result = _Instances()
    seen: set[str] = set()
    for index, item in enumerate(document.annotations):
        where = f"{document.name}: annotations[{index}]"
        try:
            fields = take_object(item)
            source = find_key(fields, "id")
            where = where if source is None else f"{document.name}: annotation {format_value(source)[1:-1]}"
            image = take_key(fields, "image_id")
            if image in listing.refused:  # a fault of its file, which is named already
                continue
            _check_references(source, image, seen, listing)
            entered = _entered(fields, source, categories, result.lost)
        except InvalidInputError as error:
            result.left_out.append(Fault(where, error.message))
            continue
        result.by_image.setdefault(image, []).append(StatedInstance(where, entered))
    return result


def _check_references(source: str | None, image: str, seen: set[str], listing: Listing) -> None:
    if source in seen:
        raise InvalidInputError("has the id of an annotation before it")
    if source is not None:
        seen.add(source)
    if image not in listing.images:
        raise InvalidInputError(f"has the unknown image_id {format_value(image)[1:-1]}")


def _entered(fields: Mapping[str, Any], source: str | None, categories: Categories, lost: Counter[str]) -> Entered:
    label = categories.label_of(take_key(fields, "category_id"))
    geometry, box = read_shape(fields)
    name = None if source is None else normalize("NFC", source)
    return Entered(label, geometry, box, name, read_attributes(fields, lost))


def _without_refused(folders: Iterable[SourceFolder], listing: Listing) -> list[SourceFolder]:
    """All files but those that only refused entries mean."""
    refused: dict[Path, set[str]] = {}
    for path in listing.claimed - {image.path for image in listing.images.values()}:
        refused.setdefault(path[:-1], set()).add(path[-1])
    return [folder.without(refused.get(folder.path, ())) for folder in folders]


def _stated(scratch: FolderPath | None, listing: Listing, instances: Mapping[str, list[StatedInstance]]) -> StatedMap:
    stated = StatedMap(scratch)
    for image in listing.images.values():
        stated.put(image.path, StatedAnnotations(image.where, image.size, tuple(instances.get(image.key, ()))))
    return stated


def _notes(
    document: Document, listing: Listing, categories: Categories, instances: _Instances, files: int
) -> Iterable[str]:
    images, annotations = len(document.images), len(document.annotations)
    yield f"{document.name} lists {format_count(images, 'image')} and {format_count(annotations, 'annotation')}"
    yield from categories.notes
    unlisted = files - len(listing.claimed)
    if unlisted:
        yield f"unannotated, as {document.name} does not list them: {format_count(unlisted, 'image')}"
    for what, lost in (("images", listing.lost), ("annotations", instances.lost), ("categories", categories.lost)):
        if lost:
            counts = ", ".join(f"{key} ({count})" for key, count in sorted(lost.items()))
            yield f"{document.name}: not kept of its {what}: {counts}"
    if document.other_sections:
        yield f"{document.name}: not kept: {', '.join(document.other_sections)}"


def _is_under(place: FolderPath, folder: FolderPath) -> bool:
    """Whether the walk has passed over the annotation file, which was meant after all."""
    return place.parent in (folder, folder / "annotations")


def _find(request: Request) -> str | None:
    if request.annotations is not None:
        return "an annotation file was named"
    place = find_document(request)
    return None if place is None else f"{format_place(place.name)} holds images, annotations and categories"


COCO = Format("coco", is_image_name, read_coco, _find, find_document)
