"""Where one node ends and the next begins.

Each decision depends on nothing but the entries since the node began, so nodes depend on what a map holds and not on
how it came about, and behind an edit the old boundaries soon come back.

A node is closed after an entry when its weight has reached the minimum and the entry is a *boundary*, or when its
weight has reached the maximum. An entry is a boundary with a probability proportional to its own weight, decided by a
hash of its key: one in every 16 KiB whatever the entries' size. Behind the minimum of 16 KiB that makes about 32 KiB.
The hash is salted with the level. Without, keys that end leaves would be boundaries on every level. A linear checksum
would not do: of keys of one length, a salt changes all checksums by the same xor.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from blake3 import blake3

from dvcore.prolly.node import Node

MIN_WEIGHT: Final = 16 * 1024
MAX_WEIGHT: Final = 64 * 1024
ENTRY_OVERHEAD: Final = 8
"""Added to an entry's bytes; msgpack adds 8 at most (3 to a key, 5 to a value), so a node's weight bounds its size."""
BOUNDARY_SHIFT: Final = 18
"""An entry is a boundary where its 32-bit hash is under weight << 18: a chance of weight / 2**14."""


def is_boundary(level: int, key: bytes, weight: int) -> bool:
    """Whether an entry of this weight may end a node of this level."""
    return int.from_bytes(blake3(bytes([level]) + key).digest(4), "big") < weight << BOUNDARY_SHIFT


class Splitter:
    """Cuts the entries of one level into nodes. Feed them in key order, then finish."""

    __slots__ = ("_keys", "_level", "_values", "_weight")

    def __init__(self, level: int) -> None:
        self._level = level
        self._keys: tuple[bytes, ...] = ()
        self._values: tuple[bytes, ...] = ()
        self._weight = 0

    @property
    def is_fresh(self) -> bool:
        """Whether no node is open: what comes next is cut as if it were the first."""
        return not self._keys

    def feed(self, keys: tuple[bytes, ...], values: tuple[bytes, ...]) -> list[Node]:
        """Take further entries; the nodes that they close."""
        closed = []
        start = 0
        for end in self._ends(keys, values):
            closed.append(self._close(keys[start:end], values[start:end]))
            start = end
        self._keys += keys[start:]
        self._values += values[start:]
        return closed

    def finish(self) -> list[Node]:
        """Close the open node, if there is one, because the level ends here."""
        return [] if self.is_fresh else [self._close((), ())]

    def _close(self, keys: tuple[bytes, ...], values: tuple[bytes, ...]) -> Node:
        node = Node(self._level, self._keys + keys, self._values + values)
        self._keys, self._values = (), ()
        return node

    def _ends(self, keys: tuple[bytes, ...], values: tuple[bytes, ...]) -> Iterator[int]:
        """How many of the entries lie before each cut. Entries under the minimum are skipped unseen, by bisection."""
        weights = [key + value + ENTRY_OVERHEAD for key, value in zip(map(len, keys), map(len, values), strict=True)]
        totals = list(accumulate(weights, initial=self._weight))
        opened = end = 0
        while (first := bisect_left(totals, opened + MIN_WEIGHT, end + 1)) < len(totals):
            full = bisect_left(totals, opened + MAX_WEIGHT, first)
            end = self._first_boundary(keys, weights, first, min(full, len(totals))) or full
            if end == len(totals):
                break
            yield end
            opened = totals[end]
        self._weight = totals[-1] - opened

    def _first_boundary(self, keys: Sequence[bytes], weights: Sequence[int], first: int, stop: int) -> int | None:
        level = self._level
        for end in range(first, stop):
            if is_boundary(level, keys[end - 1], weights[end - 1]):
                return end
        return None
