"""Copying: new files over the same blobs, to be annotated for another purpose. Afterwards the two are independent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from dvcore.errors import ConflictError, InvalidInputError
from dvcore.ids import FileId
from dvcore.model.annotations import rederive_instances
from dvcore.model.files import FileRecord, derive_copied_id
from dvcore.model.names import Path, format_path, name_paths
from dvcore.model.tree import Directory, FileEntry
from dvcore.model.values import Value
from dvcore.repo.edits import Change, Edits
from dvcore.repo.objects import save_annotations
from dvcore.repo.repository import Repository
from dvcore.repo.selection import EVERYTHING, Selected, Selection, check_apart, landing, select_files
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
        edits = Edits()
        present = 0
        for target, one in _landings(reader, sources, destination, selection).items():
            if _is_copy_there(reader, target, one.file):
                present += 1
            else:
                file = derive_copied_id(one.file, target[:-1], target[-1], _free_counter(reader, one.file, target))
                edits.files[file] = Change(None, _copied(reader, draft, file, reader.record(one.file), options))
                edits.entries[target] = Change(None, FileEntry(file))
                edits.takes[one.path] = FileEntry(one.file)
        report = CopyReport(len(edits.files), present)
        return edits

    change_working(repository, f"copy: {name_paths(sources)} to {format_path(destination)}", plan)
    return report


def _landings(
    reader: TreeReader, sources: Sequence[Path], destination: Path, selection: Selection
) -> dict[Path, Selected]:
    for source in sources:
        if isinstance(reader.entry(source), Directory):
            check_apart(source, destination)
    return landing(destination, select_files(reader, sources, selection))


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


def _free_counter(reader: TreeReader, source: FileId, target: Path) -> int:
    """The first counter whose id no file has; an earlier copy may have been moved away and live on."""
    counter = 0
    while reader.find_record(derive_copied_id(source, target[:-1], target[-1], counter)) is not None:
        counter += 1
    return counter


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
