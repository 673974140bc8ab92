"""`dset redo`."""

import click

from dset.context import open_repository
from dset.output import format_time, say
from dvcore.repo.operations import redo


@click.command("redo")
def command() -> None:
    """Do again what the last undo took back."""
    repository = open_repository()
    operation = repository.store.update(lambda transaction: redo(transaction, repository.who()))
    say(f"redone: {operation.description} ({operation.author}, {format_time(operation.time)})")
