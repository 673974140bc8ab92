"""`dset tag`."""

import click

from dset.context import open_repository
from dset.output import format_time, iso_time, say, say_json, subject
from dvcore.ids import format_id, format_short
from dvcore.repo.branches import create_tag, delete_tag, list_tags
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import HEAD, resolve_commit


@click.command("tag")
@click.argument("name", required=False)
@click.argument("revision", required=False)
@click.option("-d", "--delete", is_flag=True, help="Take the tag NAME away.")
@click.option("--json", "as_json", is_flag=True, help="List as JSON, an object a line.")
def command(name: str | None, revision: str | None, delete: bool, as_json: bool) -> None:
    """List tags with the date and the message of their commits, or give REVISION (HEAD) the tag NAME."""
    repository = open_repository()
    if delete and (name is None or revision is not None):
        raise click.UsageError("name one tag")
    if name is None:
        _list(repository, as_json=as_json)
    elif delete:
        commit = delete_tag(repository, name)
        say(f"deleted the tag {name}, which was at {format_short(commit)}")
    else:
        with repository.writing():  # what is found is not collected before it has its name
            commit = resolve_commit(repository, HEAD if revision is None else revision)
            create_tag(repository, name, commit)
        say(f"tag {name} at {format_short(commit)}")


def _list(repository: Repository, *, as_json: bool) -> None:
    for name, id_ in list_tags(repository):
        commit = repository.objects.load_commit(id_)
        if as_json:
            time, message = iso_time(commit.time), commit.message
            say_json({"tag": name, "commit": format_id(id_), "time": time, "message": message})
        else:
            say(f"{name}  {format_short(id_)}  {format_time(commit.time)}  {subject(commit.message)}")
