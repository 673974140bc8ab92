"""Snapshots of small repositories, example by example, as they stand in the files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dvcore.model.definition import Definition, Feature, ImageOptions, Split
from dvcore.repo.commits import commit_working, has_uncommitted
from dvcore.repo.projects import create_project
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog.report import SnapshotReport
from dvcore.snapshot.taking.take import take_snapshot
from dvcore.tfrecord.example import decode_example

WHOLE = (Split("whole", "1", None, 1),)


def snapshot_of(
    repository: Repository,
    out: Path,
    *features: Feature,
    image: ImageOptions | None = None,
    splits: Sequence[Split] = WHOLE,
    name: str = "nuts",
) -> SnapshotReport:
    """A snapshot of a project with these features, of all that there is."""
    if has_uncommitted(repository):
        commit_working(repository, f"for {name}")
    definition = Definition(features=features, splits=tuple(splits), image=image or ImageOptions())
    create_project(repository, name, definition)
    return take_snapshot(repository, name, out=out)


def examples_of(report: SnapshotReport) -> dict[str, Mapping[str, Any]]:
    """The values under each key, by the path of the image."""
    found = {}
    for split in report.splits.values():
        for shard in split.shards:
            for data in iter_examples((report.out / shard.name).read_bytes()):
                values = {key: feature.values for key, feature in decode_example(data).items()}
                found[values["image/filename"][0].decode()] = values
    return found


def iter_examples(shard: bytes) -> list[bytes]:
    """The examples of a shard, taken out of their frames."""
    examples = []
    while shard:
        length = int.from_bytes(shard[:8], "little")
        examples.append(shard[12 : 12 + length])
        shard = shard[16 + length :]
    return examples
