"""`dset blame`."""

from typing import Any

import click

from dset.context import open_repository
from dset.geometries import describe_geometry
from dset.instances import format_instance
from dset.output import format_time, iso_time, one_line, say, say_json, subject
from dset.paging import paged
from dset.styles import styled
from dvcore.history.blame import Blame, Origin, blame_file
from dvcore.ids import SHORT_DIGITS, format_id, format_short
from dvcore.model.values import format_value
from dvcore.repo.revisions import split_revision


@click.command("blame")
@click.argument("file", metavar="[REV:]FILE")
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each part.")
def command(file: str, as_json: bool) -> None:
    """Say which commit made each variable and instance of FILE what it is, and brought its bytes."""
    repository = open_repository()
    blame = blame_file(repository, *split_revision(repository, file))
    if as_json:
        _say_json(blame)
    else:
        with paged():
            _say(blame)


def _say(blame: Blame) -> None:
    lines = [(blame.data, "bytes")]
    lines += [(origin, f"{name} = {format_value(value)}") for name, (value, origin) in blame.variables.items()]
    for instance, origin in blame.instances:
        lines.append((origin, f"{format_short(instance.id)}  {instance.label}  {describe_geometry(instance.geometry)}"))
    width = max(len(what) for _, what in lines)
    for origin, what in lines:
        id_ = " " * SHORT_DIGITS if origin.id is None else format_short(origin.id)
        say(f"{styled(id_, 'yellow')}  {one_line(what):<{width}}  {_who(origin)}")


def _who(origin: Origin) -> str:
    if origin.commit is None:
        return "not committed"
    author = one_line(origin.commit.author)
    return f"{format_time(origin.commit.time)}  {author}  {subject(origin.commit.message)}"


def _say_json(blame: Blame) -> None:
    say_json({"bytes": True, **_json(blame.data)})
    for name, (value, origin) in blame.variables.items():
        say_json({"variable": name, "value": value, **_json(origin)})
    for instance, origin in blame.instances:
        say_json({"instance": format_instance(instance), **_json(origin)})


def _json(origin: Origin) -> dict[str, Any]:
    """What JSON says of a commit; null where nothing is committed."""
    commit = origin.commit
    return {
        "commit": None if origin.id is None else format_id(origin.id),
        "author": None if commit is None else commit.author,
        "time": None if commit is None else iso_time(commit.time),
        "message": None if commit is None else commit.message,
    }
