"""The classes of a snapshot's features, how often each is there, and the weights that even them out."""

from collections.abc import Sequence

from dvcore.snapshot.catalog.snapshots import Snapshot
from dvcore.snapshot.features.groups import counted_columns, groups_of

Classes = dict[str, dict[str, int]]
"""By feature and class: a number."""


def classes_of(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    """The names of the classes, in their order, by the names of the features that have some."""
    found: dict[str, list[str]] = {}
    for column in counted_columns(snapshot.definition):
        found.setdefault(column.feature, []).append(column.label)
    return {feature: tuple(labels) for feature, labels in found.items()}


def class_counts(snapshot: Snapshot, split: int) -> Classes:
    """The examples, or the instances, that each class of each feature has in a split, which its index names."""
    found: Classes = {}
    numbers = snapshot.manifest.label_counts[split]
    for column, number in zip(counted_columns(snapshot.definition), numbers, strict=True):
        found.setdefault(column.feature, {})[column.label] = number
    return found


def first_number(snapshot: Snapshot, feature: str) -> int:
    """Of the classes of a feature: 1 for those of instances, as `label_map.pbtxt` has them, else 0."""
    return 1 if any(group.name == feature for group in groups_of(snapshot.definition)) else 0


def balanced_weights(counts: Sequence[int]) -> tuple[float, ...]:
    """A weight for each class: all n, divided by the number of classes that are there and by how often the class is
    (scikit-learn's `class_weight="balanced"`), so that each class weighs the same and all together weigh n. 0 for a
    class that is not there."""
    present = sum(map(bool, counts))
    return tuple(sum(counts) / (present * number) if number else 0.0 for number in counts)
