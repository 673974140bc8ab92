"""`dset commit`."""

import click

from dset.context import open_repository
from dset.output import say, say_json
from dvcore.ids import format_id, format_short
from dvcore.repo.commits import commit_working


@click.command("commit")
@click.option("-m", "--message", required=True, help="What changed and why.")
@click.option("--author", metavar="'NAME <MAIL>'", help="Who made the change.")
@click.option("--json", "as_json", is_flag=True, help='{"commit"}')
def command(message: str, author: str | None, as_json: bool) -> None:
    """Fix the working state of the current branch under one hash."""
    repository = open_repository(author)
    commit = commit_working(repository, message)
    if as_json:
        say_json({"commit": format_id(commit)})
    else:
        say(f"{format_short(commit)} {message.strip().splitlines()[0]}")
