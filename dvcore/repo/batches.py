"""Cutting streams into lists that memory, or one transaction, can hold."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def iter_batches(items: Iterable[T], weigh: Callable[[T], int], limit: int) -> Iterator[list[T]]:
    """The items in lists, in order; each but the last ends with the item whose weight brings it to `limit`."""
    batch: list[T] = []
    weight = 0
    for item in items:
        batch.append(item)
        weight += weigh(item)
        if weight >= limit:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch
