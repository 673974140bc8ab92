"""`dset undo`."""

import click

from dset.context import open_repository
from dset.output import format_time, say
from dvcore.repo.operations import undo


@click.command("undo")
def command() -> None:
    """Take back the newest operation that is not undone, whoever made it. Again goes further back."""
    repository = open_repository()
    operation = repository.store.update(lambda transaction: undo(transaction, repository.who()))
    say(f"undone: {operation.description} ({operation.author}, {format_time(operation.time)})")
