"""Reads one COCO json into a gathering: images, categories, and of the annotations whatever each of them is."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from unicodedata import normalize

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.coco.attributes import read_attributes
from dvcore.formats.coco.categories import Categories
from dvcore.formats.coco.documents import DocumentFile
from dvcore.formats.coco.gathering import Gathering
from dvcore.formats.coco.listing import Listing
from dvcore.formats.coco.naming import OF_INSTANCES, Kind
from dvcore.formats.coco.panoptic import SegmentMasks
from dvcore.formats.coco.sections import ANNOTATIONS, Sections
from dvcore.formats.coco.shapes import SHAPES, read_shape
from dvcore.formats.stated.annotations import StatedInstance
from dvcore.formats.texts.json_files import find_key, format_value, take_key, take_list, take_object, take_text
from dvcore.model.annotations import Entered
from dvcore.model.names import Path
from dvcore.model.values import check_value

CAPTION: Final = "caption"


@dataclass(slots=True)
class DocumentReader:
    """Takes the items of one file. `left_out` are annotations that cannot be stored, `refused` counts those of images
    that are named as faults; `lost` counts keys that are not kept, `outlines` those that keypoints stand for. `states`
    are those that masks were in when they were read."""

    document: DocumentFile
    listing: Listing
    categories: Categories
    gathering: Gathering
    variable: str
    left_out: list[Fault] = field(default_factory=list)
    refused: int = 0
    instances: int = 0
    outlines: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    states: list[bytes] = field(default_factory=list)
    _has_begun: bool = False

    def take_image(self, index: int, item: Any) -> None:
        """An entry of `images`."""
        self.listing.add(index, item)

    def take_category(self, index: int, item: Any) -> None:
        """An entry of `categories`."""
        self.categories.add(index, item)

    def take_annotation(self, index: int, item: Any) -> None:
        """An entry of `annotations`."""
        self._begin()
        where = f"{self.document.where}: annotations[{index}]"
        try:
            fields = take_object(item)
            source = find_key(fields, "id")
            if source is not None:
                where = f"{self.document.where}: annotation {format_value(source)[1:-1]}"
            path = self._path_of(fields)
            if path is not None:
                self._check_id(source)
                self._take(where, path, source, fields)
        except InvalidInputError as error:
            self.left_out.append(Fault(where, error.message))

    def finish(self, sections: Sections) -> None:
        """Say what the file says as a whole."""
        self._begin()
        kind = self.document.naming.kind
        if self.instances or (ANNOTATIONS in sections.counts and (kind is None or kind in OF_INSTANCES)):
            self.gathering.annotate(self.listing)

    @property
    def has_labels(self) -> bool:
        """Whether the categories are those of instances."""
        return bool(self.instances) or self.document.naming.kind is not Kind.LABELS

    def _begin(self) -> None:
        """All images were taken, and none of the annotations."""
        if not self._has_begun:
            self._has_begun = True
            self.listing.close()
            self.gathering.list_images(self.document, self.listing)

    def _path_of(self, fields: Mapping[str, Any]) -> Path | None:
        """The image that is meant; None for one that is a fault, and is named already."""
        key = take_key(fields, "image_id")
        image = self.listing.images.get(key)
        if image is not None:
            return image.path
        if key not in self.listing.refused:
            raise InvalidInputError(f"has the unknown image_id {format_value(key)[1:-1]}")
        segments = fields.get("segments_info")
        self.refused += len(segments) if isinstance(segments, list) else not self._is_value(fields)
        return None

    def _is_value(self, fields: Mapping[str, Any]) -> bool:
        """Whether it is a caption or a label of the image as a whole, which is no instance."""
        is_one = CAPTION in fields or self.document.naming.kind is Kind.LABELS
        return is_one and not any(fields.get(key) for key in SHAPES)

    def _check_id(self, source: str | None) -> None:
        if source is not None and not self.gathering.add_id(self.document, source):
            raise InvalidInputError("has the id of an annotation before it")

    def _take(self, where: str, path: Path, source: str | None, fields: Mapping[str, Any]) -> None:
        if "segments_info" in fields:
            self._take_segments(path, fields)
        elif not self._is_value(fields):
            label = self.categories.label_of(take_key(fields, "category_id"))
            geometry, box, has_outline = read_shape(fields, len(label.keypoints))
            self.outlines += has_outline
            self._add(path, where, Entered(label.name, geometry, box, source, read_attributes(fields, self.lost)))
        elif CAPTION in fields:
            self.gathering.give(path, CAPTION, check_value(take_text(fields, CAPTION)))
        else:
            label = self.categories.label_of(take_key(fields, "category_id"))
            self.gathering.give(path, self.variable, label.name)

    def _take_segments(self, path: Path, fields: Mapping[str, Any]) -> None:
        """The segments of a panoptic annotation. Without its mask the image is not told of rightly."""
        segments = take_list(fields, "segments_info")
        file_name = fields.get("file_name")
        try:
            masks = SegmentMasks(self.document.masks, take_text(fields, "file_name"))
        except InvalidInputError as error:
            where = f"{self.document.where}: the mask {format_value(file_name)}"
            self.gathering.refuse(path, Fault(where, error.message))
            self.refused += len(segments)
            return
        self.states.append(masks.state)
        for index, item in enumerate(segments):
            self._take_segment(f"{self.document.where}: {masks.place.name}, segment {index}", path, masks, item)

    def _take_segment(self, where: str, path: Path, masks: SegmentMasks, item: object) -> None:
        try:
            segment = take_object(item)
            key, category = _take_colour(segment), take_key(segment, "category_id")
            label = self.categories.label_of(category)
            self._check_id("/".join((*path, key)))
            attributes = read_attributes(segment, self.lost)
            if category in self.categories.things:
                attributes["isthing"] = self.categories.things[category]
            self._add(path, where, Entered(label.name, masks.mask(int(key)), None, key, attributes))
        except InvalidInputError as error:
            self.left_out.append(Fault(where, error.message))

    def _add(self, path: Path, where: str, entered: Entered) -> None:
        self.instances += 1
        if entered.source is not None and not entered.source.isascii():
            entered = replace(entered, source=normalize("NFC", entered.source))
        self.gathering.add(path, StatedInstance(where, entered))


def _take_colour(segment: Mapping[str, Any]) -> str:
    key = take_key(segment, "id")
    if not (key.isascii() and key.isdecimal()):
        raise InvalidInputError(f"has {format_value(key)} as its id, which is no colour")
    return key
