"""Reads a folder of images with a Label Studio json, task by task, so that it may be of any size."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path as FolderPath
from typing import Final

from dvcore.errors import Fault, InvalidInputError
from dvcore.formats.disk.pairing import Pairing
from dvcore.formats.disk.peeking import first_bytes
from dvcore.formats.disk.source_folder import count_files
from dvcore.formats.disk.split_folders import published_splits, with_splits
from dvcore.formats.disk.walking import Walk, drop_collisions
from dvcore.formats.labelstudio.matching import ImagesByName
from dvcore.formats.labelstudio.tasks import TaskParser, iter_urls
from dvcore.formats.reader.contents import Contents, Format
from dvcore.formats.reader.request import Request
from dvcore.formats.reader.single_document import find_single_document, opened_document, path_under
from dvcore.formats.stated.by_image import StatedMap
from dvcore.formats.stated.findings import Findings
from dvcore.formats.stated.splits import split_declarations
from dvcore.formats.stated.variables import StatedVariables
from dvcore.formats.texts.json_files import format_value, take_object
from dvcore.formats.texts.json_stream import iter_list
from dvcore.formats.wording import format_count, format_place
from dvcore.image.names import is_image_name

_IMAGES: Final = ("images",)
_LIST: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*\{")
_MARKS: Final = re.compile(rb'"(?:annotation_id|from_name|(?:rectangle|polygon|keypoint|brush|ellipse)labels)"')
_DATA: Final = re.compile(rb'"data"\s*:\s*\{')
_ANNOTATIONS: Final = re.compile(rb'"(?:annotations|completions)"\s*:\s*\[')


def read_labelstudio(request: Request, found: Walk) -> Contents:
    """The images of a folder, those that the json has tasks for with what it says of them.

    Raises NotFoundError where the json is missing, InvalidInputError where it is none of Label Studio's.
    """
    place = find_document(request)
    if place is None:
        raise InvalidInputError(
            f"{format_place(request.source)!r} has no json of Label Studio's", hint="name one with --annotations"
        )
    folders, collisions = drop_collisions(found.folders)
    findings = Findings(StatedMap(request.scratch), faults=[*found.faults, *collisions])
    variables = StatedVariables(findings.lost)
    name = format_place(place.name)
    with ImagesByName(folders, request.scratch) as images, Pairing(folders, request.scratch) as pairing:
        reading = _Reading(name, images, pairing, findings, TaskParser(findings, variables))
        state = _read_document(place, reading)
        kept = pairing.kept()
        unannotated = findings.count_unannotated(count_files(kept), pairing.iter_refused())
    splits = published_splits(folders, inside=_IMAGES)
    return Contents(
        folders=with_splits(kept, splits, inside=_IMAGES),
        annotations=findings.stated,
        faults=tuple(findings.faults),
        left_out=tuple(findings.left_out),
        refused_instances=findings.refused,
        passed_over=found.passed_over - (path_under(request.source, place) is not None),
        variables=(*split_declarations(splits), *variables.declarations()),
        labels=findings.sorted_labels(),
        notes=(*found.notes, *_notes(reading, unannotated), *findings.loss_notes),
        annotation_state=state,
    )


class _Reading:
    """Takes the tasks one after the other. `name` is what messages call the file."""

    def __init__(
        self, name: str, images: ImagesByName, pairing: Pairing, findings: Findings, parser: TaskParser
    ) -> None:
        self.name = name
        self.count = 0
        self._images = images
        self._pairing = pairing
        self._findings = findings
        self._parser = parser

    def take(self, raw: object) -> None:
        """Take a task, or name its fault."""
        where = f"{self.name}: [{self.count}]"
        self.count += 1
        try:
            task = take_object(raw)
            where = f"{self.name}: task {format_value(task['id'])}" if "id" in task else where
            parsed = self._parser.parse(where, task)
        except InvalidInputError as error:
            self._findings.faults.append(Fault(where, error.message))
            self._refuse(raw)
            return
        try:
            image = self._images.find(iter_urls(task))
            self._pairing.claim(image, where)
        except InvalidInputError as error:
            self._findings.faults.append(Fault(where, error.message))
            self._findings.refused += len(parsed.stated.instances) + len(parsed.left_out)
        else:
            self._findings.put(image, parsed.stated, parsed.left_out)

    def _refuse(self, raw: object) -> None:
        """Keep out the image of a task that is broken, if it has one."""
        with suppress(InvalidInputError):
            self._pairing.refuse(self._images.find(iter_urls(take_object(raw))))


def _read_document(place: FolderPath, reading: _Reading) -> bytes:
    """Read all of it; the state that the file was in."""
    with opened_document(place) as (file, state):
        for task in iter_list(file):
            reading.take(task)
    return state


def _notes(reading: _Reading, unannotated: int) -> Iterator[str]:
    yield f"{reading.name} has {format_count(reading.count, 'task')}"
    if unannotated:
        yield f"unannotated, as {reading.name} has no annotation of them: {format_count(unannotated, 'image')}"


def find_document(request: Request) -> FolderPath | None:
    """The annotation file. Raises InvalidInputError where there are several, naming them."""
    return find_single_document(request, ".json", _is_document)


def _is_document(place: FolderPath) -> bool:
    data = first_bytes(place)
    if _LIST.match(data) is None:
        return False
    return _MARKS.search(data) is not None or all(mark.search(data) for mark in (_DATA, _ANNOTATIONS))


def _find(request: Request) -> str | None:
    place = find_document(request)
    if place is None or not _is_document(place):
        return None
    return f"{format_place(place.name)} is a json of Label Studio's"


LABELSTUDIO: Final = Format("labelstudio", is_image_name, read_labelstudio, _find, find_document)
