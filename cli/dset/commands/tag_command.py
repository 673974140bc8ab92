"""`dset tag`."""

import click

from dset.context import open_repository
from dset.output import say
from dvcore.ids import format_short
from dvcore.repo.branches import create_tag, list_tags
from dvcore.repo.revisions import HEAD, resolve_commit


@click.command("tag")
@click.argument("name", required=False)
@click.argument("revision", required=False)
def command(name: str | None, revision: str | None) -> None:
    """List tags, or give REVISION (HEAD) the tag NAME."""
    repository = open_repository()
    if name is None:
        for tag, commit in list_tags(repository):
            say(f"{tag}  {format_short(commit)}")
    else:
        with repository.writing():  # what is found is not collected before it has its name
            commit = resolve_commit(repository, revision or HEAD)
            create_tag(repository, name, commit)
        say(f"tag {name} at {format_short(commit)}")
