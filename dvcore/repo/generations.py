"""The stores of a repository on disk, in the generations that `current` names.

The garbage collection writes what is alive into stores of the next generation and puts these into use. Whoever has the
older ones open goes on reading them; they are removed when nobody has.
"""

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dvcore.errors import StorageError
from dvcore.repo.layout import Generations, Layout
from dvcore.store import LmdbStore, Store

_ATTEMPTS: Final = 8
"""Collections that may come between reading `current` and opening what it names."""


@dataclass(frozen=True, slots=True)
class Stores:
    """The two stores of one repository, open. `numbers` is None in memory, where there are no generations."""

    numbers: Generations | None
    objects: Store
    blobs: Store

    def close(self) -> None:
        """Release them."""
        self.objects.close()
        self.blobs.close()


def open_stores(layout: Layout) -> Stores:
    """The generations in use. Where they are replaced and removed before they are open, those that came after them.

    Raises StorageError, CorruptError.
    """
    for _ in range(_ATTEMPTS):
        numbers = layout.generations()
        try:
            return _open(layout, numbers)
        except StorageError:
            if layout.generations() == numbers:
                raise
    raise StorageError(f"the stores in {layout.folder} are replaced faster than they can be opened")


def _open(layout: Layout, numbers: Generations) -> Stores:
    objects, blobs = layout.store_paths(numbers)
    with ExitStack() as stack:
        store = stack.enter_context(LmdbStore(objects))
        opened = Stores(numbers, store, LmdbStore(blobs, readahead=not _outgrows_memory(blobs)))
        stack.pop_all()
        return opened


def _outgrows_memory(path: Path) -> bool:
    """Where it does, what the system reads ahead pushes out what is needed again."""
    try:
        return path.stat().st_size > os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return False  # opening says what is wrong
