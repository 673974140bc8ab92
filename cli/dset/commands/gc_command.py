"""`dset gc`."""

import re
from datetime import timedelta
from typing import Any, Final

import click

from dset.context import open_repository
from dset.output import count, format_size, note, say, say_json, say_table
from dset.progress import shown_progress
from dvcore.repo.gc import (
    KEEP_OPERATIONS,
    WAIT_SECONDS,
    GcReport,
    StoreReport,
    Tally,
    Way,
    collect_garbage,
    preview_garbage,
)

_UNITS: Final = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds", "": "seconds"}
_WAYS: Final = {
    Way.REWRITE: "written anew",
    Way.SWEEP: "swept in place, its room is used again",
    Way.NOTHING: "nothing to do",
    Way.POSTPONE: "left for later, as others have it open",
}


def _age(context: click.Context, parameter: click.Parameter, text: str | None) -> timedelta | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,6})([wdhms]?)", text)
    if match is None or (not match[2] and int(match[1])):
        raise click.BadParameter(f"{text!r} is no age: write 30d, 12h or 0")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


@click.command("gc")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option(
    "--keep-operations",
    metavar="AGE",
    callback=_age,
    help=f"Operations younger than this can still be undone: 2w, 12h, 0.  [default: {KEEP_OPERATIONS.days}d]",
)
@click.option(
    "--wait",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    help=f"How long other commands may go on writing before this one gives up.  [default: {WAIT_SECONDS:g}]",
)
@click.option(
    "--remote",
    is_flag=False,
    flag_value="",
    metavar="[NAME]",
    help="Collect on a remote, beside those who push and fetch: on NAME, the only one, or 'origin'.",
)
@click.option(
    "--grace",
    metavar="AGE",
    callback=_age,
    help="With --remote: packs go that were taken out of use so long ago; less than hours only where nobody else is at "
    "work there.  [default: 24h]",
)
@click.option(
    "--json", "as_json", is_flag=True, help='{"dry_run","freed","disk","stores","expired","leftovers","stuck"}'
)
def command(
    dry_run: bool,
    keep_operations: timedelta | None,
    wait: float | None,
    remote: str | None,
    grace: timedelta | None,
    as_json: bool,
) -> None:
    """Remove what nothing leads to any more: neither refs, nor working states, nor operations that can be undone.

    With --remote, what no ref of the remote leads to: packs go out of use first, and their bytes in a later run.
    """
    if remote is not None:
        if keep_operations is not None or wait is not None:
            raise click.UsageError("--keep-operations and --wait are for the repository, not for --remote")
        from dset.remote_gc import collect  # noqa: PLC0415 - 40 ms, for remotes only

        collect(remote or None, grace=grace, dry_run=dry_run, as_json=as_json)
        return
    if grace is not None:
        raise click.UsageError("--grace is for --remote")
    _collect(KEEP_OPERATIONS if keep_operations is None else keep_operations, wait, dry_run=dry_run, as_json=as_json)


def _collect(keep_operations: timedelta, wait: float | None, *, dry_run: bool, as_json: bool) -> None:
    repository, progress = open_repository(), shown_progress()
    if dry_run:
        report = preview_garbage(repository, keep_operations=keep_operations, progress=progress)
    else:
        patience = WAIT_SECONDS if wait is None else wait
        report = collect_garbage(repository, keep_operations=keep_operations, wait=patience, progress=progress)
    if as_json:
        say_json(_json(report))
    else:
        _say(report)


def _say(report: GcReport) -> None:
    rows = [
        (one.table.name.lower().replace("_", " "), one.live.entries, one.dead.entries, format_size(one.dead.size))
        for store in report.stores
        for one in store.tables
    ]
    say_table(rows, header=("", "kept", "would go" if report.is_dry_run else "dead", "bytes"))
    for store in report.stores:
        say(f"{store.name}: {_WAYS[store.way]}")
    if report.expired:
        verb = "would no longer" if report.is_dry_run else "can no longer"
        say(f"{count(report.expired, 'operation')} {verb} be undone")
    if report.leftovers:
        note(f"removed {count(report.leftovers, 'leftover')} of commands that were killed, or of earlier collections")
    for path in report.stuck:
        note(f"could not remove {path}; the next 'dset gc' tries again")
    say(f"on disk: {format_size(report.disk_before)}, then {format_size(report.disk_after)}")


def _json(report: GcReport) -> dict[str, Any]:
    freed = [store.freed for store in report.stores]
    return {
        "dry_run": report.is_dry_run,
        "freed": _tally(Tally(sum(one.entries for one in freed), sum(one.size for one in freed))),
        "disk": {"before": report.disk_before, "after": report.disk_after},
        "stores": {store.name: _store(store) for store in report.stores},
        "expired": report.expired,
        "leftovers": report.leftovers,
        "stuck": [str(path) for path in report.stuck],
    }


def _store(store: StoreReport) -> dict[str, Any]:
    tables = {one.table.name.lower(): {"live": _tally(one.live), "dead": _tally(one.dead)} for one in store.tables}
    return {"way": store.way.value, "tables": tables}


def _tally(tally: Tally) -> dict[str, int]:
    return {"entries": tally.entries, "bytes": tally.size}
