"""`dset merge`."""

import click

from dset.context import open_repository
from dset.merge_report import say_merge
from dset.output import say
from dvcore.history.merging import abort_merge, merge_commit
from dvcore.history.settling import Strategy
from dvcore.repo.revisions import resolve_commit


@click.command("merge")
@click.argument("revision", required=False)
@click.option("-m", "--message", help="Instead of 'merge REVISION'.")
@click.option(
    "--strategy",
    type=click.Choice(["ours", "theirs", "union"]),
    help="What becomes of conflicts: our side, theirs, or both as far as can be (else ours).",
)
@click.option("--no-ff", is_flag=True, help="Make a commit even where the branch could just move forward.")
@click.option("--abort", is_flag=True, help="Give the merge up that has conflicts; 'dset undo' brings it back.")
@click.option("--author", metavar="'NAME <MAIL>'", help="Who merges.")
@click.option("--json", "as_json", is_flag=True, help='{"commit","outcome","conflicts":[…]}')
def command(
    revision: str | None,
    message: str | None,
    strategy: str | None,
    no_ff: bool,
    abort: bool,
    author: str | None,
    as_json: bool,
) -> None:
    """Bring what was done up to REVISION into the current branch.

    Files, directories, variables and instances are merged each on their own. Without conflicts this makes a commit.
    With them, it lists them, leaves them in the working state for 'dset resolve', and ends with exit code 1;
    'dset commit' ends the merge.
    """
    if abort == (revision is not None):
        raise click.UsageError("name the revision to merge, or give the merge up with --abort")
    if abort and (message or strategy or no_ff or as_json):
        raise click.UsageError("--abort goes alone")
    repository = open_repository(author)
    if revision is None:
        abort_merge(repository)
        say("the merge is given up")
        return
    with repository.writing():  # what is found is not collected before it is used
        theirs = resolve_commit(repository, revision)
        chosen = Strategy(strategy or "stop")
        text = f"merge {revision}" if message is None else message
        report = merge_commit(repository, theirs, text, strategy=chosen, fast_forward=not no_ff)
    say_merge(repository, report, as_json=as_json)
