"""Revisions: what `main`, `HEAD~2`, `3fa9c1`, `nuts@1` and `WORK` stand for.

Looked up in this order: `WORK` and `HEAD`, `PROJECT@N`, branches, tags, what was last seen of remotes (`origin/main`,
`origin/v1`, `origin/nuts@1`), a unique prefix of a commit id of 4 digits or more. Each may be followed by `~N`, the
N-th first parent.
"""

import re
from dataclasses import dataclass
from typing import Final

from dvcore.encoding import peek_kind
from dvcore.errors import CorruptError, InvalidInputError, NotFoundError, StateError, nearest_hint
from dvcore.ids import CommitId, TreeId
from dvcore.model.commit import KIND as COMMIT
from dvcore.model.commit import Commit
from dvcore.model.names import Path, parse_path
from dvcore.repo.addressing import resolve_address
from dvcore.repo.cells import (
    BRANCHES,
    REFS,
    SNAPSHOTS,
    TAGS,
    branch_cell,
    find_commit,
    iter_cells,
    snapshot_cell,
    snapshot_name,
    tag_cell,
)
from dvcore.repo.commits import head_commit
from dvcore.repo.repository import Repository
from dvcore.repo.tracking import find_remote_revision, iter_tracked
from dvcore.store import Table

WORK: Final = "WORK"
HEAD: Final = "HEAD"
_ANCESTOR: Final = re.compile(r"(?P<base>[^~]+)(?P<steps>(~[0-9]{0,6})+)")
_SNAPSHOT: Final = re.compile(r"(?P<name>[^@/]+)@(?P<number>[1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class Revision:
    """A state that has a name. `commit` is None for the uncommitted state; `snapshot` is the project and the number
    where the name was one of a snapshot, whose tree is that of its dataset's commit."""

    text: str
    tree: TreeId
    commit: CommitId | None
    snapshot: tuple[str, int] | None = None


def resolve_revision(repository: Repository, text: str) -> Revision:
    """The state that a text names.

    Raises NotFoundError with the nearest name, InvalidInputError for a prefix of several commits.
    """
    repository.refresh()
    if text == WORK:
        return Revision(text, repository.work(repository.branch()), None)
    ancestor = _ANCESTOR.fullmatch(text)
    if ancestor:
        steps = sum(int(number or 1) for number in ancestor["steps"].split("~")[1:])
        return _ancestor(repository, text, ancestor["base"], steps)
    commit = _named_commit(repository, text)
    snapshot = parse_snapshot(text)
    return Revision(text, repository.objects.load_commit(commit).tree, commit, snapshot)


def resolve_commit(repository: Repository, text: str) -> CommitId:
    """The commit that a text names; see `resolve_revision`. Raises InvalidInputError for `WORK`, which is none."""
    commit = resolve_revision(repository, text).commit
    if commit is None:
        raise InvalidInputError(f"{text!r} is the uncommitted state", hint="HEAD is its commit")
    return commit


def _named_commit(repository: Repository, text: str) -> CommitId:
    if text == HEAD:
        commit = head_commit(repository)
        if commit is None:
            raise StateError(f"the branch {repository.branch()!r} has no commit yet", hint="'dset commit' makes one")
        return commit
    found = _find_named(repository, text) or _find_by_prefix(repository, text)
    if found is None:
        names = _revision_names(repository)
        raise NotFoundError(f"no revision {text!r}", hint=nearest_hint(text, names) or "'dset log' lists commits")
    return found


def parse_snapshot(text: str) -> tuple[str, int] | None:
    """The project and the number of `nuts@1`, or None where the text is no such name."""
    match = _SNAPSHOT.fullmatch(text)
    return None if match is None else (match["name"], int(match["number"]))


def split_revision(repository: Repository, text: str) -> tuple[Revision, Path]:
    """The state and the path of `REV:directory` or `REV:file-id`; without a revision, of the working state.

    Raises NotFoundError, InvalidInputError.
    """
    name, colon, path = text.partition(":")
    if not (colon and name):
        name, path = WORK, text.removeprefix(":")
    try:
        revision = resolve_revision(repository, name)
    except NotFoundError as error:
        if repository.working_tree().find_entry(parse_path(text)) is None:
            raise
        raise NotFoundError(error.message, hint=f"':{text}' is the path of that name") from None
    return revision, resolve_address(repository.tree(revision.tree), path)


def _ancestor(repository: Repository, text: str, base: str, steps: int) -> Revision:
    id_ = resolve_commit(repository, base)
    commit = repository.objects.load_commit(id_)
    for _ in range(steps):
        if not commit.parents:
            raise NotFoundError(f"no revision {text!r}: the history is shorter", hint="'dset log' lists commits")
        id_ = commit.parents[0]
        commit = repository.objects.load_commit(id_)
    return Revision(text, commit.tree, id_)


def _find_named(repository: Repository, text: str) -> CommitId | None:
    snapshot = parse_snapshot(text)
    with repository.store.read() as transaction:
        if snapshot:
            return find_commit(transaction, snapshot_cell(*snapshot))
        ours = find_commit(transaction, branch_cell(text)) or find_commit(transaction, tag_cell(text))
        return ours or find_remote_revision(transaction, text)


def _find_by_prefix(repository: Repository, text: str) -> CommitId | None:
    if not re.fullmatch(r"[0-9a-f]{4,64}", text):
        return None
    whole_bytes = bytes.fromhex(text[: len(text) // 2 * 2])
    with repository.store.read() as transaction:
        found = [
            CommitId(key)
            for key, value in transaction.iter_items(Table.OBJECTS, whole_bytes)
            if key.hex().startswith(text) and _is_commit(value)
        ]
    if len(found) > 1:
        raise InvalidInputError(f"{text!r} begins {len(found)} commit ids", hint="give more digits")
    return found[0] if found else None


def _is_commit(data: bytes) -> bool:
    try:
        return peek_kind(data) == COMMIT
    except CorruptError:
        return False


def _revision_names(repository: Repository) -> list[str]:
    with repository.store.read() as transaction:
        cells = [name for name, _ in iter_cells(transaction, REFS)]
        tracked = [one.revision for one in iter_tracked(transaction) if one.revision is not None]
    plain = [cell.split("/", 2)[2] for cell in cells if cell.startswith((BRANCHES, TAGS))]
    snapshots = [snapshot_name(cell) for cell in cells if cell.startswith(SNAPSHOTS)]
    return [HEAD, WORK, *plain, *snapshots, *tracked]


def dataset_parent(commit: Commit) -> CommitId:
    """The dataset's commit that a snapshot's commit was taken of.

    Raises CorruptError where it has none.
    """
    if commit.manifest is None or len(commit.parents) != 2:
        raise CorruptError("a snapshot's commit does not name the dataset's commit")
    return commit.parents[1]
