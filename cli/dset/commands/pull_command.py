"""`dset pull`."""

import click

from dset.context import open_repository
from dset.fetch_report import end_with, fetch_json, say_fetch
from dset.merge_report import say_merge
from dset.progress import shown_progress
from dset.remotes import remote_of, side_files
from dvcore.history.settling import Strategy
from dvcore.remote.exchange.pulling import pull


@click.command("pull")
@click.argument("remote", required=False)
@click.argument("branch", required=False)
@click.option("-m", "--message", help="Instead of 'merge REMOTE/BRANCH'.")
@click.option(
    "--strategy",
    type=click.Choice(["ours", "theirs", "union"]),
    help="What becomes of conflicts: our side, theirs, or both as far as can be (else ours).",
)
@click.option("--no-ff", is_flag=True, help="Make a commit even where the branch could just move forward.")
@click.option("--author", metavar="'NAME <MAIL>'", help="Who merges.")
@click.option("--json", "as_json", is_flag=True, help='{"fetched":{…},"commit","outcome","conflicts":[…]}')
def command(
    remote: str | None,
    branch: str | None,
    message: str | None,
    strategy: str | None,
    no_ff: bool,
    author: str | None,
    as_json: bool,
) -> None:
    """Fetch from REMOTE (the only one, or 'origin'), and merge its BRANCH (as ours is called) into the current branch.

    As with 'dset merge', conflicts are left for 'dset resolve', with exit code 1.
    """
    repository = open_repository(author)
    chosen = remote_of(repository, remote)
    report = pull(
        repository,
        chosen.open(),
        chosen.name,
        branch,
        is_lazy=chosen.is_lazy,
        message=message,
        strategy=Strategy(strategy or "stop"),
        fast_forward=not no_ff,
        side_files=side_files,
        progress=shown_progress(),
    )
    if not as_json:
        say_fetch(report.fetched)
    say_merge(repository, report.merged, as_json=as_json, beside={"fetched": fetch_json(report.fetched)})
    end_with(report.fetched.adopted)
