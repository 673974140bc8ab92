"""Projects and snapshots, printed."""

from collections.abc import Sequence
from typing import Any

from dset.output import count, format_size, say, say_table
from dvcore.ids import FileId, format_id, format_short
from dvcore.model.names import ROOT, Path, parse_path
from dvcore.repo.projects import load_project
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.snapshot.plan import Plan, make_plan
from dvcore.snapshot.report import SnapshotReport


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


def say_snapshot(report: SnapshotReport) -> None:
    """The snapshot for people: counts, files, digest."""
    say(f"{report.snapshot}  of commit {format_short(report.commit)}")
    labels = list(next(iter(report.splits.values())).labels) if report.splits else []
    rows = [
        (name, split.examples, *split.labels.values(), len(split.shards), format_size(_bytes(split.shards)))
        for name, split in report.splits.items()
    ]
    say_table(rows, ("split", "examples", *labels, "shards", "size"))
    _say_left_out(report.left_out)
    if report.enlarged:
        say(f"enlarged: {count(report.enlarged, 'image')}")
    say(f"digest {format_id(report.digest)}")
    say(f"in {report.out}")


def say_plan(plan: Plan) -> None:
    """Counts by label and split as they stand now."""
    definition = plan.definition
    labels = [label.name for label in definition.labels]
    totals = plan.split_counts()
    rows = [(split.name, totals[index], *plan.label_counts()[index]) for index, split in enumerate(definition.splits)]
    say_table(rows, ("split", "examples", *labels))
    _say_left_out(plan.left_out_counts())


def plan_json(plan: Plan) -> dict[str, Any]:
    """Counts by label and split."""
    names = [label.name for label in plan.definition.labels]
    totals, by_label = plan.split_counts(), plan.label_counts()
    return {
        "splits": {
            split.name: {"examples": totals[index], "labels": dict(zip(names, by_label[index], strict=True))}
            for index, split in enumerate(plan.definition.splits)
        },
        "left_out": plan.left_out_counts(),
    }


def project_paths(
    repository: Repository,
    reader: TreeReader,
    project: str,
    *,
    label: str | None,
    split: str | None,
    under: Path = ROOT,
) -> list[tuple[Path, FileId]]:
    """The images that a project takes of a tree, of one label and one split if they are named."""
    plan = make_plan(repository, reader, load_project(repository, project).definition)
    held = [(parse_path(one.path), one.file) for one in plan.holding(label, split)]
    return [(path, file) for path, file in held if path[: len(under)] == under]


def _bytes(shards: Sequence[Any]) -> int:
    return sum(shard.size for shard in shards)


def _say_left_out(left_out: Any) -> None:
    if left_out:
        say("left out: " + ", ".join(f"{number:,} ({reason})" for reason, number in left_out.items()))
