"""`dset revert`."""

import click

from dset.applying import change_options
from dset.context import open_repository
from dset.merge_report import say_merge
from dvcore.history.reverting import revert
from dvcore.history.settling import Strategy
from dvcore.repo.revisions import resolve_commit


@click.command("revert")
@click.argument("commit")
@change_options
def command(
    commit: str, message: str | None, parent: int | None, strategy: str | None, author: str | None, as_json: bool
) -> None:
    """Take back what COMMIT did, as a new commit; what came after it stays. Conflicts go the way of 'dset merge'."""
    repository = open_repository(author)
    with repository.writing():  # what is found is not collected before it is used
        id_ = resolve_commit(repository, commit)
        report = revert(repository, id_, message=message, parent=parent, strategy=Strategy(strategy or "stop"))
    say_merge(repository, report, as_json=as_json)
