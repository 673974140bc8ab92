"""`dset operations`."""

from itertools import islice

import click

from dset.context import open_repository
from dset.output import format_time, iso_time, one_line, say, say_json
from dvcore.repo.horizon import find_horizon
from dvcore.repo.operations import iter_operations


@click.command("operations")
@click.option("-n", "number", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each operation.")
def command(number: int, as_json: bool) -> None:
    """List what was done to the repository, newest first."""
    repository = open_repository()
    with repository.store.read() as transaction:
        listed = list(islice(iter_operations(transaction), number))
        horizon = find_horizon(transaction)
    for one in listed:
        if as_json:
            say_json(
                {
                    "number": one.number,
                    "kind": one.kind,
                    "description": one.description,
                    "author": one.author,
                    "time": iso_time(one.time),
                    "target": one.target,
                    "held": one.number > horizon,
                }
            )
        else:
            say(f"{one.number:>5}  {format_time(one.time)}  {one.author}  {one_line(one.description)}")
