"""Exports: from a tree into a new folder on the disk, all of it or nothing.

The folder is filled beside its place under another name, and gets its own when it is complete. A crash leaves that
other folder, which the next export to the same place clears.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FolderPath

from dvcore.errors import ExistsError, InvalidInputError
from dvcore.formats.export.exported import ExportOptions, Orientation
from dvcore.formats.export.exporting import Export, Exporter
from dvcore.formats.export.out_folder import OutFolder
from dvcore.formats.export.source import ExportSource
from dvcore.formats.wording import format_count, format_place
from dvcore.ids import digest
from dvcore.progress import Progress, Silent
from dvcore.repo.bringing import bring_blobs
from dvcore.repo.repository import Repository
from dvcore.repo.staging import staging_folder
from dvcore.store.folders import is_free, publish


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export wrote, and what its format could not hold.

    `files` counts images, `annotated` those that somebody has looked at, `splits` by split, `instances` what was
    written by label. `files_left_out` and `instances_left_out` count what was not, by reason; `converted` instances
    that became something else, `lost` what was left away of the others. `notes` and `warnings` are sentences for
    people.
    """

    format: str
    out: FolderPath
    files: int
    annotated: int
    splits: Mapping[str, int]
    instances: Mapping[str, int]
    files_left_out: Mapping[str, int]
    instances_left_out: Mapping[str, int]
    converted: Mapping[str, int]
    lost: Mapping[str, int]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def export_files(
    repository: Repository,
    source: ExportSource,
    out: FolderPath,
    exporter: Exporter,
    *,
    options: ExportOptions | None = None,
    progress: Progress | None = None,
) -> ExportReport:
    """Write files into the folder `out`, which must be new or empty. Absent blobs are brought.

    Raises ExistsError where it holds something, InvalidInputError where it is part of the repository, there is nothing
    to export, FaultyFilesError for images and labels that the format cannot hold, ConflictError where two files would
    become one, StateError where another process exports to the same place, StorageError,
    CorruptError. Nothing is at `out` then.
    """
    options = options or ExportOptions()
    out = FolderPath(os.path.realpath(out))  # a link to an empty folder cannot be replaced, the folder can
    _check_place(repository, out)
    if options.images:
        bring_blobs(repository, source.iter_images(), progress)
    with staging_folder(out.parent, _key(out), f"an export to {format_place(out)}") as staging:
        with OutFolder(staging) as target:
            export = Export(exporter, source, repository=repository, out=target, options=options)
            export.progress = progress or Silent()
            exporter.write(export)
            if not export.written.files:
                raise InvalidInputError("there is no image to export", hint="only images are exported")
            target.close()
        publish(staging, out)
    return _report(export, exporter, out)


def _check_place(repository: Repository, out: FolderPath) -> None:
    if repository.layout is not None and out.is_relative_to(os.path.realpath(repository.layout.folder)):
        raise InvalidInputError(f"{format_place(out)!r} is part of the repository itself", hint="name another folder")
    if not is_free(out):
        raise ExistsError(f"{format_place(out)!r} holds something already", hint="name a new or an empty folder")


def _key(out: FolderPath) -> str:
    return f"export-{digest(os.fsencode(out)).hex()[:16]}"


def _report(export: Export, exporter: Exporter, out: FolderPath) -> ExportReport:
    written, losses = export.written, export.losses
    instances = written.labels - losses.labels
    lost = losses.lost + export.lost_of_labels(instances)
    return ExportReport(
        format=exporter.name,
        out=out,
        files=written.files,
        annotated=written.annotated,
        splits={name: written.splits[name] for name in export.splits} if exporter.holds_splits else {},
        instances=dict(sorted(instances.items())),
        files_left_out=dict(sorted(losses.files.items())),
        instances_left_out=dict(sorted(losses.instances.items())),
        converted=dict(sorted(losses.converted.items())),
        lost=dict(sorted(lost.items())),
        notes=tuple(_notes(export)),
        warnings=tuple(_warnings(export)),
    )


def _notes(export: Export) -> Iterator[str]:
    if export.turned and not _keeps_orientation(export):
        yield f"turned upright and encoded anew, for their EXIF orientation: {format_count(export.turned, 'image')}"
    yield from export.notes


def _warnings(export: Export) -> Iterator[str]:
    for names in _equal_but_for_case([*export.splits, *export.classes]):
        yield f"{' and '.join(names)} differ in case only: on Windows and macOS, one folder holds the files of all"
    if export.turned and _keeps_orientation(export):
        yield (
            f"{format_count(export.turned, 'image')} with an EXIF orientation: the annotations are for the image as "
            "displayed, and wrong for programs that do not look at it"
        )


def _equal_but_for_case(names: Iterable[str]) -> list[list[str]]:
    by_folded: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        by_folded.setdefault(name.casefold(), []).append(name)
    return [same for same in by_folded.values() if len(same) > 1]


def _keeps_orientation(export: Export) -> bool:
    return not export.options.images or export.options.orientation is Orientation.KEEP
