"""Reads record files twice: for what they say of their images, and when the import asks for these."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path as FolderPath
from typing import Final

from dvcore.errors import CorruptError, Fault, InvalidInputError
from dvcore.formats.disk.annotation_files import AnnotationFile, AnnotationFiles
from dvcore.formats.disk.peeking import first_bytes
from dvcore.formats.disk.source_files import SourceFile
from dvcore.formats.disk.walking import Walk
from dvcore.formats.reader.contents import Contents, EmbeddedFiles, Format
from dvcore.formats.reader.request import Request
from dvcore.formats.stated.annotations import StatedAnnotations
from dvcore.formats.stated.by_image import StatedMap
from dvcore.formats.stated.splits import SPLIT_FOLDERS, SPLIT_VARIABLE, split_declarations
from dvcore.formats.texts.plain_text import decode_text
from dvcore.formats.tfdetection.label_map import LabelMap, parse_label_map
from dvcore.formats.tfdetection.labels import Labels
from dvcore.formats.tfdetection.naming import image_path, is_record_name, record_base, split_of
from dvcore.formats.tfdetection.objects import read_objects
from dvcore.formats.wording import format_place
from dvcore.model.names import Path, format_path
from dvcore.tfrecord.example import BytesList, Feature, Int64List
from dvcore.tfrecord.parsing import parse_example
from dvcore.tfrecord.records import begins_with_record, iter_records

_LABEL_MAP: Final = ".pbtxt"
_GZIP: Final = b"\x1f\x8b"
_MAX_RECORD_BYTES: Final = 256 << 20
"""A record is held whole, with its image."""
_LOOKED_AT: Final = 128
"""Files that are opened to see whether they hold records."""


def read_tf_detection(request: Request, found: Walk) -> Contents:
    """The images of all records, with what is said of them.

    Raises InvalidInputError where a label map is none, or two differ.
    """
    files, labels = AnnotationFiles(found.folders), Labels(_label_map(AnnotationFiles(found.annotations)))
    reading = _Reading(files, StatedMap(request.scratch), labels, _splits(files))
    reading.read()
    return Contents(
        folders=(),
        embedded=EmbeddedFiles(len(reading.stated), reading.iter_images),
        annotations=reading.stated,
        faults=(*found.faults, *reading.faults),
        left_out=tuple(reading.left_out),
        refused_instances=reading.refused_instances,
        passed_over=found.passed_over,
        variables=split_declarations(reading.splits),
        labels=reading.labels.declarations(),
        notes=(*found.notes, *reading.notes()),
    )


@dataclass(slots=True)
class _Reading:
    files: AnnotationFiles
    stated: StatedMap
    labels: Labels
    splits: tuple[str, ...]
    faults: list[Fault] = field(default_factory=list)
    left_out: list[Fault] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    refused_instances: int = 0
    lost: Counter[str] = field(default_factory=Counter)

    def read(self) -> None:
        """Put what the records say of their images; name those that cannot be used."""
        for file in self.files:
            try:
                _check_unpacked(file)
                for where, number, record in self._iter_records(file):
                    self._read(file, where, number, record)
            except (CorruptError, InvalidInputError) as error:
                self.faults.append(Fault(file.where, error.message))

    def iter_images(self) -> Iterator[tuple[SourceFile, bytes]]:
        """The images, one at a time. A file that is damaged ends where it is: `read` has named it."""
        for file in self.files:
            try:
                for where, number, record in self._iter_records(file):
                    if where not in self.refused:
                        yield self._image(file, where, number, record)
            except (CorruptError, InvalidInputError):
                if file.where not in {fault.where for fault in self.faults}:
                    raise InvalidInputError(f"{file.where} was changed while it was read") from None

    def notes(self) -> Iterator[str]:
        """What people should know."""
        if self.lost:
            yield f"not kept: {', '.join(f'{key} ({count})' for key, count in sorted(self.lost.items()))}"
        if self.labels.disagreeing:
            yield f"name and number of a class disagree, the name counts: {self.labels.disagreeing} times"

    def _iter_records(self, file: AnnotationFile) -> Iterator[tuple[str, int, bytes]]:
        with self.files.opened(file) as opened:
            for number, record in enumerate(iter_records(opened, "the file", _MAX_RECORD_BYTES)):
                yield f"{file.where}: record {number}", number, record

    def _read(self, file: AnnotationFile, where: str, number: int, record: bytes) -> None:
        try:
            features = parse_example(record)
            _encoded(features)
            path = self._path(file, features, number)
            objects = read_objects(features, where, self.labels, self.lost)
        except (CorruptError, InvalidInputError) as error:
            self._refuse(where, error.message)
            return
        if path in self.stated:
            self._refuse(where, f"has the image {format_path(path)}, as a record before it")
            self.refused_instances += len(objects.instances) + len(objects.left_out)
            return
        self.left_out.extend(objects.left_out)
        self.stated.put(
            path,
            StatedAnnotations(
                where,
                _size(features),
                objects.instances,
                self._variables(file),
                is_annotated=objects.is_annotated,
                is_normalized=True,
            ),
        )

    def _image(self, file: AnnotationFile, where: str, number: int, record: bytes) -> tuple[SourceFile, bytes]:
        features = parse_example(record)
        path, data = self._path(file, features, number), _encoded(features)
        return SourceFile(path, where, len(data)), data

    def _refuse(self, where: str, reason: str) -> None:
        self.refused.add(where)
        self.faults.append(Fault(where, reason))

    def _variables(self, file: AnnotationFile) -> dict[str, str]:
        split = split_of(record_base(file.path[-1]))
        return {SPLIT_VARIABLE: split} if split in self.splits and split else {}

    def _path(self, file: AnnotationFile, features: dict[str, Feature], number: int) -> Path:
        """Data sets often call their images alike: each has a directory of its own."""
        return (*file.path[:-1], record_base(file.path[-1]), *image_path(features, number))


def _splits(files: AnnotationFiles) -> tuple[str, ...]:
    """The published splits, if all data sets are named like one and there are two or more."""
    found = {split_of(record_base(file.path[-1])) for file in files}
    return () if None in found or len(found) < 2 else tuple(name for name in SPLIT_FOLDERS if name in found)


def _encoded(features: dict[str, Feature]) -> bytes:
    match features.get("image/encoded"):
        case BytesList((bytes(data),)):
            return data
        case _:
            raise InvalidInputError("has no image/encoded")


def _size(features: dict[str, Feature]) -> tuple[int, int] | None:
    match features.get("image/width"), features.get("image/height"):
        case Int64List((int(width),)), Int64List((int(height),)) if width > 0 and height > 0:
            return width, height
        case _:
            return None


def _label_map(files: AnnotationFiles) -> LabelMap:
    """The one label map of the source; several are fine if they say the same."""
    found: dict[str, LabelMap] = {}
    for file in files:
        try:
            found[file.where] = parse_label_map(decode_text(files.read(file)))
        except InvalidInputError as error:
            raise InvalidInputError(f"{file.where} {error.message}") from None
    maps = list(found.values())
    if any(one != maps[0] for one in maps):
        raise InvalidInputError(f"there are several label maps: {', '.join(found)}", hint="take away all but one")
    return maps[0] if maps else LabelMap()


def _check_unpacked(file: AnnotationFile) -> None:
    if first_bytes(FolderPath(file.place)).startswith(_GZIP):
        raise InvalidInputError("is compressed with gzip, and has to be unpacked first")


def _find(request: Request) -> str | None:
    """One of the first files that are named like those of records, and begins like one."""
    look = request.look()
    records = (path for path in look.iter_files("") if is_record_name(path[-1]))
    for path in islice(records, _LOOKED_AT):  # a shard may be empty
        begin = first_bytes(look.place(path))
        if begins_with_record(begin) or begin.startswith(_GZIP):
            return f"{format_place(path[-1])} holds TFRecords"
    return None


def _is_label_map(name: str) -> bool:
    return name.lower().endswith(_LABEL_MAP)


TF_DETECTION = Format("tfdetection", is_record_name, read_tf_detection, _find, takes_annotations=_is_label_map)
