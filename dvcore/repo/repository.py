"""The repository: wires the stores, the objects and the folder together. It holds no algorithm."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from unicodedata import normalize

from dvcore.errors import CorruptError, InvalidInputError
from dvcore.ids import TreeId
from dvcore.repo.cells import HEAD, find_text, find_work, set_cell, work_cell
from dvcore.repo.edits import empty_tree
from dvcore.repo.layout import Layout, find_layout, new_layout
from dvcore.repo.objects import Objects
from dvcore.repo.operations import Who
from dvcore.repo.treereader import TreeReader
from dvcore.store import (
    BlobStore,
    LmdbStore,
    MemoryStore,
    ObjectDraft,
    ObjectReader,
    Store,
    WriteTransaction,
)

FIRST_BRANCH: Final = "main"
NOBODY: Final = "unknown"


def _now() -> int:
    return time.time_ns() // 1000


class Repository:
    """Open with `init`, `open` or `in_memory`; close, or use as a context manager.

    `author` is who the operation log and commits name (`Name <mail>`); `clock` gives microseconds since 1970 UTC.
    `layout` is None for a repository in memory.
    """

    def __init__(
        self, store: Store, blob_store: Store, layout: Layout | None, author: str, clock: Callable[[], int]
    ) -> None:
        self.store = store
        self.blobs = BlobStore(blob_store)
        self.layout = layout
        self.author = _checked_author(author)
        self.clock = clock
        self.objects = Objects(ObjectReader(store))
        self._stores = (store, blob_store)

    @classmethod
    def init(cls, root: Path, *, author: str = NOBODY, clock: Callable[[], int] = _now) -> Self:
        """Make an empty repository in a folder, with the branch `main`.

        Raises ExistsError, StorageError.
        """
        with new_layout(root) as staging:
            objects, blobs = staging.store_paths()
            with closing(LmdbStore(objects, create=True)) as store:
                _found(store)
            LmdbStore(blobs, create=True).close()
        return cls.open(root, author=author, clock=clock)

    @classmethod
    def open(cls, start: Path, *, author: str = NOBODY, clock: Callable[[], int] = _now) -> Self:
        """Open the repository that a folder lies in.

        Raises NotFoundError, StorageError, CorruptError, NeedsNewerError.
        """
        layout = find_layout(start)
        objects, blobs = layout.store_paths()
        return cls(LmdbStore(objects, create=False), LmdbStore(blobs, create=False), layout, author, clock)

    @classmethod
    def in_memory(cls, *, author: str = NOBODY, clock: Callable[[], int] = _now) -> Self:
        """An empty repository that no folder holds."""
        store = MemoryStore()
        _found(store)
        return cls(store, MemoryStore(), None, author, clock)

    def close(self) -> None:
        """Release the stores."""
        for store in self._stores:
            store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def who(self) -> Who:
        """The author, now."""
        return Who(self.author, self.clock())

    def tree(self, tree_id: TreeId) -> TreeReader:
        """A tree, to read."""
        return TreeReader(self.objects, tree_id)

    def draft(self) -> ObjectDraft:
        """New objects, to be written with the operation that needs them."""
        return ObjectDraft(self.store)

    def branch(self) -> str:
        """The current branch."""
        with self.store.read() as transaction:
            branch = find_text(transaction, HEAD)
        if branch is None:
            raise CorruptError("HEAD is missing", hint="'dset fsck' says more")
        return branch

    def work(self, branch: str) -> TreeId:
        """The tree of a branch's working state."""
        with self.store.read() as transaction:
            tree = find_work(transaction, branch)
        if tree is None:
            raise CorruptError(f"the branch {branch!r} has no working state", hint="'dset fsck' says more")
        return tree

    def working_tree(self) -> TreeReader:
        """The current branch's working state, to read."""
        return self.tree(self.work(self.branch()))


def _checked_author(author: str) -> str:
    if not author.strip() or not author.isprintable():
        raise InvalidInputError(f"the author {author!r} cannot be stored", hint="give one line, as 'Name <mail>'")
    return normalize("NFC", author)


def _found(store: Store) -> None:
    """The first state: an empty working tree on the first branch."""

    def action(transaction: WriteTransaction) -> None:
        draft = ObjectDraft(store)
        tree = empty_tree(draft)
        draft.flush_into(transaction)
        set_cell(transaction, work_cell(FIRST_BRANCH), tree)
        set_cell(transaction, HEAD, FIRST_BRANCH)

    store.update(action)
