"""`dset import`."""

from pathlib import Path
from typing import Any, Final

import click

from dset.context import on_disk, open_repository
from dset.output import count, counts, note, read_option, say, warn
from dset.progress import shown_progress
from dvcore.errors import Fault
from dvcore.formats.detect import FORMATS
from dvcore.formats.intake import import_source
from dvcore.formats.placing import Coordinates
from dvcore.formats.report import ImportReport
from dvcore.formats.source import LabelFrom
from dvcore.model.names import format_path, parse_path
from dvcore.repo.adding import OnExisting

_SHOWN: Final = 20


@click.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--to", "to", required=True, metavar="DIRECTORY", help="The directory that the files come into.")
@click.option("--format", "format_", metavar="|".join(FORMATS), help="Found out when left out.")
@click.option("--annotations", type=click.Path(path_type=Path), metavar="PATH", help="The annotation file.")
@click.option("--variable", default="label", show_default=True, metavar="NAME", help="Class folders give this enum.")
@click.option(
    "--label-from",
    type=click.Choice([one.value for one in LabelFrom]),
    default=LabelFrom.FOLDER.value,
    show_default=True,
    help="The part of the path that '--format folders' takes as the label.",
)
@click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="A variable of all the files.")
@click.option(
    "--on-existing",
    type=click.Choice([one.value for one in OnExisting]),
    default=OnExisting.STOP.value,
    show_default=True,
    help="Where other bytes have the name.",
)
@click.option("--keep-annotations", is_flag=True, help="Replace annotated images also by ones of another size.")
@click.option("--replace-annotations", is_flag=True, help="Remove instances that the source does not have.")
@click.option(
    "--coordinates",
    type=click.Choice([one.value for one in Coordinates]),
    default=Coordinates.AUTO.value,
    show_default=True,
    help="What the annotations' coordinates refer to: the image as displayed or as stored.",
)
@click.option("--keep-degenerate", is_flag=True, help="Take boxes without width or height as they are.")
@click.option("--skip-bad", is_flag=True, help="Leave out files that cannot be imported.")
@click.option("--strict", is_flag=True, help="Stop where an instance cannot be stored.")
def command(source: Path, to: str, **options: Any) -> None:
    """Bring the images and annotations of SOURCE, a folder or a file, into a directory."""
    annotations: Path | None = options["annotations"]
    report = import_source(
        open_repository(),
        on_disk(source),
        parse_path(to),
        format=options["format_"],
        annotations=None if annotations is None else on_disk(annotations),
        variable=options["variable"],
        label_from=LabelFrom(options["label_from"]),
        set=read_option("--set", options["values"]),
        on_existing=OnExisting(options["on_existing"]),
        keep_annotations=options["keep_annotations"],
        replace_annotations=options["replace_annotations"],
        coordinates=Coordinates(options["coordinates"]),
        keep_degenerate=options["keep_degenerate"],
        skip_bad=options["skip_bad"],
        strict=options["strict"],
        progress=shown_progress(),
    )
    if options["format_"] is None:
        note(f"read as {report.format}: {report.reason}")
    _say_report(report, format_path(parse_path(to)) or "/")


def _say_report(report: ImportReport, to: str) -> None:
    files = report.files
    say(
        f"{to}: "
        + counts(
            [
                (files.added, "file added" if files.added == 1 else "files added"),
                (files.unchanged, "unchanged"),
                (files.completed, "there already and completed"),
                (files.replaced, "replaced"),
                (files.skipped, "skipped"),
                (files.renamed, "renamed"),
            ]
        )
    )
    _say_instances(report)
    for old, new in list(files.new_names.items())[:_SHOWN]:
        say(f"  {old} came in as {new}")
    if report.passed_over:
        say(f"passed over {count(report.passed_over, 'file')} not meant to come in")
    if report.converted:
        say(f"turned the coordinates of {count(report.converted, 'file')} from stored to displayed")
    if files.values_kept:
        note(f"{count(files.values_kept, 'file')} kept another value than came in; 'dset annotate --set' changes it")
    for line in report.notes:
        note(line)
    for line in report.warnings:
        warn(line)
    _note_faults("left out, cannot be imported", report.faulty_files, "file")
    _note_faults("left out, cannot be stored", report.left_out, "instance")
    _note_faults("stored with a change", report.adjusted, "instance")


def _say_instances(report: ImportReport) -> None:
    files = report.files
    if report.instances:
        by_label = ", ".join(f"{label} {number:,}" for label, number in report.instances.items())
        say(f"instances: {by_label}")
        numbers = [
            (files.instances_added, "added"),
            (files.instances_present, "there already"),
            (files.instances_removed, "removed"),
        ]
        say(f"  {counts(numbers)}")


def _note_faults(what: str, faults: tuple[Fault, ...], noun: str) -> None:
    if faults:
        note(f"{count(len(faults), noun)} {what}:")
        for fault in faults[:_SHOWN]:
            note(f"  {fault}")
        if len(faults) > _SHOWN:
            note(f"  … and {len(faults) - _SHOWN:,} more")
