"""The counts of two snapshots of one project side by side: what each split holds, in all and by label."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dvcore.snapshot.catalog.snapshots import Snapshot
from dvcore.snapshot.features.groups import column_titles, counted_columns

ALL: Final = "all images"


@dataclass(frozen=True, slots=True)
class CountChange:
    """How many examples, or instances, of a label a split held before and after; the label ALL stands for all of its
    examples."""

    split: str
    label: str
    old: int
    new: int


def count_changes_by_split(old: Snapshot, new: Snapshot) -> Iterator[CountChange]:
    """For each split all images, then each label, in the order of the definition."""
    titles = column_titles(counted_columns(new.definition))
    for index, split in enumerate(new.definition.splits):
        totals = (_total(snapshot, split.name) for snapshot in (old, new))
        yield CountChange(split.name, ALL, *totals)
        rows = (snapshot.manifest.label_counts[index] for snapshot in (old, new))
        for title, before, after in zip(titles, *rows, strict=True):
            yield CountChange(split.name, title, before, after)


def _total(snapshot: Snapshot, split: str) -> int:
    return sum(shard.examples for shard in snapshot.manifest.shards if shard.split == split)
