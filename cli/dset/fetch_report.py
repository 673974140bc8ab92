"""Printing what came of a fetch and of a clone."""

from typing import Any, Final

import click

from dset.output import count, format_size, note, say, warn
from dset.remote_facts import ref_name
from dvcore.ids import CommitId, format_id, format_short
from dvcore.remote.exchange.adopted import Adopted
from dvcore.remote.exchange.arriving import Arrived
from dvcore.remote.exchange.fetch import FetchReport, RefMove
from dvcore.remote.exchange.shards import ShardsWritten

_SHOWN: Final = 20
_KINDS: Final = {"tags": "tag", "projects": "project", "snapshots": "snapshot"}


def say_fetch(report: FetchReport) -> None:
    """What moved, what came, and what was made of our names."""
    if report.is_empty:
        say(f"{report.remote}: nothing was pushed yet")
        return
    for move in report.moves[:_SHOWN]:
        say(_move_line(report.remote, move))
    if len(report.moves) > _SHOWN:
        say(f"… and {len(report.moves) - _SHOWN:,} more; 'dset branch --all' lists branches")
    came = describe_arrived(report.arrived)
    if came:
        say(f"fetched from {report.remote}: {came}")
    elif not report.moves:
        say(f"{report.remote}: nothing new")
    say_adopted(report.remote, report.adopted)
    say_shards(report.remote, report.shards)


def say_adopted(remote: str, adopted: Adopted) -> None:
    """What the remote's names could not simply become here."""
    for name in adopted.kept_tags:
        warn(f"the tag {name} is another commit there: ours stays, theirs is {remote}/{name}")
    for one in adopted.renumbered:
        say(f"{one}, which is the same" if one.is_theirs else f"{one}: the number was taken there")
    for refused in adopted.refused:
        note(f"not taken over: {refused.name}: {refused.reason}; {refused.hint}")


def say_shards(remote: str, shards: ShardsWritten | None) -> None:
    """Which snapshots' files came, where they were asked for."""
    if shards is None:
        return
    if shards.written:
        say(f"shards came of {', '.join(shards.written)}")
    for name in shards.absent:
        warn(f"{remote} has not all shards of {name}; 'dset snapshot {name.partition('@')[0]}' makes them")


def describe_arrived(arrived: Arrived) -> str:
    """`12 objects, 3 images, 412.0 kB; 20 images stay there until they are needed`; empty where nothing came."""
    size = arrived.object_bytes + arrived.blob_bytes
    came = [count(arrived.objects, "object")] if arrived.objects else []
    came += [count(arrived.blobs, "image")] if arrived.blobs else []
    text = ", ".join([*came, format_size(size)]) if came else ""
    stay = f"{count(arrived.absent, 'image')} {'stays' if arrived.absent == 1 else 'stay'} there until needed"
    return "; ".join([*([text] if text else []), *([stay] if arrived.absent else [])])


def fetch_json(report: FetchReport) -> dict[str, Any]:
    """The same for programs."""
    moves = [{"ref": move.ref, "old": _hex(move.before), "new": _hex(move.after)} for move in report.moves]
    return {"remote": report.remote, "refs": moves, **arrived_json(report.arrived), **outcome_json(report)}


def arrived_json(arrived: Arrived) -> dict[str, int]:
    """How much came."""
    size = arrived.object_bytes + arrived.blob_bytes
    return {"objects": arrived.objects, "blobs": arrived.blobs, "bytes": size, "absent": arrived.absent}


def outcome_json(report: Any) -> dict[str, Any]:
    """What was made of our names, and of shards, by a fetch or a clone."""
    adopted: Adopted = report.adopted
    renumbered = [{"project": one.project, "old": one.old, "new": one.new} for one in adopted.renumbered]
    refused = [{"name": one.name, "reason": one.reason} for one in adopted.refused]
    shards = {} if report.shards is None else {"shards": list(report.shards.written)}
    return {"kept_tags": list(adopted.kept_tags), "renumbered": renumbered, "refused": refused, **shards}


def end_with(adopted: Adopted) -> None:
    """Exit code 1 where something was not taken over."""
    if adopted.refused:
        click.get_current_context().exit(1)


def _move_line(remote: str, move: RefMove) -> str:
    kind = move.ref.partition("/")[0]
    name = f"{remote}/{ref_name(move.ref)}" if kind == "heads" else f"{_KINDS[kind]} {ref_name(move.ref)}"
    if move.after is None:
        return f"{name}: gone"
    if move.before is None:
        return f"{name}: new, at {format_short(move.after)}"
    return f"{name}: {format_short(move.before)} -> {format_short(move.after)}"


def _hex(commit: CommitId | None) -> str | None:
    return None if commit is None else format_id(commit)
