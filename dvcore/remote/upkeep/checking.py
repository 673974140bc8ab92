"""Checking a remote: that all its refs lead to is there, as it should be and where its indexes say.

The root first; then every index, fetched anew; then every pack, by its footer or whole; then whatever the refs lead to.
What is found is told by name and nothing of it is believed, and what is garbage is no problem.

Others may be at work meanwhile. What a pusher or a collection changes leaves what the root lists where it was, but for
indexes, and for packs that were taken out longer than a grace ago; where something is wrong and the root has moved, the
new one is checked before anything is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dvcore.errors import CorruptError, DsetError, NeedsNewerError, NotFoundError, StateError
from dvcore.progress import Progress, Silent
from dvcore.remote.contents.opened import Contents
from dvcore.remote.indexes.cache import IndexCache
from dvcore.remote.indexes.index import Index
from dvcore.remote.indexes.index_set import IndexSet
from dvcore.remote.packs.names import IndexRef
from dvcore.remote.roots.commit import read_root
from dvcore.remote.roots.root import Root
from dvcore.remote.roots.seen import Seen
from dvcore.remote.storages.storage import Storage
from dvcore.remote.upkeep.marks import Marks
from dvcore.remote.upkeep.pack_checks import PackChecks
from dvcore.remote.upkeep.problems import Problems, RemoteProblem, name_index
from dvcore.remote.upkeep.ref_checks import RefChecks
from dvcore.remote.upkeep.unheld import Unheld
from dvcore.remote.upkeep.view import View
from dvcore.store import Store
from dvcore.store.background import iter_results

_ROUNDS: Final = 3
_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class RemoteCheck:
    """The problems of a remote; beyond 10,000 they are only counted, as `unlisted`."""

    problems: tuple[RemoteProblem, ...]
    unlisted: int = 0


@dataclass(frozen=True, slots=True)
class Tools:
    """What a check works with. `folder` is for scratch files, `local` a store in which objects may be."""

    cache: IndexCache
    local: Store | None
    folder: Path | None
    progress: Progress


def check_remote(
    storage: Storage,
    cache: IndexCache,
    *,
    read_data: bool = False,
    local: Store | None = None,
    folder: Path | None = None,
    seen: Seen | None = None,
    unheld: Unheld | None = None,
    progress: Progress | None = None,
) -> RemoteCheck:
    """What is wrong with a remote; nothing where nothing was pushed yet.

    With `read_data` every byte that its indexes list is read and proved. `cache` gets its indexes. `local` are objects
    here, which save requests; `folder` is for scratch files; `seen` is what was seen of the remote before; from
    `unheld` is taken what refs of the remote lead to. Raises StorageError where it cannot be reached.
    """
    tools = Tools(cache, local, folder, progress or Silent())
    for _ in range(_ROUNDS):
        problems = Problems(storage.describe())
        root = _find_root(storage, seen, problems)
        if root is not None:
            _check_state(storage, root, problems, tools, unheld, read_data=read_data)
        if not problems or root is None or not _has_moved(storage, root):
            break
    return RemoteCheck(tuple(problems), problems.unlisted)


def _find_root(storage: Storage, seen: Seen | None, problems: Problems) -> Root | None:
    try:
        return read_root(storage, seen=seen)
    except (CorruptError, NeedsNewerError, StateError) as error:
        problems.add_error("root", error)
        return None


def _has_moved(storage: Storage, root: Root) -> bool:
    try:
        return read_root(storage) != root
    except (CorruptError, NeedsNewerError):
        return True


def _check_state(
    storage: Storage, root: Root, problems: Problems, tools: Tools, unheld: Unheld | None, *, read_data: bool
) -> None:
    view = _open_sound(storage, root, problems, tools)
    PackChecks(view, problems, tools.progress).run(read_data=read_data)
    with Marks(tools.folder) as marks:
        RefChecks(view.contents, marks, tools.local, problems, tools.progress).run(read_data=read_data)
        if unheld is not None:
            unheld.take_off(marks)


def _open_sound(storage: Storage, root: Root, problems: Problems, tools: Tools) -> View:
    """With the indexes that are as they should be: what only the others list is in none."""

    def fetch(ref: IndexRef) -> Index | DsetError:
        try:
            return tools.cache.fetch(storage, ref)
        except (CorruptError, NeedsNewerError, NotFoundError) as error:
            return error

    indexes = []
    for ref, fetched in zip(root.indexes, iter_results(fetch, root.indexes, _AT_ONCE), strict=True):
        if isinstance(fetched, Index):
            indexes.append(fetched)
        else:
            problems.add_error(name_index(ref), fetched)
    return View(Contents(storage, root, IndexSet(indexes, without=root.dead_packs)), indexes)
