"""Reads a folder of images with Open Images' csv tables."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path as FolderPath
from typing import Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.disk.annotation_files import AnnotationFile, AnnotationFiles
from dvcore.formats.disk.source_folder import count_files
from dvcore.formats.disk.split_folders import published_splits, with_splits
from dvcore.formats.disk.walking import Walk, drop_collisions
from dvcore.formats.openimages.classes import Classes
from dvcore.formats.openimages.image_labels import ImageLabels
from dvcore.formats.openimages.images import FilesById, is_mask_folder
from dvcore.formats.openimages.instances import Instances
from dvcore.formats.openimages.masks import WaitingMasks
from dvcore.formats.openimages.rows import lost_columns, read_finite
from dvcore.formats.openimages.tables import Row, Table, find_table_of, iter_rows
from dvcore.formats.reader.contents import Contents, Format
from dvcore.formats.reader.request import Request
from dvcore.formats.stated.annotations import StatedAnnotations
from dvcore.formats.stated.by_image import StatedMap
from dvcore.formats.stated.splits import SPLIT_FOLDERS, SPLIT_VARIABLE, split_declarations
from dvcore.formats.wording import format_count, format_place
from dvcore.image.names import is_image_name
from dvcore.model.names import Path
from dvcore.model.values import check_value

_SUFFIX: Final = ".csv"
_LOOKED_THROUGH: Final = frozenset({"images", "data"})
_TELLING: Final = frozenset(Table) - {Table.CLASSES}
_SAMPLE: Final = 50
"""Tables that are opened to see whether one is Open Images'."""
_MAX_FAULTS: Final = 10_000

ReadRow = Callable[[str, Path, Row], None]


def read_open_images(request: Request, found: Walk) -> Contents:
    """The images of a folder, with what the tables say of those that are there."""
    folders, collisions = drop_collisions([one for one in found.folders if not is_mask_folder(one)])
    masks = [one for one in found.folders if is_mask_folder(one)]
    tables, stated = AnnotationFiles(found.annotations), StatedMap(request.scratch)
    with ExitStack() as stack:
        files = stack.enter_context(FilesById(folders, masks, request.scratch))
        waiting = stack.enter_context(WaitingMasks(request.scratch))
        image_labels = stack.enter_context(ImageLabels(request.scratch))
        left_out: list[Fault] = []
        instances = Instances(files, waiting, stated, Classes(), left_out)
        splits = published_splits(folders, _LOOKED_THROUGH)
        reading = _Reading(tables, files, stated, instances, image_labels, splits, left_out)
        reading.read()
        as_listed = tables.are_as_listed and files.masks_are_as_listed
    labels, class_notes = instances.classes.declarations()
    return Contents(
        folders=with_splits(folders, splits, _LOOKED_THROUGH),
        annotations=stated,
        faults=(*found.faults, *collisions, *reading.faults),
        left_out=tuple(left_out),
        passed_over=found.passed_over + reading.passed_over,
        variables=(*split_declarations(reading.all_splits), *image_labels.declarations()),
        labels=labels,
        notes=(*found.notes, *class_notes, *reading.notes(count_files(folders), count_files(masks))),
        are_as_listed=as_listed,
    )


@dataclass(slots=True)
class _Reading:
    """Reads the tables, one kind after the other, row by row; `splits` are those that folders are."""

    tables: AnnotationFiles
    files: FilesById
    stated: StatedMap
    instances: Instances
    image_labels: ImageLabels
    splits: tuple[str, ...]
    left_out: list[Fault]
    faults: list[Fault] = field(default_factory=list)
    passed_over: int = 0
    subsets: set[str] = field(default_factory=set)
    absent: Counter[str] = field(default_factory=Counter)
    annotated: int = 0

    def read(self) -> None:
        """Read all tables: masks before the boxes that they are of, and what makes an image annotated before what does
        not."""
        kinds = {file: find_table_of(FolderPath(file.place)) for file in self.tables}
        readers: dict[Table, ReadRow] = {
            Table.MASKS: self.instances.read_mask,
            Table.BOXES: self.instances.read_box,
            Table.IMAGES: self._read_image,
            Table.IMAGE_LABELS: self._read_image_label,
        }
        self.passed_over = sum(kind not in readers and kind is not Table.CLASSES for kind in kinds.values())
        for file in (file for file, kind in kinds.items() if kind is Table.CLASSES):
            self._read_table(file, self._read_class, may_be_short=True)
        for table, read in readers.items():
            for file in (file for file, kind in kinds.items() if kind is table):
                self._read_table(file, partial(self._read_row, read), may_be_short=table is Table.IMAGES)
            if table is Table.BOXES:
                self._read_rest()
        for image, variable, text in self.image_labels.iter_texts():
            self._give(image, variable, text)

    @property
    def all_splits(self) -> tuple[str, ...]:
        """Those of folders, or those that tables of images give."""
        known = tuple(name for name in SPLIT_FOLDERS if name in self.subsets)
        return self.splits or (*known, *sorted(self.subsets.difference(known)))

    def notes(self, images: int, masks: int) -> Iterator[str]:
        """What people should know."""
        for where, count in sorted(self.absent.items()):
            yield f"{where}: {format_count(count, 'row')} of images that are not there"
        if self.instances.lost:
            yield f"not kept: {', '.join(f'{name} ({count})' for name, count in sorted(self.instances.lost.items()))}"
        if self.instances.classes.undescribed:
            yield f"classes that nothing describes are called like their ids: {len(self.instances.classes.undescribed)}"
        if masks > self.instances.masks:
            yield f"no row is about {format_count(masks - self.instances.masks, 'mask')}"
        if images > self.annotated:
            yield f"unannotated, as no box or mask is of them: {format_count(images - self.annotated, 'image')}"

    def _read_table(
        self, file: AnnotationFile, read: Callable[[str, Row], None], *, may_be_short: bool = False
    ) -> None:
        try:
            with self.tables.opened(file) as opened:
                for number, row in iter_rows(opened, may_be_short=may_be_short):
                    self._guarded(f"{file.where}: line {number}", row, read)
        except InvalidInputError as error:
            self.faults.append(Fault(file.where, error.message))

    def _read_rest(self) -> None:
        for mask in self.instances.iter_rest():
            self._guarded(mask.where, mask.row, partial(self._read_row, self.instances.read_rest))
        self.annotated = len(self.stated)

    def _guarded(self, where: str, row: Row | InvalidInputError, read: Callable[[str, Row], None]) -> None:
        """Read a row; one that is wrong is left out and named."""
        try:
            if isinstance(row, InvalidInputError):
                raise row
            read(where, row)
        except InvalidInputError as error:
            self.left_out.append(Fault(where, error.message))
            if len(self.left_out) > _MAX_FAULTS:
                raise InvalidInputError(f"holds one of more than {_MAX_FAULTS:,} faulty rows") from None

    def _read_row(self, read: ReadRow, where: str, row: Row) -> None:
        """Read a row of an image that is there; others are counted, as most people have a part of the images."""
        image = self.files.find_image(row["ImageID"])
        if image is None:
            self.absent[where.rpartition(": line ")[0]] += 1
        else:
            read(where, image, row)

    def _read_class(self, _: str, row: Row) -> None:
        self.instances.classes.describe(row["LabelName"], row["DisplayName"])

    def _read_image(self, _: str, image: Path, row: Row) -> None:
        self.instances.lost.update(f"{column} of images" for column in lost_columns(row, {"ImageID", "Subset"}))
        subset = row["Subset"].strip()
        if subset and not self.splits:
            check_value(subset)
            self.subsets.add(subset)
            self._give(image, SPLIT_VARIABLE, subset)

    def _read_image_label(self, _: str, image: Path, row: Row) -> None:
        confidence = read_finite(row, "Confidence")
        if confidence in (0, 1):
            label = self.instances.classes.name_of(row["LabelName"])
            self.image_labels.add(image, label, is_present=confidence == 1)
        else:
            self.instances.lost["image-level labels that are not sure"] += 1

    def _give(self, image: Path, name: str, value: str) -> None:
        if image not in self.stated:
            self.stated.put(image, StatedAnnotations("", None, (), is_annotated=False))
        self.stated.give(image, name, value)


def _find(request: Request) -> str | None:
    """A csv with the columns of one of Open Images' tables."""
    look = request.look()
    for path in islice(look.iter_files(_SUFFIX), _SAMPLE):
        if find_table_of(look.place(path)) in _TELLING:
            return f"{format_place(look.place(path).relative_to(look.root))} has the columns of Open Images"
    return None


def _is_table_name(name: str) -> bool:
    return name.lower().endswith(_SUFFIX)


OPEN_IMAGES = Format("openimages", is_image_name, read_open_images, _find, takes_annotations=_is_table_name)
