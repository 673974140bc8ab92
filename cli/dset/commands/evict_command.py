"""`dset evict`."""

import click

from dset.context import open_repository
from dset.output import count, format_size, note, say, say_json
from dset.progress import shown_progress
from dset.remotes import remote_of
from dset.selecting import read_sources, selection, where_option
from dvcore.remote.absence.evicting import WAIT_SECONDS, evict
from dvcore.remote.exchange.fetch import index_cache
from dvcore.remote.exchange.refs import find_seen
from dvcore.repo.images import iter_images


@click.command("evict")
@click.argument("what", metavar="[WHAT]...", nargs=-1)
@where_option
@click.option("--remote", metavar="NAME", help="The remote that has them; else the only one, or 'origin'.")
@click.option(
    "--wait",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=WAIT_SECONDS,
    help=f"How long other commands may go on writing before this one gives up.  [default: {WAIT_SECONDS:g}]",
)
@click.option("--json", "as_json", is_flag=True, help='{"remote","blobs","bytes","kept"}')
def command(what: tuple[str, ...], where: str | None, remote: str | None, wait: float, as_json: bool) -> None:
    """Give up the images of WHAT (directories, files) here, which the remote has; without WHAT, all that it has.

    Only those go that the remote's branches, tags and snapshots lead to, after a look at its packs. They come back when
    they are needed, or with 'dset fetch --for'.
    """
    repository = open_repository()
    chosen = remote_of(repository, remote)
    images = None
    if what or where:
        reader = repository.working_tree()
        sources = read_sources(repository, what or ["/"])
        images = iter_images(reader, sources, selection(repository, where))
    report = evict(
        repository,
        chosen.open(),
        index_cache(repository, chosen.name),
        chosen.name,
        images,
        seen=find_seen(repository, chosen.name),
        wait=wait,
        progress=shown_progress(),
    )
    if as_json:
        say_json({"remote": chosen.name, "blobs": report.evicted, "bytes": report.bytes, "kept": report.kept})
        return
    if report.evicted:
        say(f"evicted {count(report.evicted, 'image')}, {format_size(report.bytes)}; {chosen.name} has them")
        note("'dset gc' gives their room back to the disk")
    else:
        say("nothing to evict")
    if report.kept:
        note(f"{count(report.kept, 'image')} stay: nothing that was pushed to {chosen.name} leads to them")
