"""Reads a folder of images with YOLO label files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.formats.disk.annotation_files import AnnotationFile, AnnotationFiles
from dvcore.formats.disk.looking import Look
from dvcore.formats.disk.pairing import Pairing
from dvcore.formats.disk.source_folder import count_files
from dvcore.formats.disk.split_folders import published_splits, with_splits
from dvcore.formats.disk.walking import Walk, drop_collisions
from dvcore.formats.reader.contents import Contents, Format
from dvcore.formats.reader.label_files import find_first_columns, iter_first_columns, read_label_file
from dvcore.formats.reader.per_image import FileParse, read_per_image
from dvcore.formats.reader.request import Request
from dvcore.formats.stated.annotations import StatedAnnotations
from dvcore.formats.stated.by_image import StatedMap
from dvcore.formats.stated.findings import Findings
from dvcore.formats.stated.splits import split_declarations
from dvcore.formats.wording import format_count, format_place
from dvcore.formats.yolo.classes import Classes
from dvcore.formats.yolo.description import Description, describes, find_description, is_description, read_named
from dvcore.formats.yolo.layout import LAYOUT, LOOKED_THROUGH
from dvcore.formats.yolo.rows import Rows, looks_like_row
from dvcore.formats.yolo.split_lists import read_splits
from dvcore.image.names import is_image_name
from dvcore.model.names import Path, format_path

_LABEL_SUFFIX: Final = ".txt"
_LOOKED_AT: Final = 16
"""Empty label files and descriptions that are looked for."""


def read_yolo(request: Request, found: Walk) -> Contents:
    """The images of a folder, those that have a label file with what it says of them.

    Raises NotFoundError where the description that was named is missing, InvalidInputError where it is none, or where
    the source has several.
    """
    folders, collisions = drop_collisions(found.folders)
    files = AnnotationFiles(found.annotations)
    described = find_description(files) if request.annotations is None else read_named(request.annotations)
    config = described.config
    rows = Rows(Classes(described.where, config.names, config.keypoint_names), config.task, config.keypoints)
    stated = StatedMap(request.scratch)
    findings = Findings(stated)
    with Pairing(folders, request.scratch) as pairing:
        lists = read_splits(described, folders, files, pairing, stated)
        labels = _Labels(files, pairing, rows, described.used | lists.used)
        read_per_image(labels, labels.parse, LAYOUT, pairing, findings)
        if rows.has_corners:
            labels.mark_corners(stated)
        kept = pairing.kept()
        unlabelled = findings.count_unannotated(count_files(kept), pairing.iter_refused())
    labels_found = rows.classes.declarations()
    splits = lists.splits or published_splits(kept, LOOKED_THROUGH)
    return Contents(
        folders=lists.with_splits(kept) if lists.splits else with_splits(kept, splits, LOOKED_THROUGH),
        annotations=stated,
        faults=(*found.faults, *collisions, *lists.faults, *findings.faults),
        left_out=(*rows.classes.left_out, *findings.left_out),
        refused_instances=findings.refused,
        passed_over=found.passed_over + len(findings.foreign),
        variables=split_declarations(splits),
        labels=labels_found,
        notes=(
            *found.notes,
            *_notes(described, rows, unlabelled),
            *lists.notes(),
            *findings.loss_notes,
        ),
        are_as_listed=files.are_as_listed,
        annotation_state=described.state,
    )


@dataclass(frozen=True, slots=True)
class _Labels:
    """The label files: all text files but those that are `used` for something else."""

    files: AnnotationFiles
    pairing: Pairing
    rows: Rows
    used: frozenset[Path]

    def __iter__(self) -> Iterator[AnnotationFile]:
        return (file for file in self.files if file.path not in self.used and not is_description(file.path[-1]))

    def parse(self, file: AnnotationFile) -> FileParse | None:
        """What a file says; None for a text that is about no image and says nothing.

        Raises InvalidInputError where the label file of an image cannot be read.
        """
        try:
            instances, faults = read_label_file(self.files, file, self.rows.parse)
        except InvalidInputError:
            if self._image_of(file) is None:
                return None
            raise
        if not instances and self._image_of(file) is None:
            return None
        return FileParse((), StatedAnnotations(file.where, None, instances, is_normalized=True), tuple(faults))

    def mark_corners(self, stated: StatedMap) -> None:
        """Only after the last file is it clear that all outlines are corners."""
        for file in self:
            image = self._image_of(file)
            listed = None if image is None else stated.get(image)
            if image is not None and listed is not None:
                stated.put(image, replace(listed, has_corners=True))

    def _image_of(self, file: AnnotationFile) -> Path | None:
        return self.pairing.find_image(file.path, LAYOUT.folders(file.path))


def _notes(described: Description, rows: Rows, unlabelled: int) -> Iterator[str]:
    config = described.config
    if config.names is None:
        yield "no names of classes are there: labels are their indices"
    yield from (f"{described.where} {note}" for note in config.notes)
    yield from rows.classes.notes
    if config.lost:
        yield f"{described.where}: not kept: {', '.join(config.lost)}"
    if rows.has_corners and config.task is None:
        yield "every line has nine columns: taken as corners of rotated boxes ('task: segment' in data.yaml: outlines)"
    if unlabelled:
        yield f"unannotated, as they have no label file: {format_count(unlabelled, 'image')}"


def _takes_annotations(name: str) -> bool:
    return name.lower().endswith(_LABEL_SUFFIX) or is_description(name)


def _find(request: Request) -> str | None:
    """Label files of images, the first of which hold rows and nothing else; label files that are empty, where there is
    a description; or a description that was named."""
    if request.annotations is not None:
        named = request.annotations.name
        return f"{format_place(named)} describes a YOLO data set" if is_description(named) else None
    look = request.look()
    paired = list(look.iter_paired(_LABEL_SUFFIX, LAYOUT.folders))
    first_lines = list(iter_first_columns(map(look.place, paired)))
    if not all(looks_like_row(columns) for _, columns in first_lines):
        return None
    if first_lines:
        return f"{format_place(first_lines[0][0].relative_to(look.root))} holds YOLO rows"
    return _find_described(look, paired[:_LOOKED_AT])


def _find_described(look: Look, paired: Sequence[Path]) -> str | None:
    """A label file that is empty, and a description: a data set of images that show nothing."""
    empty = next((path for path in paired if find_first_columns(look.place(path)) == []), None)
    named = islice((path for path in look.iter_files("") if is_description(path[-1])), _LOOKED_AT)
    described = next((path for path in named if describes(look.place(path))), None) if empty else None
    if empty is None or described is None:
        return None
    return f"{format_path(empty)} is empty, and the source has {format_path(described)}"


YOLO = Format("yolo", is_image_name, read_yolo, _find, lambda request: request.annotations, _takes_annotations)
