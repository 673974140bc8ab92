"""`dset snapshot`."""

import click

from dset.context import open_repository
from dset.output import note, say, say_json, warn
from dset.progress import shown_progress
from dset.snapshots import estimate_json, place_on_disk, plan_json, say_estimate, say_plan, say_snapshot, snapshot_json
from dvcore.repo.projects import Url
from dvcore.snapshot.planning.findings import plan_warnings


@click.command("snapshot")
@click.argument("project")
@click.option("--at", metavar="REV", help="The commit to take; the default is HEAD, with nothing uncommitted.")
@click.option("--out", metavar="DIR|URL", help="Where the files go, from now on: an empty or a new folder, or s3://….")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Threads; the default is one for each processor.")
@click.option("--skip-bad", is_flag=True, help="Leave out images that cannot be rendered, and count them.")
@click.option("--dry-run", is_flag=True, help="Only say what it would hold, and about how large it would be.")
@click.option("--json", "as_json", is_flag=True, help='{"snapshot","commit","digest","out","splits","left_out"}')
def command(
    project: str, at: str | None, out: str | None, jobs: int | None, skip_bad: bool, dry_run: bool, as_json: bool
) -> None:
    """Write the TFRecords of PROJECT from a commit. The same commit gives the same bytes, and the same number."""
    from dvcore.snapshot.taking.take import preview_snapshot, take_snapshot  # noqa: PLC0415 - 70 ms with Pillow: not for --help

    repository = open_repository()
    if dry_run:
        plan = preview_snapshot(repository, project, at=at)
        for line in plan_warnings(plan):
            warn(line)
        if as_json:
            say_json({**plan_json(plan), "estimate": estimate_json(plan)})
        else:
            say_plan(plan)
            say_estimate(plan)
        return
    target = None if out is None else place_on_disk(out)
    report = take_snapshot(
        repository, project, at=at, out=target, jobs=jobs, skip_bad=skip_bad, progress=shown_progress()
    )
    for line in report.warnings:
        warn(line)
    if as_json:
        say_json(snapshot_json(report))
        return
    if not report.is_new:
        note(f"this commit has this snapshot already: {report.snapshot}")
    say_snapshot(report)
    sent = f", {report.sent} sent" if isinstance(report.out, Url) else ""
    say(f"shards: {report.made} written, {report.shared} taken over unchanged{sent}")
