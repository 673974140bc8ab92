"""`dset mirror`."""

from pathlib import Path

import click

from dset.context import open_repository
from dset.output import count, counts, say
from dset.selecting import read_sources, selection, selection_options
from dvcore.model.names import format_path, parse_path
from dvcore.repo.mirroring import mirror


@click.command("mirror")
@click.argument("sources", nargs=-1)
@click.argument("destination")
@selection_options
@click.option("--prune", is_flag=True, help="Take out of DESTINATION what is not mirrored by this call.")
def command(
    sources: tuple[str, ...],
    destination: str,
    where: str | None,
    sample: int | None,
    from_file: Path | None,
    prune: bool,
) -> None:
    """Put the files SOURCES, and the contents of directories among them, into the directory DESTINATION.

    They are the same files in both places: a correction shows in both. Later additions to a source do not follow until
    the command is repeated.
    """
    repository = open_repository()
    target = parse_path(destination)
    chosen = selection(repository, where, sample)
    report = mirror(repository, read_sources(repository, sources, from_file), target, selection=chosen, prune=prune)
    done = counts([(report.added, "added"), (report.present, "there already"), (report.pruned, "taken out")])
    say(f"{format_path(target) or '/'}: {done} ({count(report.added + report.present, 'file')} mirrored)")
