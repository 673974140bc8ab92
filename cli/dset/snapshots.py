"""Projects and snapshots, printed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dset.balance_report import balance_json, say_balance
from dset.context import on_disk
from dset.output import count, format_size, say, say_table
from dvcore.ids import format_id, format_short
from dvcore.repo.projects import Url
from dvcore.snapshot.catalog.places import parse_place
from dvcore.snapshot.catalog.report import SnapshotReport
from dvcore.snapshot.features.groups import column_titles, counted_columns
from dvcore.snapshot.planning.estimating import estimate_splits
from dvcore.snapshot.planning.plan import Plan


def snapshot_json(report: SnapshotReport) -> dict[str, Any]:
    """What scripts rely on."""
    return {
        "snapshot": report.snapshot,
        "commit": format_id(report.commit),
        "digest": format_id(report.digest),
        "out": str(report.out),
        "splits": {
            name: {
                "examples": split.examples,
                "labels": dict(split.labels),
                "shards": [
                    {
                        "name": shard.name,
                        "examples": shard.examples,
                        "bytes": shard.size,
                        "digest": format_id(shard.digest),
                    }
                    for shard in split.shards
                ],
            }
            for name, split in report.splits.items()
        },
        "left_out": dict(report.left_out),
    }


def place_on_disk(out: str) -> Path | Url:
    """What `--out` names: a URL, or a folder as the current command sees it.

    Raises InvalidInputError for an address that cannot be one.
    """
    place = parse_place(out)
    return place if isinstance(place, Url) else on_disk(place).resolve()


def say_snapshot(report: SnapshotReport) -> None:
    """The snapshot for people: counts, files, digest."""
    say(f"{report.snapshot}  of commit {format_short(report.commit)}")
    # With a balance, which only taking it gives, the labels have a table of their own.
    labels = list(next(iter(report.splits.values())).labels) if report.splits and not report.balance.rows else []
    rows = [
        (name, split.examples, *map(split.labels.get, labels), len(split.shards), format_size(_bytes(split.shards)))
        for name, split in report.splits.items()
    ]
    say_table(rows, ("split", "examples", *labels, "shards", "size"))
    if report.balance.rows:
        say_balance(report.balance)
    _say_left_out(report.left_out)
    if report.enlarged:
        say(f"enlarged: {count(report.enlarged, 'image')}")
    say(f"digest {format_id(report.digest)}")
    say(f"in {report.out}")


def say_plan(plan: Plan) -> None:
    """Counts by label and split as they stand now."""
    say_balance(plan.balance)
    _say_left_out(plan.left_out_counts())


def plan_json(plan: Plan) -> dict[str, Any]:
    """Counts by label and split."""
    names = column_titles(counted_columns(plan.definition))
    totals, by_label = plan.split_counts(), plan.label_counts()
    return {
        "splits": {
            split.name: {"examples": totals[index], "labels": dict(zip(names, by_label[index], strict=True))}
            for index, split in enumerate(plan.definition.splits)
        },
        "left_out": plan.left_out_counts(),
        "balance": balance_json(plan.balance),
        "undecided": [{"by": one.role, "unset": list(one.names), "images": one.images} for one in plan.undecided],
    }


def say_estimate(plan: Plan) -> None:
    """About how large the files would be."""
    estimates = estimate_splits(plan)
    shards = sum(one.shards for one in estimates)
    say(f"about {format_size(sum(one.size for one in estimates))} in {count(shards, 'shard')}")


def estimate_json(plan: Plan) -> dict[str, dict[str, int]]:
    """Bytes and shards by split."""
    rows = zip(plan.definition.splits, estimate_splits(plan), strict=True)
    return {split.name: {"bytes": one.size, "shards": one.shards} for split, one in rows}


def _bytes(shards: Sequence[Any]) -> int:
    return sum(shard.size for shard in shards)


def _say_left_out(left_out: Any) -> None:
    if left_out:
        say("left out: " + ", ".join(f"{number:,} ({reason})" for reason, number in left_out.items()))
