"""Imports: from a folder or a file on the disk into the working state, all of it or nothing.

1. The format's reader says what the source holds.
2. Its files are read, probed and written as blobs, which nothing refers to yet.
3. What the source says of each image is placed in it.
4. With every fault known, the files enter the working state in one operation.
"""

from collections.abc import Mapping, Sequence
from os.path import realpath
from pathlib import Path as FolderPath
from unicodedata import normalize

from dvcore.errors import FaultyFilesError, InvalidInputError
from dvcore.formats.collecting import Collected
from dvcore.formats.detect import Detected, detect_format
from dvcore.formats.placing import Coordinates
from dvcore.formats.reading import BlobIntake
from dvcore.formats.report import ImportReport
from dvcore.formats.source import Contents, Request, SourceFile, format_count, format_place, stat_source
from dvcore.model.names import Path, format_path
from dvcore.model.values import Value
from dvcore.progress import Progress, Silent
from dvcore.repo.adding import AddOptions, AddReport, Declared, OnExisting, add_files
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader


def import_source(
    repository: Repository,
    source: FolderPath,
    to: Path,
    *,
    format: str | None = None,  # noqa: A002 - the option's name
    annotations: FolderPath | None = None,
    variable: str = "label",
    set: Mapping[str, str] | None = None,  # noqa: A002 - the option's name
    on_existing: OnExisting = OnExisting.STOP,
    keep_annotations: bool = False,
    replace_annotations: bool = False,
    coordinates: Coordinates = Coordinates.AUTO,
    skip_bad: bool = False,
    strict: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Import a folder or a file into the directory `to`; `docs/importing.md` tells every rule.

    `set` gives variables for all files, as texts. `skip_bad` leaves out files that cannot be imported, `strict` makes
    instances that cannot be stored stop the import.

    Raises FaultyFilesError naming every file (with `strict`, instance) that stops it, ConflictError where names are
    taken, NotFoundError for a source, format or variable that is not there, InvalidInputError for anything else that
    was given wrongly, StorageError. The working state is then as it was.
    """
    stat_source(source)
    _refuse_own_folder(repository, source)
    request = Request(source, annotations, variable)
    detected = detect_format(request, format)
    contents = detected.format.read(request)
    given = _given_variables(repository.working_tree(), set or {}, contents.files)
    collected = Collected(to, given, coordinates, list(contents.faults), list(contents.left_out))
    _read(repository, contents, collected, skip_bad=skip_bad, progress=progress or Silent())
    _refuse_faults(source, contents, collected, skip_bad=skip_bad, strict=strict)
    added = add_files(
        repository,
        collected.additions,
        Declared(contents.variables, contents.labels),
        AddOptions(on_existing, keep_annotations, replace_annotations),
        normalize("NFC", f"import: {format_place(source)} to {format_path(to) or '/'}"),
    )
    return _report(detected, contents, collected, added)


def _refuse_own_folder(repository: Repository, source: FolderPath) -> None:
    # os.path's function, as pathlib's raises RuntimeError for links in a loop.
    own = None if repository.layout is None else realpath(repository.layout.folder)
    if own is not None and FolderPath(realpath(source)).is_relative_to(own):
        raise InvalidInputError(f"{format_place(source)!r} is part of the repository itself")


def _given_variables(reader: TreeReader, texts: Mapping[str, str], files: Sequence[SourceFile]) -> dict[str, Value]:
    """The values of `set`, checked against the declarations, of which all required ones must be given."""
    given = {name: reader.variable(name).parse(text) for name, text in texts.items()}
    for name in given:
        if any(name in file.variables for file in files):
            raise InvalidInputError(f"the folders give the variable {name!r} already", hint=f"leave out --set {name}=…")
    for declaration in reader.tree.variables:
        name = declaration.name
        if declaration.required and name not in given and any(name not in file.variables for file in files):
            raise InvalidInputError(f"the variable {name!r} is required", hint=f"give it with --set {name}=VALUE")
    return given


def _read(
    repository: Repository, contents: Contents, collected: Collected, *, skip_bad: bool, progress: Progress
) -> None:
    """Write the blobs and collect the files. Without `skip_bad`, the first fault keeps more from being written."""
    progress.start("reading", len(contents.files))
    with repository.blobs.writer() as writer:
        intake = BlobIntake(writer, are_images=contents.are_images, stop=not skip_bad, faults=collected.faults)
        for read in intake.iter_read(contents.files, progress):
            collected.add(read)
    progress.finish()


def _refuse_faults(
    source: FolderPath, contents: Contents, collected: Collected, *, skip_bad: bool, strict: bool
) -> None:
    if collected.faults and not (skip_bad and collected.additions):
        raise FaultyFilesError(
            f"{format_count(len(collected.faults), 'file')} cannot be imported, nothing was done",
            collected.faults,
            hint="nothing else is there" if skip_bad else "--skip-bad leaves them out",
        )
    if collected.left_out and strict:
        raise FaultyFilesError(
            f"{format_count(len(collected.left_out), 'instance')} cannot be stored, nothing was done",
            collected.left_out,
            hint="without --strict they are left out",
        )
    if not collected.additions:
        raise InvalidInputError(
            f"{format_place(source)!r} holds nothing to import (passed over: {contents.passed_over})",
            hint="'--format files' takes any file as it is" if contents.are_images else None,
        )


def _report(detected: Detected, contents: Contents, collected: Collected, added: AddReport) -> ImportReport:
    return ImportReport(
        format=detected.format.name,
        reason=detected.reason,
        files=added,
        passed_over=contents.passed_over,
        faulty_files=tuple(collected.faults),
        instances=dict(sorted(collected.instances.items())),
        left_out=tuple(collected.left_out),
        adjusted=tuple(collected.adjusted),
        converted=collected.converted,
        notes=contents.notes,
        warnings=tuple(collected.warnings),
    )
