"""`dset show`."""

import re

import click

from dset.commands.project_command import show_project
from dset.conflicts import conflict_json, describe_conflict
from dset.context import open_repository
from dset.files import file_line, whole_file_json
from dset.geometries import describe_geometry
from dset.output import count, format_size, format_time, iso_time, json_values, one_line, say, say_json
from dset.snapshot_facts import show_snapshot
from dvcore.errors import InvalidInputError, NotFoundError, nearest_hint
from dvcore.history.conflict_paths import conflicts_at
from dvcore.ids import CommitId, FileId, format_id, format_short, parse_id
from dvcore.model.names import Path, format_path
from dvcore.model.tree import Directory, FileEntry
from dvcore.model.values import format_value
from dvcore.repo.projects import list_projects
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import parse_snapshot, resolve_commit, split_revision
from dvcore.repo.treereader import TreeReader


@click.command("show")
@click.argument("thing", metavar="THING")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(thing: str, as_json: bool) -> None:
    """Show THING: a file or directory ([REV:]PATH or a file id), a snapshot (PROJECT@N), a project, or a commit.

    The first of these that has the name is shown.
    """
    repository = open_repository()
    if parse_snapshot(thing):
        show_snapshot(repository, thing, as_json=as_json)
    elif not (_show_path(repository, thing, as_json) or _show_file_id(repository, thing, as_json)):
        if thing in list_projects(repository):
            show_project(repository, thing, as_json=as_json)
        else:
            _show_commit(repository, _commit(repository, thing), as_json)


def _commit(repository: Repository, thing: str) -> CommitId:
    """The commit that a text names; where nothing has the name, the message is the one that fits a path."""
    try:
        return resolve_commit(repository, thing)
    except NotFoundError as unknown:
        if re.search(r"~\d*$", thing):
            raise
        if "/" in thing or ":" in thing:
            revision, path = split_revision(repository, thing)
            repository.tree(revision.tree).entry(path)
        beside = [name for name, _ in repository.working_tree().iter_directory(repository.working_tree().tree.root)]
        hint = nearest_hint(thing, [*list_projects(repository), *beside]) or unknown.hint
        message = f"nothing is called {thing!r}: no path, project, snapshot or revision"
        raise NotFoundError(message, hint=hint) from None


def _show_path(repository: Repository, thing: str, as_json: bool) -> bool:
    try:
        revision, path = split_revision(repository, thing)
        reader = repository.tree(revision.tree)
        entry = reader.find_entry(path)
    except (NotFoundError, InvalidInputError):
        if ":" in thing:
            raise
        return False
    if isinstance(entry, Directory):
        _show_directory(reader, path, entry, as_json)
    elif isinstance(entry, FileEntry):
        _show_file(reader, path, entry.file, as_json)
    return entry is not None or _show_conflicts(reader, path, as_json)


def _show_file_id(repository: Repository, thing: str, as_json: bool) -> bool:
    try:
        file = FileId(parse_id(thing))
    except InvalidInputError:
        return False
    reader = repository.working_tree()
    paths = reader.paths_of([file])[file]
    if paths:
        _show_file(reader, paths[0], file, as_json)
    return bool(paths)


def _show_directory(reader: TreeReader, path: Path, directory: Directory, as_json: bool) -> None:
    if as_json:
        say_json({"directory": format_path(path), "files": directory.files, "root": format_id(directory.root)})
        return
    say(f"directory {format_path(path) or '/'}: {count(directory.files, 'file')}")
    for name, entry in reader.iter_directory(directory):
        if isinstance(entry, Directory):
            say(f"  {name}/  {count(entry.files, 'file')}")


def _show_file(reader: TreeReader, path: Path, file: FileId, as_json: bool) -> None:
    conflicts = conflicts_at(reader, path)
    if as_json:
        listed = {"conflicts": [conflict_json(reader, path, one) for one in conflicts]} if conflicts else {}
        say_json({**whole_file_json(reader, path, file), **listed})
        return
    record = reader.record(file)
    annotations = reader.annotations(record)
    say(file_line(reader, path, file))
    say(f"id     {format_id(file)}")
    say(f"blob   {format_id(record.blob)}  {format_size(record.size)}")
    if record.facts:
        facts = record.facts
        turned = f", EXIF orientation {facts.orientation}" if facts.orientation is not None else ""
        say(f"image  {facts.width}x{facts.height} as displayed, {facts.format}, {facts.mode}, {facts.bits} bit{turned}")
    for other in reader.paths_of([file])[file]:
        if other != path:
            say(f"also   {format_path(other)}")
    for name, value in json_values(reader.variables(record)).items():
        say(f"{name} = {format_value(value)}")
    for instance in annotations.instances:
        say(f"  {format_short(instance.id)}  {instance.label}  {describe_geometry(instance.geometry)}")
    for one in conflicts:
        say(f"conflict: {describe_conflict(reader, one)}")


def _show_conflicts(reader: TreeReader, path: Path, as_json: bool) -> bool:
    """What a merge is to settle about a path at which there is nothing now; whether there is anything."""
    conflicts = conflicts_at(reader, path) if path else []
    if as_json and conflicts:
        listed = [conflict_json(reader, path, one) for one in conflicts]
        say_json({"path": format_path(path), "conflicts": listed})
    elif conflicts:
        say(f"{format_path(path)}: not here")
        for one in conflicts:
            say(f"conflict: {describe_conflict(reader, one)}")
    return bool(conflicts)


def _show_commit(repository: Repository, id_: CommitId, as_json: bool) -> None:
    commit = repository.objects.load_commit(id_)
    tree = repository.tree(commit.tree).tree
    fields = {
        "commit": format_id(id_),
        "parents": [format_id(parent) for parent in commit.parents],
        "author": commit.author,
        "time": iso_time(commit.time),
        "message": commit.message,
        "tree": format_id(commit.tree),
        "files": tree.root.files,
    }
    if as_json:
        say_json(fields)
        return
    say(f"commit  {format_id(id_)}")
    for parent in commit.parents:
        say(f"parent  {format_id(parent)}")
    say(f"author  {one_line(commit.author)}")
    say(f"time    {format_time(commit.time)}")
    say(f"tree    {format_id(commit.tree)}, {count(tree.root.files, 'file entry', 'file entries')}")
    say()
    for line in commit.message.splitlines():
        say(f"    {one_line(line)}")
