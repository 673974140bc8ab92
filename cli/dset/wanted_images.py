"""Which images `dset fetch --for` means."""

from collections.abc import Iterable, Iterator
from itertools import islice

import click

from dset.selecting import selection
from dvcore.ids import BlobId
from dvcore.model.names import Path
from dvcore.repo.addressing import resolve_addresses
from dvcore.repo.images import iter_images
from dvcore.repo.projects import list_projects, load_project
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader


def wanted_images(
    repository: Repository, what: Iterable[str], where: str | None, limit: int | None
) -> Iterator[BlobId]:
    """The images of directories, files and projects (a path before a project of its name), of `limit` files at most;
    without any, of all files. Projects are those that the working state would be exported as.

    Raises NotFoundError, click.UsageError where a project is to be filtered.
    """
    reader = repository.working_tree()
    projects = set(list_projects(repository))
    for text in what:
        if text not in projects:
            reader.entry(_path(reader, text))  # said at once: where all images are here, nobody looks
    named = [text for text in what if text in projects and reader.find_entry(_path(reader, text)) is None]
    if named and where is not None:
        raise click.UsageError(f"--where is for directories and files; the project {named[0]} has a filter of its own")
    return islice(_iter_wanted(repository, reader, list(what), named, where), limit)


def _iter_wanted(
    repository: Repository, reader: TreeReader, what: list[str], projects: list[str], where: str | None
) -> Iterator[BlobId]:
    for name in projects:
        yield from _project_images(repository, reader, name)
    others = [text for text in what if text not in projects]
    if others or not projects:
        sources = resolve_addresses(reader, others or ["/"])
        yield from (image.blob for image in iter_images(reader, sources, selection(repository, where)))


def _project_images(repository: Repository, reader: TreeReader, name: str) -> Iterator[BlobId]:
    from dvcore.snapshot.planning.planner import make_plan  # noqa: PLC0415 - 100 ms, which only a project needs

    plan = make_plan(repository, reader, load_project(repository, name).definition)
    return (example.blob for example in plan.examples)


def _path(reader: TreeReader, text: str) -> Path:
    (path,) = resolve_addresses(reader, [text])
    return path
