"""Two maps beside the one that both came from: what either changed, in one pass."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from dvcore.ids import NodeId
from dvcore.prolly import NodeReader, diff


@dataclass(frozen=True, slots=True)
class ThreeWays:
    """A key that at least one side changed, with its values; None stands for a map without it."""

    key: bytes
    base: bytes | None
    ours: bytes | None
    theirs: bytes | None


def iter_three_ways(reader: NodeReader, base: NodeId, ours: NodeId, theirs: NodeId) -> Iterator[ThreeWays]:
    """Every key that differs between the base and a side, in key order, at the cost of what differs."""
    here, there = diff(reader, base, ours), diff(reader, base, theirs)
    left, right = next(here, None), next(there, None)
    while left is not None and right is not None:
        if left.key == right.key:
            yield ThreeWays(left.key, left.old, left.new, right.new)
            left, right = next(here, None), next(there, None)
        elif left.key < right.key:
            yield ThreeWays(left.key, left.old, left.new, left.old)
            left = next(here, None)
        else:
            yield ThreeWays(right.key, right.old, right.old, right.new)
            right = next(there, None)
    for one in here if left is None else chain([left], here):
        yield ThreeWays(one.key, one.old, one.new, one.old)
    for one in there if right is None else chain([right], there):
        yield ThreeWays(one.key, one.old, one.old, one.new)
