"""`dset fetch`."""

import click

from dset.context import open_repository
from dset.fetch_report import end_with, fetch_json, say_fetch
from dset.output import count, say, say_json
from dset.progress import shown_progress
from dset.remotes import remote_of, side_files
from dset.wanted_images import wanted_images
from dvcore.remote.exchange.fetch import fetch
from dvcore.repo.bringing import bring_blobs
from dvcore.repo.repository import Repository


@click.command("fetch")
@click.argument("remote", required=False)
@click.option("--with-shards", is_flag=True, help="The snapshots' TFRecords, too.")
@click.option(
    "--for",
    "what",
    multiple=True,
    metavar="WHAT",
    help="Only the images that are not here of a directory, a file or a project; may be given more than once.",
)
@click.option("--where", metavar="EXPR", help="Only the images of files that the expression holds for.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="With one of these two: of N files at most.")
@click.option("--json", "as_json", is_flag=True, help='{"remote","refs":[…],"objects","blobs","bytes","absent",…}')
def command(
    remote: str | None,
    with_shards: bool,
    what: tuple[str, ...],
    where: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Bring what REMOTE (the only one, or 'origin') has and we lack, and see its branches as REMOTE/BRANCH.

    Our branches and working states stay as they are; 'dset pull' merges. With --for or --where, only images come, from
    whichever remote has them.
    """
    is_part = bool(what) or where is not None
    if is_part and (remote or with_shards):
        raise click.UsageError("--for and --where bring images, from any remote, and nothing else")
    if limit is not None and not is_part:
        raise click.UsageError("--limit goes with --for or --where")
    repository = open_repository()
    if is_part:
        _bring(repository, what, where, limit, as_json=as_json)
    else:
        _fetch(repository, remote, with_shards=with_shards, as_json=as_json)


def _bring(
    repository: Repository, what: tuple[str, ...], where: str | None, limit: int | None, *, as_json: bool
) -> None:
    came = bring_blobs(repository, wanted_images(repository, what, where, limit), shown_progress())
    if as_json:
        say_json({"blobs": came})
    else:
        say(f"{count(came, 'image')} came" if came else "all of these images are here")


def _fetch(repository: Repository, name: str | None, *, with_shards: bool, as_json: bool) -> None:
    remote = remote_of(repository, name)
    report = fetch(
        repository,
        remote.open(),
        remote.name,
        is_lazy=remote.is_lazy,
        with_shards=with_shards,
        side_files=side_files,
        progress=shown_progress(),
    )
    if as_json:
        say_json(fetch_json(report))
    else:
        say_fetch(report)
    end_with(report.adopted)
