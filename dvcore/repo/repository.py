"""The repository: wires the stores, the objects and the folder together. It holds no algorithm."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import wraps
from pathlib import Path
from threading import RLock
from typing import Concatenate, Final, ParamSpec, Self, TypeVar
from unicodedata import normalize
from weakref import WeakSet

from dvcore.errors import CorruptError, InvalidInputError
from dvcore.ids import TreeId
from dvcore.repo.cells import HEAD, find_text, set_cell, work_cell, work_of
from dvcore.repo.edits import Edits, empty_tree, spilling_edits
from dvcore.repo.generations import Stores, open_stores
from dvcore.repo.layout import Generations, Layout, find_layout, new_layout
from dvcore.repo.locking import WritersLock, only_one
from dvcore.repo.objects import Objects
from dvcore.repo.operations import Who
from dvcore.repo.provider import BlobProvider
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
from dvcore.store.file_system import check_local
from dvcore.store.gate import TRANSACTIONS

FIRST_BRANCH: Final = "main"
NOBODY: Final = "unknown"

_moving = RLock()
"""Held while a repository moves from one generation to another, and by who forks: no child finds it taken."""
os.register_at_fork(before=_moving.acquire, after_in_parent=_moving.release, after_in_child=_moving.release)

_P = ParamSpec("_P")
_R = TypeVar("_R")


def _now() -> int:
    return time.time_ns() // 1000


class Repository:
    """Open with `init`, `open` or `in_memory`; close, or use as a context manager.

    `author` is who the operation log and commits name (`Name <mail>`); `clock` gives microseconds since 1970 UTC.
    `layout` is None for a repository in memory.

    `stores`, and `store`, `blobs` and `objects` over them, are of the generation that was in use when the repository
    was opened, or when it last moved: `writing` and `refresh` do that, and whatever looks a name up. What was made of
    them before, such as a tree reader, goes on reading the older generation, which is closed with the repository, or
    before, when nothing refers to it.

    `provider` gives what brings absent blobs, where the caller has set it (`dvcore.repo.bringing`).
    """

    stores: Stores
    provider: Callable[["Repository"], BlobProvider] | None = None

    def __init__(self, stores: Stores, layout: Layout | None, author: str, clock: Callable[[], int]) -> None:
        self.layout = layout
        self.author = _checked_author(author)
        self.clock = clock
        self._lock = None if layout is None or stores.numbers is None else WritersLock(layout.folder)
        self._older: WeakSet[Store] = WeakSet()
        self.stores = stores

    @classmethod
    def init(
        cls, root: Path, *, author: str = NOBODY, clock: Callable[[], int] = _now, allow_network_fs: bool = False
    ) -> Self:
        """Make an empty repository in a folder, with the branch `main`.

        Raises ExistsError, StorageError, and StateError on a network file system that is not allowed.
        """
        _checked_author(author)  # before anything is made
        with new_layout(root) as staging:
            if not allow_network_fs:
                check_local(staging.folder)
            objects, blobs = staging.store_paths()
            with closing(LmdbStore(objects, create=True)) as store:
                _found(store)
            LmdbStore(blobs, create=True).close()
        return cls.open(root, author=author, clock=clock, allow_network_fs=True)

    @classmethod
    def open(
        cls, start: Path, *, author: str = NOBODY, clock: Callable[[], int] = _now, allow_network_fs: bool = False
    ) -> Self:
        """Open the repository that a folder lies in.

        Raises NotFoundError, StorageError, CorruptError, NeedsNewerError, and StateError on a network file system that
        is not allowed.
        """
        _checked_author(author)  # before anything is open
        layout = find_layout(start)
        if not allow_network_fs:
            check_local(layout.folder)
        layout.check_format()
        return cls(open_stores(layout), layout, author, clock)

    @classmethod
    def in_memory(cls, *, author: str = NOBODY, clock: Callable[[], int] = _now) -> Self:
        """An empty repository that no folder holds."""
        store = MemoryStore()
        _found(store)
        return cls(Stores(None, store, MemoryStore()), None, author, clock)

    def close(self) -> None:
        """Release the stores, and those of older generations that something still refers to."""
        for store in self._older:
            store.close()
        self.stores.close()

    @property
    def store(self) -> Store:
        """Structured objects and cells."""
        return self.stores.objects

    @property
    def blobs(self) -> BlobStore:
        """The bytes of files."""
        return BlobStore(self.stores.blobs)

    @property
    def objects(self) -> Objects:
        """Structured objects, decoded."""
        return Objects(ObjectReader(self.stores.objects))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Nothing that is found in the stores meanwhile is collected. To be held from the first "is it there already?"
        to the transaction that makes what was written matter, by whatever writes; it may be nested.

        The outermost one moves to the generation in use. In memory there is nobody to guard against.

        Raises StateError inside a transaction, StorageError.
        """
        if self._lock is None or self._lock.is_held():
            yield
            return
        with self._lock.shared():
            self._move()
            yield

    @contextmanager
    def alone(self, wait: float) -> Iterator[None]:
        """No other writer for the time of the `with`.

        Raises StateError where others go on for longer than `wait` seconds or this thread is `writing`, StorageError.
        """
        if self._lock is None:
            yield
            return
        with self._lock.exclusive(wait):
            self._move()
            yield

    @contextmanager
    def uncollected(self) -> Iterator[None]:
        """No other collection, and no repair, for the time of the `with`.

        Raises StateError where there is one, or where this thread is `writing`; StorageError.
        """
        if self._lock is None or self.layout is None:
            yield
            return
        self._lock.check_outside()
        with only_one(self.layout.folder):
            yield

    def refresh(self) -> None:
        """Move to the generation in use. Within a transaction, or `writing`, it stays.

        Raises StorageError, CorruptError.
        """
        if self._lock is not None and not self._lock.is_held() and not TRANSACTIONS.is_inside():
            self._move()

    def put_into_use(self, numbers: Generations) -> None:
        """Move to other generations, and everybody with us. To be called `alone`.

        Raises StorageError, CorruptError.
        """
        assert self.layout is not None, "in memory there are no generations"
        self.layout.write_generations(numbers)
        self._move()

    def _move(self) -> None:
        if self.layout is None:
            return
        with _moving:
            if self.stores.numbers != self.layout.generations():
                older, self.stores = self.stores, open_stores(self.layout)
                self._older.update((older.objects, older.blobs))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def who(self) -> Who:
        """The author, now."""
        return Who(self.author, self.clock())

    def tree(self, tree_id: TreeId) -> TreeReader:
        """A tree, to read."""
        return TreeReader(self.objects, tree_id, self.scratch)

    def draft(self) -> ObjectDraft:
        """New objects, to be written with the operation that needs them."""
        return ObjectDraft(self.store)

    def edits(self) -> Edits:
        """No edits yet, and room for any number."""
        return spilling_edits(self.scratch)

    @property
    def scratch(self) -> Path | None:
        """Where private files of running commands are made; None where no folder holds the repository."""
        return None if self.layout is None else self.layout.cache

    def branch(self) -> str:
        """The current branch."""
        self.refresh()
        with self.store.read() as transaction:
            branch = find_text(transaction, HEAD)
        if branch is None:
            raise CorruptError("HEAD is missing", hint="'dset fsck' says more")
        return branch

    def work(self, branch: str) -> TreeId:
        """The tree of a branch's working state."""
        self.refresh()
        with self.store.read() as transaction:
            return work_of(transaction, branch)

    def working_tree(self) -> TreeReader:
        """The current branch's working state, to read."""
        return self.tree(self.work(self.branch()))


def writes(function: Callable[Concatenate[Repository, _P], _R]) -> Callable[Concatenate[Repository, _P], _R]:
    """A function that changes its repository, which is its first argument: all of it runs inside `writing`."""

    @wraps(function)
    def guarded(repository: Repository, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        with repository.writing():
            return function(repository, *args, **kwargs)

    return guarded


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
