"""`dset undo`."""

import click

from dset.context import open_repository
from dset.output import format_time, one_line, say
from dvcore.repo.undoing import undo_newest


@click.command("undo")
def command() -> None:
    """Take back the newest operation that is not undone, whoever made it. Again goes further back."""
    operation = undo_newest(open_repository())
    say(f"undone: {one_line(operation.description)} ({operation.author}, {format_time(operation.time)})")
