"""Which commits of a history somebody asks for: those since a moment, those that changed something named.

Commits come as soon as they are found, newest first. A commit *changed* what differs from its parent; a merge, what
differs from every one of them, so that it is listed only for what it decided itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import Final

from dvcore.errors import NotFoundError
from dvcore.history.concerns import Concerns, Wanted
from dvcore.history.topology import iter_children_first
from dvcore.ids import CommitId, FileId, TreeId
from dvcore.model.commit import Commit
from dvcore.model.names import Path, format_path
from dvcore.model.tree import FileEntry
from dvcore.prolly import NodeCache
from dvcore.repo.commits import iter_history
from dvcore.repo.edits import empty_tree
from dvcore.repo.objects import Objects
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader

_TREES_KEPT: Final = 64
"""A parent's tree is looked at again as that of the next commit, or of one soon after."""


@dataclass(frozen=True, slots=True)
class Logged:
    """A commit of a history; `is_wanted` where it changed what was asked for."""

    id: CommitId
    commit: Commit
    is_wanted: bool


def iter_log(
    repository: Repository, start: CommitId, *, wanted: Wanted | None = None, since: int | None = None
) -> Iterator[Logged]:
    """A commit and those before it that are wanted, none older than `since` (microseconds since 1970 UTC).

    Raises CorruptError, NeedsNewerError.
    """
    return (one for one in _iter_marked(repository, iter_history(repository, start), wanted, since) if one.is_wanted)


def iter_graph_log(
    repository: Repository, start: CommitId, *, wanted: Wanted | None = None, since: int | None = None
) -> Iterator[Logged]:
    """The same for who draws lines between them: each after those that come of it, unwanted ones among them."""
    return _iter_marked(repository, iter_children_first(repository.objects, start), wanted, since)


def find_logged_file(repository: Repository, start: CommitId, path: Path) -> FileId:
    """The file that a path led to in the newest commit that has one there.

    Raises NotFoundError.
    """
    objects = repository.objects
    nodes = NodeCache(objects)
    for _, commit in iter_history(repository, start):
        entry = TreeReader(objects, commit.tree, nodes=nodes).find_entry(path)
        if isinstance(entry, FileEntry):
            return entry.file
    raise NotFoundError(f"no commit has a file {format_path(path)!r}", hint="'dset ls REV:DIRECTORY' lists files")


def _iter_marked(
    repository: Repository, history: Iterator[tuple[CommitId, Commit]], wanted: Wanted | None, since: int | None
) -> Iterator[Logged]:
    recent = history if since is None else takewhile(lambda one: one[1].time >= since, history)
    changes = _Changes(repository, wanted or Wanted())
    return (Logged(id_, commit, wanted is None or changes.are_of(commit)) for id_, commit in recent)


class _Changes:
    """What commits changed, one after the other."""

    def __init__(self, repository: Repository, wanted: Wanted) -> None:
        draft = repository.draft()
        self._nothing = empty_tree(draft)
        self._objects = Objects(draft)
        self._nodes = NodeCache(self._objects)
        self._concerns = Concerns(wanted)
        self._tree = lru_cache(_TREES_KEPT)(self._load)

    def are_of(self, commit: Commit) -> bool:
        """Whether a commit changed what is wanted, compared with each of its parents."""
        trees = [self._objects.load_commit(parent).tree for parent in commit.parents] or [self._nothing]
        after = self._tree(commit.tree)
        return all(self._concerns.are_met(self._tree(tree), after) for tree in trees)

    def _load(self, tree: TreeId) -> TreeReader:
        return TreeReader(self._objects, tree, nodes=self._nodes)
