"""Scans of whole tables, cut into short read transactions: a long one would keep the space of what is changed meanwhile
from being used again."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from dvcore.store.base import Store, Table

_BATCH: Final = 16_384
"""Entries looked at in one transaction, some 30 ms."""


def iter_sizes(store: Store, table: Table) -> Iterator[tuple[bytes, int]]:
    """The keys of a table with the lengths of their values in bytes, in order, each as it is when it is reached."""
    after = b""
    while True:
        with store.read() as transaction:
            batch = list(islice(transaction.iter_sizes(table, after=after), _BATCH))
        yield from batch
        if len(batch) < _BATCH:
            return
        after = batch[-1][0]
