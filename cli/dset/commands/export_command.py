"""`dset export`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from dset.context import on_disk, open_repository
from dset.output import count, counts, note, say, say_json, warn
from dset.progress import shown_progress
from dset.selecting import selection, where_option
from dvcore.errors import InvalidInputError, NotFoundError
from dvcore.formats.export.exported import ExportOptions, Orientation
from dvcore.formats.export.outtake import ExportReport, export_files
from dvcore.formats.export.source import ExportSource, directory_source
from dvcore.formats.exporters import EXPORTERS, find_exporter
from dvcore.model.names import Path as TreePath
from dvcore.repo.projects import list_projects, load_project
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import Revision, parse_snapshot, split_revision


@click.command("export")
@click.argument("source", metavar="[REV:]DIRECTORY|PROJECT@N")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--format", "format_", required=True, metavar="|".join(EXPORTERS), help="The format to write.")
@where_option
@click.option("--no-images", is_flag=True, help="Only what is said of the images.")
@click.option(
    "--orientation",
    type=click.Choice([one.value for one in Orientation]),
    default=Orientation.APPLY.value,
    show_default=True,
    help="Images with an EXIF orientation: turn their pixels, or keep their bytes.",
)
@click.option(
    "--variable", default="label", show_default=True, metavar="NAME", help="What '--format folders' takes as the class."
)
@click.option("--json", "as_json", is_flag=True, help='{"format","out","files","instances","left_out","lost",…}')
def command(source: str, out: Path, format_: str, where: str | None, as_json: bool, **options: Any) -> None:
    """Write the files of a directory, or of a snapshot, into the new folder OUT, in the form that other tools read.

    The report says what the format could not hold.
    """
    exporter = find_exporter(format_)
    repository = open_repository()
    report = export_files(
        repository,
        _source(repository, source, where),
        on_disk(out),
        exporter,
        options=ExportOptions(not options["no_images"], Orientation(options["orientation"]), options["variable"]),
        progress=shown_progress(),
    )
    for line in report.warnings:
        warn(line)
    if as_json:
        say_json(_as_json(report))
    else:
        _say_report(report)


def _source(repository: Repository, text: str, where: str | None) -> ExportSource:
    if parse_snapshot(text) is None:
        revision, path = _state_and_path(repository, text)
        return directory_source(repository.tree(revision.tree), path, selection(repository, where))
    if where is not None:
        raise InvalidInputError("--where does not go with a snapshot", hint="a snapshot is exported whole")
    from dvcore.snapshot.catalog.snapshots import load_snapshot  # noqa: PLC0415 - 40 ms with SQLite, for a snapshot only
    from dvcore.snapshot.reading.export_source import snapshot_source  # noqa: PLC0415 - likewise

    return snapshot_source(repository, load_snapshot(repository, text))


def _state_and_path(repository: Repository, text: str) -> tuple[Revision, TreePath]:
    try:
        revision, path = split_revision(repository, text)
        repository.tree(revision.tree).entry(path)
    except NotFoundError as error:
        if text not in list_projects(repository):
            raise
        snapshots = [f"{text}@{number}" for number in load_project(repository, text).snapshots]
        taken = f"name a snapshot of it: {', '.join(snapshots)}" if snapshots else f"'dset snapshot {text}' takes one"
        raise NotFoundError(f"{error.message}; {text!r} is a project", hint=taken) from None
    return revision, path


def _as_json(report: ExportReport) -> dict[str, Any]:
    return {
        "format": report.format,
        "out": str(report.out),
        "files": report.files,
        "annotated": report.annotated,
        "splits": dict(report.splits),
        "instances": dict(report.instances),
        "left_out": {"files": dict(report.files_left_out), "instances": dict(report.instances_left_out)},
        "converted": dict(report.converted),
        "lost": dict(report.lost),
        "notes": list(report.notes),
        "warnings": list(report.warnings),
    }


def _say_report(report: ExportReport) -> None:
    say(f"{report.out}: {count(report.files, 'image')} as {report.format}, {report.annotated:,} annotated")
    if report.splits:
        say(f"splits: {counts((number, name) for name, number in report.splits.items())}")
    if report.instances:
        say(f"instances: {', '.join(f'{label} {number:,}' for label, number in report.instances.items())}")
    for line in report.notes:
        note(line)
    _say_counts("left out, files", report.files_left_out)
    _say_counts("left out, instances", report.instances_left_out)
    _say_counts("converted", report.converted)
    _say_counts(f"not held by {report.format}", report.lost)


def _say_counts(what: str, numbers: Mapping[str, int]) -> None:
    if numbers:
        say(f"{what}: {', '.join(f'{name} ({number:,})' for name, number in numbers.items())}")
