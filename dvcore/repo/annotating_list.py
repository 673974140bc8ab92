"""Annotating many files, each in its own way, in one operation: all of a list or nothing."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import partial
from itertools import groupby, islice
from typing import Final

from dvcore.errors import CorruptError, InvalidInputError, NotFoundError
from dvcore.ids import ID_BYTES, FileId, format_id
from dvcore.model.files import decode_record
from dvcore.model.names import format_path
from dvcore.model.tree import FileEntry
from dvcore.repo.annotation_list import AnnotationList, FileAnnotation
from dvcore.repo.annotation_plan import AnnotateReport, AnnotationPlan, told_with
from dvcore.repo.edits import Edits, kept
from dvcore.repo.records import LOOKED_UP, find_records
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.repo.working import change_working, look_at_plan
from dvcore.store import ObjectDraft
from dvcore.store.spilling import SpillingMap

_NUMBER_BYTES: Final = 8


def annotate_listed(
    repository: Repository, listed: Iterable[FileAnnotation], *, source: str, dry_run: bool = False
) -> AnnotateReport:
    """Annotate each file as a list says, in its order where it names a file more than once. `source` is what the
    operation log calls the list; `dry_run` only reports what would change.

    Raises what `annotate` raises, with the place in the list.
    """
    report = AnnotateReport(0, 0, ())

    def plan(reader: TreeReader, draft: ObjectDraft) -> Edits:
        nonlocal report
        with closing(SpillingMap(repository.scratch)) as places, kept(repository.edits()) as edits:
            planning = AnnotationPlan(reader, draft, edits)
            _locate(reader, planning, items, places)
            for file, numbers, data in _iter_files(reader, places):
                _take(planning, file, [items[number] for number in numbers], data)
            report = planning.finish()
            return edits

    with closing(AnnotationList(repository.scratch)) as items:
        for one in listed:
            items.append(one)
        if dry_run:
            look_at_plan(repository, plan)
        else:
            change_working(repository, f"annotate: as {source} says", plan)
    return report


def _locate(reader: TreeReader, planning: AnnotationPlan, items: AnnotationList, places: SpillingMap) -> None:
    """Note each file's places in the list. All of it is read here once, in its order: so the first fault is the one
    that is told, and new labels are declared in the order in which they appear."""
    for number, one in enumerate(items):
        with told_with(partial(str, one.where)):
            planning.read(one.annotation)
            places.put(_file(reader, one) + number.to_bytes(_NUMBER_BYTES, "big"), b"")


def _file(reader: TreeReader, one: FileAnnotation) -> FileId:
    if isinstance(one.address, bytes):
        return one.address
    entry = reader.entry(one.address)
    if not isinstance(entry, FileEntry):
        raise InvalidInputError(f"{format_path(one.address)!r} is a directory", hint="name a file")
    return entry.file


def _iter_files(reader: TreeReader, places: SpillingMap) -> Iterator[tuple[FileId, list[int], bytes | None]]:
    """Files in the order of their ids, each with its places in the list and its encoded record."""
    keys = groupby((key for key, _ in places.iter_items()), key=lambda key: FileId(key[:ID_BYTES]))
    grouped = ((file, [int.from_bytes(key[ID_BYTES:], "big") for key in group]) for file, group in keys)
    while chunk := list(islice(grouped, LOOKED_UP)):
        found = find_records(reader, [file for file, _ in chunk])
        for file, numbers in chunk:
            yield file, numbers, found.get(file)


def _take(planning: AnnotationPlan, file: FileId, items: list[FileAnnotation], data: bytes | None) -> None:
    if data is None:
        raise _missing(file, items[0])
    planning.take(file, decode_record(data), [planning.read(one.annotation, one.where) for one in items])


def _missing(file: FileId, named_by: FileAnnotation) -> Exception:
    if isinstance(named_by.address, bytes):
        return NotFoundError(f"{named_by.where}: no file has the id {format_id(file)}")
    return CorruptError(f"the file {format_id(file)} has an entry but no record")
