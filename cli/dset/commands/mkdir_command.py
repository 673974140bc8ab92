"""`dset mkdir`."""

import click

from dset.context import open_repository
from dset.output import say
from dvcore.model.names import format_path, parse_path
from dvcore.repo.entries import make_directory


@click.command("mkdir")
@click.argument("directories", nargs=-1, required=True)
def command(directories: tuple[str, ...]) -> None:
    """Make DIRECTORIES, and those on the way to them."""
    repository = open_repository()
    for path in map(parse_path, directories):
        made = make_directory(repository, path)
        say(f"{'made' if made else 'is there already:'} {format_path(path)}/")
