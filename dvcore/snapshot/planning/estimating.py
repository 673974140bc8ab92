"""What a planned snapshot will take on the disk, from what the headers of the images say: no promise about bytes."""

from dataclasses import dataclass

from dvcore.snapshot.planning.plan import Plan
from dvcore.snapshot.planning.sizing import with_shard_counts


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of one split: about so many bytes, in so many shards."""

    size: int
    shards: int


def estimate_splits(plan: Plan) -> tuple[Estimate, ...]:
    """One for each split, in their order."""
    sizes = [0] * len(plan.definition.splits)
    for example in plan.examples:
        sizes[example.split] += example.weight
    counted = with_shard_counts(plan.definition, enumerate(sizes))
    return tuple(Estimate(size, split.shards or 1) for size, split in zip(sizes, counted.splits, strict=True))
