"""`dset remove`."""

from typing import Final

import click

from dset.context import open_repository
from dset.output import count, say
from dset.selecting import selection, where_option
from dvcore.model.names import format_path, parse_path
from dvcore.repo.entries import remove

_SHOWN: Final = 5


@click.command("remove")
@click.argument("paths", nargs=-1, required=True)
@where_option
def command(paths: tuple[str, ...], where: str | None) -> None:
    """Remove entries: files, or directories with everything under them; with --where, the files at and under them that
    the expression holds for, and no directory.

    A file that another directory holds stays there. With its last entry it goes from the working state; commits and
    'dset undo' bring it back.
    """
    targets = [parse_path(path) for path in paths]
    repository = open_repository()
    report = remove(repository, targets, selection(repository, where))
    names = ", ".join(map(format_path, targets[:_SHOWN])) + (", …" if len(targets) > _SHOWN else "")
    say(f"removed {'from ' if where else ''}{names or '/'}: {count(report.entries, 'file entry', 'file entries')}")
    if report.last:
        say(f"{count(report.files, 'file')} had no other entry and left the working state:")
        for path in report.last[:_SHOWN]:
            say(f"  {format_path(path)}")
        if report.files > _SHOWN:
            say(f"  … and {report.files - _SHOWN:,} more")
