"""`dset verify`."""

import click

from dset.context import open_repository
from dset.output import count, note, say, say_json
from dset.progress import shown_progress
from dset.snapshots import place_on_disk


@click.command("verify")
@click.argument("snapshot", metavar="PROJECT@N")
@click.option("--rebuild", is_flag=True, help="Make all shards anew, without any cache, and compare them.")
@click.option("--out", metavar="DIR|URL", help="Where the files are; else where they were last written.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Threads; the default is one for each processor.")
@click.option("--json", "as_json", is_flag=True, help='{"ok","problems"}')
def command(snapshot: str, rebuild: bool, out: str | None, jobs: int | None, as_json: bool) -> int:
    """Check the shards of a snapshot against its manifest."""
    from dvcore.snapshot.verifying.verify import verify_files, verify_rebuild  # noqa: PLC0415 - 70 ms with Pillow: not for --help

    repository = open_repository()
    folder = None if out is None else place_on_disk(out)
    if rebuild:
        result = verify_rebuild(repository, snapshot, folder=folder, jobs=jobs, progress=shown_progress())
    else:
        result = verify_files(repository, snapshot, folder=folder, progress=shown_progress())
    if as_json:
        found = {kind: list(paths) for kind, paths in result.differences.paths.items()}
        more = {"differences": found} if rebuild else {}
        say_json({"ok": result.ok, "problems": list(result.problems), **more})
    else:
        for problem in result.problems:
            say(problem)
        how = "made anew" if rebuild else "read"
        say(f"{result.snapshot}: {count(result.shards, 'shard')} {how}, {'all well' if result.ok else 'not well'}")
    for line in result.notes:
        note(line)
    return 0 if result.ok else 1
