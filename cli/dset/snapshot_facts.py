"""A snapshot, shown whole: what `dset snapshot` printed of it, its files, its definition, and what made its bytes."""

import tomllib
from typing import Any

from dset.output import count, format_size, format_time, iso_time, one_line, say, say_json, say_table, subject, warn
from dset.snapshots import say_snapshot, snapshot_json
from dvcore.ids import format_id, format_short
from dvcore.model.commit import Commit
from dvcore.model.manifest import Shard
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog.report import SnapshotReport, describe_named
from dvcore.snapshot.catalog.snapshots import Snapshot, load_snapshot
from dvcore.snapshot.projects.toml_text import format_definition


def show_snapshot(repository: Repository, name: str, *, as_json: bool) -> None:
    """Print the snapshot `nuts@1`."""
    snapshot = load_snapshot(repository, name)
    report = describe_named(repository, name)
    dataset = repository.objects.load_commit(snapshot.dataset)
    for line in report.warnings:
        warn(line)
    if as_json:
        say_json(snapshot_json(report) | _facts_json(snapshot, dataset))
    else:
        _say_facts(snapshot, report, dataset)


def _facts_json(snapshot: Snapshot, dataset: Commit) -> dict[str, Any]:
    """`definition` has the keys of the TOML file."""
    manifest = snapshot.manifest
    return {
        "dataset": {
            "commit": format_id(snapshot.dataset),
            "author": dataset.author,
            "time": iso_time(dataset.time),
            "message": dataset.message,
        },
        "snapshot_commit": format_id(snapshot.commit),
        "definition": tomllib.loads(format_definition(snapshot.definition)),
        "image_shape": None if manifest.image_shape is None else list(manifest.image_shape),
        "passed": sum(shard.passed for shard in manifest.shards),
        "enlarged": sum(shard.enlarged for shard in manifest.shards),
        "sha256": {snapshot.file_name(shard): shard.sha256.hex() for shard in manifest.shards},
        "toolchain": dict(manifest.toolchain),
    }


def _say_facts(snapshot: Snapshot, report: SnapshotReport, dataset: Commit) -> None:
    say_snapshot(report)
    say()
    say(f"commit {format_id(snapshot.dataset)}")
    say(f"    {subject(dataset.message) or '(no message)'}")
    say(f"    {one_line(dataset.author)}, {format_time(dataset.time)}")
    say(f"toolchain {', '.join(f'{name} {version}' for name, version in snapshot.manifest.toolchain.items())}")
    say(_images_line(snapshot))
    say()
    rows = [_shard_row(snapshot, shard) for shard in snapshot.manifest.shards]
    say_table(rows, ("file", "examples", "size", "blake3"))
    say()
    say(format_definition(snapshot.definition).rstrip("\n"))


def _images_line(snapshot: Snapshot) -> str:
    """How the images are, and how many came in as they are."""
    shards = snapshot.manifest.shards
    shape = snapshot.manifest.image_shape
    size = "of different shapes" if shape is None else f"of {shape[0]}x{shape[1]}x{shape[2]}"
    passed = sum(shard.passed for shard in shards)
    return f"{count(sum(shard.examples for shard in shards), 'example')} {size}, {passed:,} with the source's own bytes"


def _shard_row(snapshot: Snapshot, shard: Shard) -> tuple[str, int, str, str]:
    return snapshot.file_name(shard), shard.examples, format_size(shard.size), format_short(shard.blake3)
