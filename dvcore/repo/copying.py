"""Copying: new files over the same blobs, to be annotated for another purpose. Afterwards the two are independent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice
from typing import Final

from dvcore.errors import ConflictError, InvalidInputError
from dvcore.ids import FileId
from dvcore.model.annotations import rederive_instances
from dvcore.model.files import FileRecord, decode_record, derive_copied_id
from dvcore.model.names import Path, format_path, name_paths
from dvcore.model.tree import Directory, FileEntry
from dvcore.model.values import Value
from dvcore.repo.edits import Change, Edits, kept
from dvcore.repo.objects import save_annotations
from dvcore.repo.records import LOOKED_UP, find_records
from dvcore.repo.repository import Repository
from dvcore.repo.selection import EVERYTHING, Selected, Selection, check_apart, iter_under, landing, select_files
from dvcore.repo.treereader import TreeReader
from dvcore.repo.working import change_working
from dvcore.store import ObjectDraft

_COUNTERS: Final = 64
"""How many copies of one file under one name (all but the last moved away since) are recognised when the command is
repeated; one more is a conflict."""


@dataclass(frozen=True, slots=True)
class CopyOptions:
    """What a copy takes over. Without instances it is not annotated either; `without_variables` names those that are
    dropped, None standing for all."""

    instances: bool = True
    without_variables: frozenset[str] | None = frozenset()

    def keep(self, name: str) -> bool:
        """Whether a variable is taken over."""
        return self.without_variables is not None and name not in self.without_variables


@dataclass(frozen=True, slots=True)
class CopyReport:
    """Files copied, and copies that were there already and were left alone."""

    copied: int
    present: int


def copy(
    repository: Repository,
    sources: Sequence[Path],
    destination: Path,
    *,
    options: CopyOptions,
    selection: Selection = EVERYTHING,
) -> CopyReport:
    """Copy files and the contents of directories into a directory, which is made where it is missing.

    Raises ConflictError, with nothing done, where something else has the name of a copy.
    """
    if not sources:
        raise InvalidInputError("nothing to copy", hint="name a file or a directory")
    report = CopyReport(0, 0)

    def plan(reader: TreeReader, draft: ObjectDraft) -> Edits:
        nonlocal report
        _check_variables(reader, options)
        landings = _iter_landings(reader, sources, destination, selection)
        with kept(repository.edits()) as edits:
            copying = _Copying(reader, draft, options, edits)
            while chunk := list(islice(landings, LOOKED_UP)):
                copying.take(chunk)
            report = copying.report()
            return edits

    change_working(repository, f"copy: {name_paths(sources)} to {format_path(destination)}", plan)
    return report


class _Copying:
    """Collects the edits of one copy operation on one tree.

    Files are taken many at a time, so that records are looked up in the order of their ids: at random places of a large
    map, each would cost a node.
    """

    def __init__(self, reader: TreeReader, draft: ObjectDraft, options: CopyOptions, edits: Edits) -> None:
        self.edits = edits
        self._reader = reader
        self._draft = draft
        self._options = options
        self._present = 0

    def report(self) -> CopyReport:
        return CopyReport(len(self.edits.files), self._present)

    def take(self, landings: Sequence[tuple[Path, Selected]]) -> None:
        """Copy files to where they land, those that are not there yet."""
        reader = self._reader
        absent = [(target, one) for target, one in landings if not _is_copy_there(reader, target, one.file)]
        self._present += len(landings) - len(absent)
        ids = [derive_copied_id(one.file, target[:-1], target[-1], 0) for target, one in absent]
        found = find_records(reader, [*ids, *[one.file for _, one in absent]])
        for (target, one), first in zip(absent, ids, strict=True):
            file = _free_id(reader, one.file, target) if first in found else first
            data = found.get(one.file)
            record = reader.record(one.file) if data is None else decode_record(data)
            self.edits.files[file] = Change(None, _copied(reader, self._draft, file, record, self._options))
            self.edits.entries[target] = Change(None, FileEntry(file))
            self.edits.takes[one.path] = FileEntry(one.file)


def _iter_landings(
    reader: TreeReader, sources: Sequence[Path], destination: Path, selection: Selection
) -> Iterator[tuple[Path, Selected]]:
    """Where each file lands. Out of one whole directory, no two can land in one place, and they need not be kept."""
    for source in sources:
        if isinstance(reader.entry(source), Directory):
            check_apart(source, destination)
    if len(sources) > 1 or not selection.is_everything:
        yield from landing(destination, select_files(reader, sources, selection)).items()
    else:
        for one in iter_under(reader, sources[0]):
            yield (*destination, *one.below), one


def _is_copy_there(reader: TreeReader, target: Path, source: FileId) -> bool:
    """Whether the entry at the target is the copy of the source that this command made before."""
    entry = reader.find_entry(target)
    if entry is None:
        return False
    if isinstance(entry, FileEntry):
        for counter in range(_COUNTERS):
            if derive_copied_id(source, target[:-1], target[-1], counter) == entry.file:
                return True
    raise ConflictError(
        f"something else is named {format_path(target)!r} already", hint="remove it, or copy to another directory"
    )


def _free_id(reader: TreeReader, source: FileId, target: Path) -> FileId:
    """The first derived id that no file has; an earlier copy may have been moved away and live on."""
    ids = (derive_copied_id(source, target[:-1], target[-1], counter) for counter in count())
    return next(file for file in ids if reader.find_record(file) is None)


def _copied(
    reader: TreeReader, draft: ObjectDraft, file: FileId, record: FileRecord, options: CopyOptions
) -> FileRecord:
    annotations = reader.annotations(record)
    instances = rederive_instances(file, annotations.instances) if options.instances else ()
    kept: dict[str, Value] = {name: value for name, value in annotations.variables.items() if options.keep(name)}
    return replace(
        record,
        annotations=save_annotations(draft, replace(annotations, variables=kept, instances=instances)),
        variables={name: value for name, value in record.variables.items() if options.keep(name)},
        annotated=record.annotated and options.instances,
    )


def _check_variables(reader: TreeReader, options: CopyOptions) -> None:
    for name in options.without_variables or ():
        reader.variable(name)
