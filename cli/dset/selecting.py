"""Options that say which files a command means, and the filter that the query layer makes of them."""

from collections.abc import Callable, Collection, Iterable
from pathlib import Path as DiskPath
from typing import Any

import click

from dset.output import warn
from dset.textfiles import read_text, text_file
from dvcore.model.names import Path, parse_path
from dvcore.repo.addressing import resolve_addresses
from dvcore.repo.repository import Repository
from dvcore.repo.selection import Selection
from dvcore.repo.treereader import TreeReader

Command = Callable[..., Any]


def where_option(command: Command) -> Command:
    """`--where EXPR`."""
    return click.option("--where", metavar="EXPR", help="Only files that the expression holds for.")(command)


def selection_options(command: Command) -> Command:
    """`--where`, `--sample` and `--from-file`."""
    command = click.option(
        "--from-file",
        type=text_file(),
        metavar="FILE",
        help="Read more sources from FILE, a path a line; - is standard input.",
    )(command)
    command = click.option(
        "--sample", type=click.IntRange(min=0), metavar="N", help="Only N files, picked by a hash of their ids."
    )(command)
    return where_option(command)


def selection(repository: Repository, where: str | None, sample: int | None = None) -> Selection:
    """The selection that the options describe."""
    return Selection(where=None if where is None else _filter(repository, where), sample=sample)


def read_sources(repository: Repository, sources: Iterable[str], from_file: DiskPath | None = None) -> list[Path]:
    """Paths and file ids from the command line and from a file, as paths."""
    lines = [] if from_file is None else read_text(from_file).replace("\r\n", "\n").split("\n")
    return resolve_addresses(repository.working_tree(), [text for text in (*sources, *lines) if text])


def _filter(repository: Repository, where: str) -> Callable[[TreeReader, Collection[Path]], Iterable[Path]]:
    """Advises once: a plan that is made again asks again."""
    from dvcore.query import iter_advice, select  # noqa: PLC0415 - 18 ms with SQLite, which only a filter needs

    is_advised = False

    def passing(reader: TreeReader, under: Collection[Path]) -> Iterable[Path]:
        nonlocal is_advised
        found = [parse_path(row.path) for row in select(repository, reader, where=where, under=list(under))]
        if not is_advised:
            is_advised = True
            for line in iter_advice(repository, reader, where):
                warn(f"--where: {line}")
        return found

    return passing
