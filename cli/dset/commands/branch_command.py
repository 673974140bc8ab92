"""`dset branch`."""

import click

from dset.context import open_repository
from dset.output import say, say_json
from dvcore.ids import format_id, format_short
from dvcore.repo.branches import create_branch, delete_branch, list_branches
from dvcore.repo.revisions import HEAD, resolve_commit


@click.command("branch")
@click.argument("name", required=False)
@click.argument("revision", required=False)
@click.option("-d", "--delete", is_flag=True, help="Delete the branch NAME.")
@click.option("--force", is_flag=True, help="Delete it with its uncommitted work.")
@click.option("--json", "as_json", is_flag=True, help="List as JSON, an object a line.")
def command(name: str | None, revision: str | None, delete: bool, force: bool, as_json: bool) -> None:
    """List branches, or start the branch NAME at REVISION (HEAD)."""
    repository = open_repository()
    if name is None:
        for one in list_branches(repository):
            if as_json:
                commit = None if one.commit is None else format_id(one.commit)
                say_json({"branch": one.name, "commit": commit, "current": one.is_current})
            else:
                state = format_short(one.commit) if one.commit else "no commit yet"
                say(f"{'*' if one.is_current else ' '} {one.name}  {state}{' + work' if one.has_uncommitted else ''}")
    elif delete:
        delete_branch(repository, name, force=force)
        say(f"deleted the branch {name}")
    else:
        with repository.writing():  # what is found is not collected before it has its name
            commit_id = resolve_commit(repository, revision or HEAD)
            create_branch(repository, name, commit_id)
        say(f"branch {name} at {format_short(commit_id)}; 'dset switch {name}' goes there")
