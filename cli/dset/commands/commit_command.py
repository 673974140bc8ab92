"""`dset commit`."""

import click

from dset.context import open_repository
from dset.output import say, say_json, subject
from dvcore.ids import format_id, format_short
from dvcore.repo.commits import commit_working


@click.command("commit")
@click.option("-m", "--message", help="What changed and why; a merge has a message of its own.")
@click.option("--author", metavar="'NAME <MAIL>'", help="Who made the change.")
@click.option("--json", "as_json", is_flag=True, help='{"commit"}')
def command(message: str | None, author: str | None, as_json: bool) -> None:
    """Fix the working state of the current branch under one hash. In the midst of a merge, this ends it."""
    repository = open_repository(author)
    if message is None and repository.working_tree().tree.merging is None:
        raise click.UsageError("say what changed, with -m or --message")
    commit = commit_working(repository, message)
    if as_json:
        say_json({"commit": format_id(commit)})
    else:
        said = subject(repository.objects.load_commit(commit).message)
        say(f"{format_short(commit)} {said}")
