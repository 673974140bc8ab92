"""`dset import`."""

from pathlib import Path
from typing import Any

import click

from dset.context import on_disk, open_repository
from dset.import_report import json_report, say_report
from dset.output import note, read_option, say_json
from dset.progress import shown_progress
from dvcore.formats.detect import FORMATS
from dvcore.formats.intake.importing import import_source
from dvcore.formats.intake.placing import Coordinates
from dvcore.formats.reader.request import BoxConvention, LabelFrom
from dvcore.model.names import format_path, parse_path
from dvcore.repo.adding import OnExisting


@click.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--to", "to", required=True, metavar="DIRECTORY", help="The directory that the files come into.")
@click.option("--format", "format_", metavar="FORMAT", help=f"Found out when left out; one of {', '.join(FORMATS)}.")
@click.option(
    "--annotations", type=click.Path(path_type=Path), metavar="PATH", help="The annotation file, or a folder of them."
)
@click.option(
    "--variable", default="label", show_default=True, metavar="NAME", help="Labels of whole images fill this enum."
)
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
@click.option(
    "--box-convention",
    type=click.Choice([one.value for one in BoxConvention]),
    default=BoxConvention.PIXELS.value,
    show_default=True,
    help="What the corners of Pascal VOC boxes are: pixels from 1, or points from 0.",
)
@click.option("--keep-degenerate", is_flag=True, help="Take boxes without width or height as they are.")
@click.option("--skip-bad", is_flag=True, help="Leave out files that cannot be imported.")
@click.option("--strict", is_flag=True, help="Stop where an instance cannot be stored.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object that says what was done.")
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
        box_convention=BoxConvention(options["box_convention"]),
        keep_degenerate=options["keep_degenerate"],
        skip_bad=options["skip_bad"],
        strict=options["strict"],
        progress=shown_progress(),
    )
    shown = format_path(parse_path(to)) or "/"
    if options["as_json"]:
        say_json(json_report(report, shown))
        return
    if options["format_"] is None:
        note(f"read as {report.format}: {report.reason}")
    say_report(report, shown)
