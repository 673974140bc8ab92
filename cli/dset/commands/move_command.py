"""`dset move`."""

import click

from dset.context import open_repository
from dset.output import count, say
from dvcore.model.names import format_path, parse_path
from dvcore.repo.entries import move


@click.command("move")
@click.argument("sources", nargs=-1, required=True)
@click.argument("destination")
def command(sources: tuple[str, ...], destination: str) -> None:
    """Move SOURCES into the directory DESTINATION, or rename the one SOURCE to it. Files keep their ids."""
    target = parse_path(destination)
    moved = move(open_repository(), [parse_path(source) for source in sources], target)
    say(f"moved {count(moved, 'entry', 'entries')} to {format_path(target) or '/'}")
