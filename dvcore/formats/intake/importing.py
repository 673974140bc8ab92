"""Imports: from a folder or a file on the disk into the working state, all of it or nothing.

1. The format's reader says what the source holds.
2. Its files are read, probed and written as blobs, which nothing refers to yet.
3. What the source says of each image is placed in it.
4. With every fault known, the files enter the working state in one operation.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from os.path import realpath
from pathlib import Path as FolderPath
from typing import Any
from unicodedata import normalize

from dvcore.errors import FaultyFilesError, InvalidInputError
from dvcore.formats.detect import Detected, detect_format
from dvcore.formats.disk.source_files import stat_source
from dvcore.formats.disk.stat_cache import StatCache, open_cache_map
from dvcore.formats.disk.walking import walk
from dvcore.formats.intake.collecting import Collected
from dvcore.formats.intake.placing import Coordinates
from dvcore.formats.intake.reading import BlobIntake, are_all_stored
from dvcore.formats.intake.receipts import NamedAnnotations, Receipts, find_fingerprint, named_annotations, receipt_key
from dvcore.formats.intake.report import ImportReport
from dvcore.formats.reader.contents import Contents, Format
from dvcore.formats.reader.request import BoxConvention, LabelFrom, Request
from dvcore.formats.wording import format_count, format_place
from dvcore.model.names import Path, format_path
from dvcore.model.values import Value
from dvcore.progress import Progress, Silent
from dvcore.repo.adding import AddOptions, AddReport, Declared, OnExisting, add_files
from dvcore.repo.additions import AdditionSpool
from dvcore.repo.repository import Repository, writes
from dvcore.repo.treereader import TreeReader
from dvcore.store.cache_map import CacheMap
from dvcore.store.file_system import shows_changes


@writes
def import_source(
    repository: Repository,
    source: FolderPath,
    to: Path,
    *,
    format: str | None = None,  # noqa: A002 - the option's name
    annotations: FolderPath | None = None,
    variable: str = "label",
    label_from: LabelFrom = LabelFrom.FOLDER,
    set: Mapping[str, str] | None = None,  # noqa: A002 - the option's name
    on_existing: OnExisting = OnExisting.STOP,
    keep_annotations: bool = False,
    replace_annotations: bool = False,
    coordinates: Coordinates = Coordinates.AUTO,
    box_convention: BoxConvention = BoxConvention.PIXELS,
    keep_degenerate: bool = False,
    skip_bad: bool = False,
    strict: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Import a folder or a file into the directory `to`; `docs/importing.md` tells every rule.

    `set` gives variables for all files, as texts. `keep_degenerate` takes boxes without width or height, `skip_bad`
    leaves out files that cannot be imported, `strict` makes instances that cannot be stored stop the import.

    Raises FaultyFilesError naming every file (with `strict`, instance) that stops it, ConflictError where names are
    taken, NotFoundError for a source, format or variable that is not there, InvalidInputError for anything else that
    was given wrongly, StorageError. The working state is then as it was.
    """
    stat_source(source)
    _refuse_own_folder(repository, source)
    adding = AddOptions(on_existing, keep_annotations, replace_annotations)
    options = _Options(dict(set or {}), adding, coordinates, keep_degenerate, skip_bad, strict)
    request = Request(source, annotations, variable, label_from, repository.scratch, box_convention, keep_degenerate)
    with open_cache_map(repository.scratch) as kept:
        return _Import(repository, source, to, options, kept, progress or Silent()).run(request, format)


@dataclass(frozen=True, slots=True)
class _Options:
    """How it is done; format, annotation file and variable say what is read."""

    set: Mapping[str, str]
    adding: AddOptions
    coordinates: Coordinates
    keep_degenerate: bool
    skip_bad: bool
    strict: bool

    def packed(self) -> list[Any]:
        """The options as values that msgpack holds."""
        adding, flags = self.adding, (self.keep_degenerate, self.skip_bad, self.strict)
        kept = (adding.on_existing.value, adding.keep_annotations, adding.replace_annotations)
        return [sorted(self.set.items()), *kept, self.coordinates.value, *flags]


@dataclass(frozen=True, slots=True)
class _Import:
    repository: Repository
    source: FolderPath
    to: Path
    options: _Options
    kept: CacheMap
    progress: Progress

    def run(self, request: Request, format_name: str | None) -> ImportReport:
        """Nothing is planned where a receipt says what would come of it."""
        begun = self.repository.clock() * 1000
        detected = detect_format(request, format_name)
        found = walk(request.source, detected.format.takes, detected.format.takes_annotations)
        annotations = _named_annotations(detected.format, request)
        devices = found.devices if annotations is None else found.devices | annotations.devices
        kept = self.kept if all(map(shows_changes, devices)) else CacheMap(None, 0)
        cache = StatCache(kept, begun)
        read_as = request.variable, request.label_from.value, request.box_convention.value
        stated = [detected.format.name, detected.reason, *read_as, *self.options.packed()]
        fingerprint = find_fingerprint(found, annotations, stated, begun)
        receipts = Receipts(kept, receipt_key(self.source, self.to), fingerprint)
        report = receipts.find(self.repository.work(self.repository.branch()))
        if report and are_all_stored(found.folders, cache, self.repository.blobs, detected.format.are_images):
            return report
        declared = self.repository.working_tree().tree.variables
        request = replace(request, annotations=annotations.place if annotations else None, declared=declared)
        contents = detected.format.read(request, found)
        with contents.annotations:
            report, as_listed = self._do(detected, contents, cache)
        as_listed = as_listed and contents.are_as_listed
        as_listed = as_listed and contents.annotation_state == (annotations.state if annotations else None)
        receipts.put(report, repeatable=as_listed and not self.options.adding.replace_annotations)
        return report

    def _do(self, detected: Detected, contents: Contents, cache: StatCache) -> tuple[ImportReport, bool]:
        """The report, and whether the files were read in the states that they were listed in."""
        tree = self.repository.working_tree()
        given = _given_variables(tree, self.options.set, {one.name for one in contents.variables})
        with AdditionSpool(self.repository.scratch) as additions:
            collected = Collected(
                to=self.to,
                stated=contents.annotations,
                given=given,
                required=_required(tree),
                coordinates=self.options.coordinates,
                keep_degenerate=self.options.keep_degenerate,
                faults=list(contents.faults),
                left_out=list(contents.left_out),
                additions=additions,
            )
            as_listed = self._read(contents, collected, cache, detected.format.are_images)
            self._refuse_faults(contents, collected, detected.format.are_images)
            added = add_files(
                self.repository,
                additions,
                Declared(contents.variables, contents.labels),
                self.options.adding,
                normalize("NFC", f"import: {format_place(self.source)} to {format_path(self.to) or '/'}"),
            )
        return _report(detected, contents, collected, added), as_listed

    def _read(self, contents: Contents, collected: Collected, cache: StatCache, are_images: bool) -> bool:
        """Write the blobs and collect the files. Without `skip_bad`, the first fault keeps more from being written."""
        self.progress.start("reading", contents.count)
        blobs, stop = self.repository.blobs, not self.options.skip_bad
        with blobs.writer() as writer:
            intake = BlobIntake(blobs, writer, cache, are_images=are_images, stop=stop, faults=collected.faults)
            for read in intake.iter_read(contents, self.progress):
                collected.add(read)
        self.progress.finish()
        return intake.are_as_listed

    def _refuse_faults(self, contents: Contents, collected: Collected, are_images: bool) -> None:
        skip_bad = self.options.skip_bad
        if collected.faults and not (skip_bad and collected.additions):
            raise FaultyFilesError(
                f"{format_count(len(collected.faults), 'file')} cannot be imported, nothing was done",
                collected.faults,
                hint="nothing else is there" if skip_bad else "--skip-bad leaves them out",
            )
        if collected.left_out and self.options.strict:
            raise FaultyFilesError(
                f"{format_count(len(collected.left_out), 'instance')} cannot be stored, nothing was done",
                collected.left_out,
                hint="without --strict they are left out",
            )
        if not collected.additions:
            raise InvalidInputError(
                f"{format_place(self.source)!r} holds nothing to import (passed over: {contents.passed_over})",
                hint="'--format files' takes any file as it is" if are_images else None,
            )


def _refuse_own_folder(repository: Repository, source: FolderPath) -> None:
    # os.path's function, as pathlib's raises RuntimeError for links in a loop.
    own = None if repository.layout is None else realpath(repository.layout.folder)
    if own is not None and FolderPath(realpath(source)).is_relative_to(own):
        raise InvalidInputError(f"{format_place(source)!r} is part of the repository itself")


def _given_variables(reader: TreeReader, texts: Mapping[str, str], stated: Container[str]) -> dict[str, Value]:
    """The values of `set`, checked against the declarations, of which all required ones must be given here or by the
    source; whether it gives them to each file is seen with the file."""
    given = {name: reader.variable(name).parse(text) for name, text in texts.items()}
    for name in given:
        if name in stated:
            raise InvalidInputError(f"the source gives the variable {name!r} already", hint=f"leave out --set {name}=…")
    for name in _required(reader):
        if name not in given and name not in stated:
            raise InvalidInputError(f"the variable {name!r} is required", hint=f"give it with --set {name}=VALUE")
    return given


def _required(reader: TreeReader) -> tuple[str, ...]:
    return tuple(one.name for one in reader.tree.variables if one.required)


def _named_annotations(format_: Format, request: Request) -> NamedAnnotations | None:
    place = format_.find_annotations(request) if format_.find_annotations else None
    return None if place is None else named_annotations(place)


def _report(detected: Detected, contents: Contents, collected: Collected, added: AddReport) -> ImportReport:
    return ImportReport(
        format=detected.format.name,
        reason=detected.reason,
        files=added,
        passed_over=contents.passed_over,
        faulty_files=tuple(collected.faults),
        instances=dict(sorted(collected.instances.items())),
        left_out=tuple(collected.left_out),
        refused_instances=contents.refused_instances + contents.annotations.instances - collected.met,
        repeated_instances=contents.repeated_instances,
        adjusted=tuple(collected.adjusted),
        converted=collected.converted,
        notes=contents.notes,
        warnings=tuple(collected.warnings),
    )
