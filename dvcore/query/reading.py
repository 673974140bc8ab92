"""Reads rows from the index of a tree, whatever becomes of its file meanwhile."""

import sqlite3
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TypeVar

from dvcore.errors import StorageError
from dvcore.query.index import discard_index, open_index, open_private_index
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.store.cache_map import is_damage

T = TypeVar("T")

Work = Callable[[sqlite3.Connection], Iterator[T]]
"""Gives the same for every index of one tree, in the same order. sqlite3.Error means that the index is at fault."""


def iter_read(repository: Repository, tree: TreeReader, work: Work[T], *, is_private: bool = False) -> Iterator[T]:
    """What the work gives, from the index in the cache, or from one that is made for this alone.

    Where the first turns out to be damaged half-way, a private one gives the rest.

    Raises CorruptError, StorageError, and what the work raises.
    """
    return _iter_private(tree, work, given=0) if is_private else _iter_shared(repository, tree, work)


def _iter_shared(repository: Repository, tree: TreeReader, work: Work[T]) -> Iterator[T]:
    given = 0
    try:
        with open_index(repository, tree) as index:
            for one in work(index):
                yield one
                given += 1
            return
    except sqlite3.Error as error:
        if is_damage(error):
            discard_index(repository)
    yield from _iter_private(tree, work, given)


def _iter_private(tree: TreeReader, work: Work[T], given: int) -> Iterator[T]:
    """All but the first `given`."""
    try:
        with open_private_index(tree) as index:
            yield from islice(work(index), given, None)
    except sqlite3.Error as error:
        raise StorageError(f"cannot read the index: {error}", hint="free space for temporary files") from None
