"""`dset ls`."""

from collections.abc import Iterator

import click

from dset.addresses import located
from dset.context import open_repository
from dset.files import file_json, file_line
from dset.output import say, say_json
from dset.selecting import selection, where_option
from dset.viewing import Viewed, view_options
from dvcore.ids import FileId
from dvcore.model.names import Path, format_path
from dvcore.model.tree import Directory, FileEntry
from dvcore.repo.edits import count_files
from dvcore.repo.repository import Repository
from dvcore.repo.selection import select_files
from dvcore.repo.treereader import TreeReader


@click.command("ls")
@click.argument("directory", required=False, default="", metavar="[REV:]DIRECTORY")
@click.option("-R", "--recursive", is_flag=True, help="Every file under it.")
@where_option
@click.option("--count", "only_count", is_flag=True, help="Only the number of files.")
@view_options
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each file.")
def command(
    directory: str, recursive: bool, where: str | None, only_count: bool, viewed: Viewed | None, as_json: bool
) -> None:
    """List a directory; with -R, --where or --project, the files at any depth."""
    repository = open_repository()
    reader, path = located(repository, directory, hint=f"'dset ls {directory}:' lists that revision")
    entry = reader.entry(path)
    if viewed is not None:
        files = viewed.iter_files(repository, reader, path)
        if where is not None:
            passing = set(_matching(repository, reader, path, where))
            files = (one for one in files if one in passing)
    elif where is not None:
        files = _matching(repository, reader, path, where)
    elif only_count:
        say_json(count_files(entry))
        return
    elif recursive or isinstance(entry, FileEntry):
        files = reader.iter_files(path)
    else:
        _list_level(reader, entry, path, as_json=as_json)
        return
    if only_count:
        say_json(sum(1 for _ in files))
        return
    for one, file in files:
        _say_file(reader, one, file, as_json=as_json)


def _matching(repository: Repository, reader: TreeReader, path: Path, where: str) -> Iterator[tuple[Path, FileId]]:
    for one in select_files(reader, [path], selection(repository, where)):
        yield one.path, one.file


def _list_level(reader: TreeReader, directory: Directory, path: Path, *, as_json: bool) -> None:
    for name, entry in reader.iter_directory(directory):
        inner = (*path, name)
        if isinstance(entry, Directory):
            if as_json:
                say_json({"directory": format_path(inner), "files": entry.files})
            else:
                say(f"{format_path(inner)}/  {entry.files:,} file{'' if entry.files == 1 else 's'}")
        else:
            _say_file(reader, inner, entry.file, as_json=as_json)


def _say_file(reader: TreeReader, path: Path, file: FileId, *, as_json: bool) -> None:
    if as_json:
        say_json(file_json(reader, path, file))
    else:
        say(file_line(reader, path, file))
