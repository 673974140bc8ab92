"""`dset log`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from unicodedata import normalize

import click

from dset.context import open_repository
from dset.graph import Graph
from dset.output import format_time, iso_time, note, one_line, say, say_json
from dset.paging import paged
from dset.styles import styled
from dset.times import parse_moment
from dvcore.errors import InvalidInputError, NotFoundError, nearest_hint
from dvcore.history.concerns import Wanted
from dvcore.history.log import Logged, find_logged_file, iter_graph_log, iter_log
from dvcore.ids import CommitId, FileId, format_id, format_short, parse_id
from dvcore.model.commit import Commit
from dvcore.model.names import parse_path
from dvcore.model.tree import Directory
from dvcore.repo.commits import head_commit
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import resolve_commit


@click.command("log")
@click.argument("revision", required=False)
@click.option("-n", "number", type=click.IntRange(min=1), help="At most so many.")
@click.option(
    "--since", metavar="TIME", help="None older: 2026-11-22, '2026-11-22 14:30', yesterday, '3 days ago', 2w."
)
@click.option("--directory", metavar="D", help="Those that changed something in the directory D.")
@click.option("--file", "file", metavar="F", help="Those that changed the file F, a path or an id, wherever it was.")
@click.option("--label", metavar="L", help="Those that changed instances of the label L; in D, or of F, where given.")
@click.option("--graph", is_flag=True, help="Draw which came of which.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each commit.")
def command(
    revision: str | None,
    number: int | None,
    since: str | None,
    directory: str | None,
    file: str | None,
    label: str | None,
    graph: bool,
    as_json: bool,
) -> None:
    """List REVISION (the current branch) and the commits before it, newest first.

    What a merge took over from one side is listed where it was made; the merge only for what it changed itself.
    """
    if directory is not None and file is not None:
        raise click.UsageError("--directory excludes --file")
    if graph and as_json:
        raise click.UsageError("--graph excludes --json, which has the parents of each commit")
    repository = open_repository()
    start = head_commit(repository) if revision is None else _start(repository, revision)
    if start is None:
        if not as_json:
            say(f"no commit on {repository.branch()} yet")
        return
    wanted = _wanted(repository, start, directory, file, label)
    oldest = None if since is None else parse_moment(since, datetime.now(UTC))
    listed = (iter_graph_log if graph else iter_log)(repository, start, wanted=wanted, since=oldest)
    if as_json:
        for one in islice(listed, number):
            say_json(_json(one.id, one.commit))
        return
    with paged():
        shown = _draw(listed, number) if graph else _list(islice(listed, number))
    if not shown:
        note(f"no commit of this history is one of those{_unknown_label(repository, start, label)}")


def _unknown_label(repository: Repository, start: CommitId, label: str | None) -> str:
    """What may be the slip where nothing was found. A label that is gone again is found by its commits."""
    known = [one.name for one in repository.tree(repository.objects.load_commit(start).tree).tree.labels]
    if label is None or label in known:
        return ""
    hint = nearest_hint(label, known)
    return f"; no label {label!r} is declared" + (f"; {hint}" if hint else "")


def _start(repository: Repository, revision: str) -> CommitId:
    try:
        return resolve_commit(repository, revision)
    except NotFoundError as error:
        entry = repository.working_tree().find_entry(parse_path(revision))
        if entry is None or not revision:
            raise
        option = "--directory" if isinstance(entry, Directory) else "--file"
        raise NotFoundError(error.message, hint=f"'{option} {revision}' is what changed that path") from None


def _wanted(
    repository: Repository, start: CommitId, directory: str | None, file: str | None, label: str | None
) -> Wanted | None:
    if directory is None and file is None and label is None:
        return None
    return Wanted(
        None if directory is None else parse_path(directory),
        None if file is None else _file(repository, start, file),
        None if label is None else normalize("NFC", label),
    )


def _file(repository: Repository, start: CommitId, text: str) -> FileId:
    try:
        return FileId(parse_id(text))
    except InvalidInputError:
        return find_logged_file(repository, start, parse_path(text))


def _list(listed: Iterator[Logged]) -> int:
    """Print commits as they come; how many there were."""
    shown = 0
    for one in listed:
        head, *message = _lines(one.id, one.commit)
        say("\n".join([head, *(f"    {line}".rstrip() for line in message)]))
        shown += 1
    return shown


def _draw(listed: Iterator[Logged], number: int | None) -> int:
    """Print the graph: what is wanted, and the merges in between, which join the lines; how much was wanted."""
    graph, shown = Graph(), 0
    for one in listed:
        parents = one.commit.parents
        if one.is_wanted:
            rows = graph.rows(one.id, parents, _lines(one.id, one.commit))
        elif len(parents) > 1:
            rows = graph.rows(one.id, parents, [], mark="o")
        else:
            rows = graph.pass_over(one.id, parents)
        if drawn := "\n".join(rows):
            say(drawn)
        shown += one.is_wanted
        if shown == number:
            break
    return shown


def _lines(id_: CommitId, commit: Commit) -> list[str]:
    head = f"{styled(format_short(id_), 'yellow')}  {format_time(commit.time)}  {one_line(commit.author)}"
    return [head, *map(one_line, commit.message.splitlines())]


def _json(id_: CommitId, commit: Commit) -> dict[str, Any]:
    return {
        "commit": format_id(id_),
        "parents": [format_id(parent) for parent in commit.parents],
        "author": commit.author,
        "time": iso_time(commit.time),
        "message": commit.message,
    }
