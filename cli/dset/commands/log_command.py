"""`dset log`."""

from itertools import islice

import click

from dset.context import open_repository
from dset.output import format_time, iso_time, say, say_json
from dvcore.ids import format_id, format_short
from dvcore.repo.commits import head_commit, iter_history
from dvcore.repo.revisions import resolve_commit


@click.command("log")
@click.argument("revision", required=False)
@click.option("-n", "number", type=click.IntRange(min=1), help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each commit.")
def command(revision: str | None, number: int | None, as_json: bool) -> None:
    """List REVISION (the current branch) and the commits before it, newest first."""
    repository = open_repository()
    start = resolve_commit(repository, revision) if revision else head_commit(repository)
    if start is None:
        if not as_json:
            say(f"no commit on {repository.branch()} yet")
        return
    for id_, commit in islice(iter_history(repository, start), number):
        if as_json:
            say_json(
                {
                    "commit": format_id(id_),
                    "parents": [format_id(parent) for parent in commit.parents],
                    "author": commit.author,
                    "time": iso_time(commit.time),
                    "message": commit.message,
                }
            )
        else:
            say(f"{format_short(id_)}  {format_time(commit.time)}  {commit.author}")
            for line in commit.message.splitlines():
                say(f"    {line}")
