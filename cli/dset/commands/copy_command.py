"""`dset copy`."""

from pathlib import Path

import click

from dset.context import open_repository
from dset.output import counts, say
from dset.selecting import read_sources, selection, selection_options
from dvcore.model.names import format_path, parse_path
from dvcore.repo.copying import CopyOptions, copy


@click.command("copy")
@click.argument("sources", nargs=-1)
@click.argument("destination")
@click.option("--with-instances/--without-instances", default=True, help="Copy instances too; the default is to.")
@click.option(
    "--without-variables",
    "without",
    multiple=True,
    metavar="NAME|all",
    help="Leave out a variable, or all of them.",
)
@selection_options
def command(
    sources: tuple[str, ...],
    destination: str,
    with_instances: bool,
    without: tuple[str, ...],
    where: str | None,
    sample: int | None,
    from_file: Path | None,
) -> None:
    """Make new files over the bytes of SOURCES in the directory DESTINATION; afterwards the two are independent.

    Without instances, the copies are not annotated either; variables stay unless they are left out.
    """
    repository = open_repository()
    target = parse_path(destination)
    options = CopyOptions(with_instances, None if "all" in without else frozenset(without))
    chosen = selection(repository, where, sample)
    report = copy(repository, read_sources(repository, sources, from_file), target, options=options, selection=chosen)
    done = counts([(report.copied, "copied"), (report.present, "there already and left alone")])
    say(f"{format_path(target) or '/'}: {done}")
