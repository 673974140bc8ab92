"""`dset redo`."""

import click

from dset.context import open_repository
from dset.output import format_time, one_line, say
from dvcore.repo.undoing import redo_newest


@click.command("redo")
def command() -> None:
    """Do again what the last undo took back."""
    operation = redo_newest(open_repository())
    say(f"redone: {one_line(operation.description)} ({operation.author}, {format_time(operation.time)})")
