"""Reads a folder of images with KITTI label files."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.formats.disk.annotation_files import AnnotationFile, AnnotationFiles
from dvcore.formats.disk.pairing import Pairing
from dvcore.formats.disk.source_folder import count_files
from dvcore.formats.disk.split_folders import published_splits, with_splits
from dvcore.formats.disk.walking import Walk, drop_collisions
from dvcore.formats.kitti.rows import looks_like_row, parse_row, resembles_row
from dvcore.formats.reader.contents import Contents, Format
from dvcore.formats.reader.label_files import iter_first_columns, read_label_file
from dvcore.formats.reader.per_image import FileParse, Layout, read_per_image
from dvcore.formats.reader.request import Request
from dvcore.formats.stated.annotations import StatedAnnotations
from dvcore.formats.stated.by_image import StatedMap
from dvcore.formats.stated.findings import Findings
from dvcore.formats.stated.splits import split_declarations
from dvcore.formats.wording import format_count, format_place
from dvcore.image.names import is_image_name
from dvcore.model.annotations import Entered

_LABEL_SUFFIX: Final = ".txt"
_LAYOUT: Final = Layout(
    own=("label_2", "label_02", "labels", "label"), images=("image_2", "image_02", "images", "image")
)


def read_kitti(request: Request, found: Walk) -> Contents:
    """The images of a folder, those that have a label file with what it says of them."""
    folders, collisions = drop_collisions(found.folders)
    files = AnnotationFiles(found.annotations)
    stated = StatedMap(request.scratch)
    findings = Findings(stated)
    with Pairing(folders, request.scratch) as pairing:
        read_per_image(files, _Labels(files).parse, _LAYOUT, pairing, findings)
        kept = pairing.kept()
        unlabelled = findings.count_unannotated(count_files(kept), pairing.iter_refused())
    splits = published_splits(kept, _LAYOUT.images)
    return Contents(
        folders=with_splits(kept, splits, _LAYOUT.images),
        annotations=stated,
        faults=(*found.faults, *collisions, *findings.faults),
        left_out=tuple(findings.left_out),
        refused_instances=findings.refused,
        passed_over=found.passed_over + len(findings.foreign),
        variables=split_declarations(splits),
        labels=findings.sorted_labels(),
        notes=(*found.notes, *_notes(findings, unlabelled)),
        are_as_listed=files.are_as_listed,
    )


@dataclass(frozen=True, slots=True)
class _Labels:
    files: AnnotationFiles

    def parse(self, file: AnnotationFile) -> FileParse | None:
        """What a file says; None for a text that holds no labels and is not where they are, such as a calibration.

        Raises InvalidInputError for a label file that cannot be read.
        """
        is_in_place = any(name.lower() in _LAYOUT.own for name in file.path[:-1])
        resembling = 0

        def parse(columns: list[str]) -> Entered:
            nonlocal resembling
            resembling += resembles_row(columns)
            return parse_row(columns)

        try:
            instances, faults = read_label_file(self.files, file, parse)
        except InvalidInputError:
            if is_in_place:
                raise
            return None
        if not resembling and not is_in_place:
            return None
        return FileParse((), StatedAnnotations(file.where, None, instances), tuple(faults))


def _notes(findings: Findings, unlabelled: int) -> Iterator[str]:
    yield from findings.loss_notes
    if unlabelled:
        yield f"unannotated, as they have no label file: {format_count(unlabelled, 'image')}"


def _is_label_name(name: str) -> bool:
    return name.lower().endswith(_LABEL_SUFFIX)


def _find(request: Request) -> str | None:
    """A text file of an image whose first line is one of KITTI's."""
    look = request.look()
    for place, columns in iter_first_columns(map(look.place, look.iter_paired(_LABEL_SUFFIX, _LAYOUT.folders))):
        if looks_like_row(columns):
            return f"{format_place(place.relative_to(look.root))} holds KITTI rows"
    return None


KITTI = Format("kitti", is_image_name, read_kitti, _find, takes_annotations=_is_label_name)
