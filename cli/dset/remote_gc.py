"""`dset gc --remote`: what was collected on a remote."""

from datetime import timedelta
from typing import Any

from dset.context import open_repository
from dset.output import count, format_size, say, say_json
from dset.progress import shown_progress
from dset.remotes import remote_of
from dvcore.remote.exchange.fetch import index_cache
from dvcore.remote.exchange.refs import find_seen
from dvcore.remote.upkeep.collecting import GRACE, collect_remote
from dvcore.remote.upkeep.report import RemoteGcReport, Tally


def collect(name: str | None, *, grace: timedelta | None, dry_run: bool, as_json: bool) -> None:
    """Collect a remote's garbage, or only look, and say what came of it."""
    repository = open_repository()
    remote = remote_of(repository, name)
    report = collect_remote(
        remote.open(),
        index_cache(repository, remote.name),
        grace=GRACE if grace is None else grace,
        local=repository.store,
        folder=repository.scratch,
        seen=find_seen(repository, remote.name),
        is_unsafe=remote.is_unsafe,
        is_dry_run=dry_run,
        progress=shown_progress(),
    )
    if as_json:
        say_json({"remote": remote.name, "dry_run": dry_run, **_json(report)})
    else:
        _say(remote.name, report, dry_run=dry_run)


def _say(name: str, report: RemoteGcReport, *, dry_run: bool) -> None:
    say(f"{name}: {_packs(report.kept)} {_stay(report.kept)}")
    if report.condemned.number:
        taken = "would be taken" if dry_run else "taken"
        say(f"{_packs(report.condemned)} {taken} out of use; a collection after the grace removes the bytes")
    if report.copied.number:
        copied = f"{'would be ' if dry_run else ''}copied to new packs"
        say(f"{count(report.copied.number, 'value')} of those, {format_size(report.copied.size)}, {copied}")
    if report.waiting.number:
        say(f"{_packs(report.waiting)} out of use since less than the grace")
    if report.removed.number or report.indexes:
        removed = "would be removed" if dry_run else "removed"
        say(f"{_packs(report.removed)} and {count(report.indexes, 'index', 'indexes')} {removed}")


def _packs(tally: Tally) -> str:
    return f"{count(tally.number, 'pack')} ({format_size(tally.size)})"


def _stay(tally: Tally) -> str:
    return "stays" if tally.number == 1 else "stay"


def _json(report: RemoteGcReport) -> dict[str, Any]:
    tallies = {
        "kept": report.kept,
        "condemned": report.condemned,
        "copied": report.copied,
        "removed": report.removed,
        "waiting": report.waiting,
    }
    numbered = {what: {"number": one.number, "bytes": one.size} for what, one in tallies.items()}
    return {**numbered, "indexes": report.indexes}
