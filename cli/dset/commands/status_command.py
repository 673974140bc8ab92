"""`dset status`."""

import click

from dset.changes import say_changes
from dset.context import open_repository
from dset.output import say
from dvcore.repo.commits import head_commit
from dvcore.repo.edits import empty_tree


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each change.")
def command(as_json: bool) -> None:
    """Show what the working state has that the last commit has not."""
    repository = open_repository()
    branch = repository.branch()
    commit = head_commit(repository)
    committed = empty_tree(repository.draft()) if commit is None else repository.objects.load_commit(commit).tree
    before, after = repository.tree(committed), repository.tree(repository.work(branch))
    if not as_json:
        say(f"branch {branch}" if commit else f"branch {branch}, no commit yet")
    if before.id == after.id:
        if not as_json:
            say("nothing to commit")
        return
    say_changes(before, after, as_json=as_json, limit=20)
