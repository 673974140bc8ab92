"""`dset stats`."""

from pathlib import Path

import click

from dset.addresses import located
from dset.context import on_disk, open_repository
from dset.selecting import selection, where_option


@click.command("stats")
@click.argument("directory", required=False, default="", metavar="[REV:]DIRECTORY")
@where_option
@click.option(
    "--depth",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Count sub-directories down to this depth, each with all that is under it.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Write a page with plots.")
def command(directory: str, where: str | None, depth: int, as_json: bool, html: Path | None) -> None:
    """Describe the files of DIRECTORY: counts by directory and label, sizes, areas, values of variables."""
    from dset.stats_report import Asked, find_statistics, report  # noqa: PLC0415 - 100 ms with numpy, not for --help

    repository = open_repository()
    reader, path = located(repository, directory, hint=f"'dset stats {directory}:' describes that revision")
    chosen = selection(repository, where)
    statistics = find_statistics(repository, reader, path, selection=chosen, depth=depth)
    report(Asked(directory, where), statistics, as_json=as_json, page=None if html is None else on_disk(html))
