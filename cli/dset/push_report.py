"""Printing what came of a push."""

from typing import Any, Final

from dset.output import count, format_size, note, say
from dset.remote_facts import describe_refs, ref_name
from dvcore.ids import CommitId, format_id
from dvcore.remote.exchange.push import PushReport, RefChange
from dvcore.remote.exchange.refs import list_tracked
from dvcore.repo.ancestry import count_beyond
from dvcore.repo.repository import Repository
from dvcore.store import Table

_NAMED: Final = 6


def say_push(repository: Repository, report: PushReport, asked: str, noun: str) -> None:
    """What went where. `asked` is what was to be pushed, for where all of it was there; `noun` is what blobs are."""
    gone = [change for change in report.changes if change.after is None]
    sent = [change for change in report.changes if change.after is not None]
    if gone:
        say(f"deleted {_names(gone)} on {report.remote}")
    if sent:
        say(f"pushed {_names(sent)} to {report.remote}: {_describe(report, count_commits(repository, report), noun)}")
    if not report.changes:
        more = f": {_describe(report, 0, noun)}" if report.packs else ""
        say(f"{report.remote} has {asked} already{more}")
    if forced := [change for change in sent if change.is_forced]:
        note(f"{_names(forced)} did not go forward: what was there before is lost to those who have not fetched it")
    if report.resumed:
        note(f"{count(report.resumed, 'pack')} had been sent by a push that was interrupted")


def push_json(repository: Repository, report: PushReport) -> dict[str, Any]:
    """The same for programs."""
    refs = [{"ref": one.ref, "old": _hex(one.before), "new": _hex(one.after)} for one in report.changes]
    counts = {"commits": count_commits(repository, report), "objects": report.objects, "blobs": report.blobs}
    return {"remote": report.remote, "refs": refs, **counts, "bytes": report.bytes, "packs": report.packs}


def count_commits(repository: Repository, report: PushReport) -> int:
    """Commits that the pushed refs lead to, and no ref of the remote led to before, as far as these are here."""
    changed = {one.ref: one.before for one in report.changes}
    before = list_tracked(repository, report.remote) | changed
    with repository.store.read() as transaction:
        known = {one for one in before.values() if one is not None and transaction.contains(Table.OBJECTS, one)}
    number = 0
    for change in report.changes:
        if change.after is not None and change.after not in known:
            number += count_beyond(repository.objects, change.after, known)
            known.add(change.after)
    return number


def _describe(report: PushReport, commits: int, noun: str) -> str:
    if not report.packs:
        return "nothing new but the name" if len(report.changes) == 1 else "nothing new but the names"
    counted = [(commits, "commit"), (report.blobs, noun)]
    listed = [count(number, what) for number, what in counted if number] or [count(report.objects, "object")]
    return f"{', '.join([*listed, format_size(report.bytes)])} in {count(report.packs, 'pack')}"


def _names(changes: list[RefChange]) -> str:
    if len(changes) > _NAMED:
        return describe_refs(change.ref for change in changes)
    return ", ".join(ref_name(change.ref) for change in changes)


def _hex(commit: CommitId | None) -> str | None:
    return None if commit is None else format_id(commit)
