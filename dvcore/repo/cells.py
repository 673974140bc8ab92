"""Cells: the few named values that change. Refs, HEAD, working states, counters.

No hash covers them, so each is stored with a checksum (`dvcore.store.cells`). Names are ASCII paths:

    head                      the current branch
    ref/heads/BRANCH          commit of a branch
    ref/tags/TAG              commit of a tag
    ref/projects/NAME         newest commit of a project's chain
    ref/snapshots/NAME/N      commit of a snapshot
    ref/remotes/REMOTE/REF    commit of a remote's ref when it was last fetched or pushed; REF is named as above,
                              without `ref/`. No operation: it is not undone
    remote/REMOTE             what was last seen of a remote: identity, serial, write. No operation either
    work/BRANCH               tree of a branch's uncommitted working state
    counter/snapshots/NAME    the highest snapshot number ever given; not undone
    place/NAME/N              folder on this machine that a snapshot's files were last written to, absolute, as the
                              system's bytes, or a URL, as text; absent: the repository's own. No operation: it is not
                              undone
    log/NUMBER                an operation (`dvcore.repo.operations`), 16 digits
    horizon/operations        number of the newest operation that holds nothing any more (`dvcore.repo.horizon`)
"""

from collections.abc import Iterator
from typing import Any, Final

from dvcore.encoding import check_id, decode, encode
from dvcore.errors import CorruptError, InvalidInputError, NotFoundError, StateError
from dvcore.ids import ID_BYTES, CommitId, TreeId
from dvcore.store import ReadTransaction, Table, WriteTransaction, seal, unseal
from dvcore.store.base import MAX_KEY_BYTES

HEAD: Final = "head"
REFS: Final = "ref/"
BRANCHES: Final = "ref/heads/"
TAGS: Final = "ref/tags/"
PROJECTS: Final = "ref/projects/"
SNAPSHOTS: Final = "ref/snapshots/"
REMOTES: Final = "ref/remotes/"
WORKING: Final = "work/"
PLACES: Final = "place/"
COUNTERS: Final = "counter/snapshots/"
SEEN: Final = "remote/"
HORIZON: Final = "horizon/operations"
MAX_SNAPSHOT: Final = 999_999_999
"""The highest number that a snapshot can be named by (`dvcore.repo.revisions`)."""
_FORBIDDEN: Final = frozenset(" ~^:?*[\\@")
_PLAIN: Final = frozenset({"project", "remote"})
"""What has names without `/`: a project's also begins file names, a remote's is what comes before the first one."""


def branch_cell(branch: str) -> str:
    """Name of a branch's ref."""
    return BRANCHES + branch


def tag_cell(tag: str) -> str:
    """Name of a tag's ref."""
    return TAGS + tag


def project_cell(name: str) -> str:
    """Name of a project's ref."""
    return PROJECTS + name


def snapshot_cell(name: str, number: int) -> str:
    """Name of a snapshot's ref."""
    return f"{SNAPSHOTS}{name}/{number}"


def snapshot_name(cell: str) -> str:
    """`NAME@N`, as users call the snapshot that a ref is of."""
    return "@".join(cell.removeprefix(SNAPSHOTS).rsplit("/", 1))


def remote_cell(remote: str, ref: str) -> str:
    """Name of the cell that holds a remote's ref; `ref` is as the remote names it: `heads/main`, `snapshots/nuts/1`."""
    return f"{REMOTES}{remote}/{ref}"


def seen_cell(remote: str) -> str:
    """Name of the cell that says what was last seen of a remote."""
    return SEEN + remote


def snapshot_counter(name: str) -> str:
    """Name of the counter of a project's snapshots."""
    return COUNTERS + name


def place_cell(name: str, number: int) -> str:
    """Name of the cell that says where a snapshot's files are."""
    return f"{PLACES}{name}/{number}"


def work_cell(branch: str) -> str:
    """Name of a branch's working state."""
    return WORKING + branch


def check_ref_name(what: str, name: str) -> str:
    """The name, if a branch, tag, project or remote can have it.

    Raises InvalidInputError.
    """
    if name in {"HEAD", "WORK"}:
        raise InvalidInputError(f"{name!r} cannot be the name of a {what}: it has a meaning", hint="choose another")
    parts = name.split("/")
    plain = name.isascii() and name.isprintable() and not _FORBIDDEN & set(name) and len(name) <= 200
    fits = len(parts) == 1 or what not in _PLAIN
    if not plain or not fits or name.startswith("-") or {"", ".", ".."} & set(parts) or _is_id(name):
        raise InvalidInputError(
            f"{name!r} cannot be the name of a {what}", hint="use ASCII letters, digits, '-', '_' and '.'"
        )
    return name


def _is_id(name: str) -> bool:
    """Whether a name is that of a commit already: it would come first, wherever one is looked up."""
    return len(name) == 2 * ID_BYTES and set(name) <= set("0123456789abcdef")


def find_cell(transaction: ReadTransaction, name: str) -> Any:
    """The value of a cell, or None; `name` may be anything that a user typed.

    Raises CorruptError where the stored bytes are damaged.
    """
    if not name.isascii() or len(name) > MAX_KEY_BYTES:
        return None
    sealed = transaction.get(Table.CELLS, name.encode())
    return None if sealed is None else decode(unseal(name, sealed))


def set_cell(transaction: WriteTransaction, name: str, value: Any) -> None:
    """Give a cell a value; None removes it."""
    if value is None:
        transaction.delete(Table.CELLS, name.encode())
    else:
        transaction.put(Table.CELLS, name.encode(), seal(name, encode(value)))


def iter_cells(transaction: ReadTransaction, prefix: str, *, reverse: bool = False) -> Iterator[tuple[str, Any]]:
    """Cells whose names begin so, in the order of the names."""
    for key, sealed in transaction.iter_items(Table.CELLS, prefix.encode(), reverse=reverse):
        name = key.decode(errors="replace")  # a damaged name no longer fits its checksum
        yield name, decode(unseal(name, sealed))


def find_text(transaction: ReadTransaction, name: str) -> str | None:
    """The text in a cell, or None."""
    value = find_cell(transaction, name)
    if value is not None and type(value) is not str:
        raise CorruptError(f"the cell {name!r} holds no text")
    return value


def find_counter(transaction: ReadTransaction, name: str) -> int:
    """The number in a cell; 0 where there is none."""
    value = find_cell(transaction, name)
    if value is not None and type(value) is not int:
        raise CorruptError(f"the cell {name!r} holds no number")
    return value or 0


def check_snapshot_number(project: str, number: int) -> int:
    """The number, if a snapshot can have it.

    Raises StateError where all numbers were given: some remote said so.
    """
    if number > MAX_SNAPSHOT:
        raise StateError(
            f"no number is left for a snapshot of {project!r}", hint="'dset project duplicate' begins anew with 1"
        )
    return number


def find_commit(transaction: ReadTransaction, name: str) -> CommitId | None:
    """The commit that a ref names, or None."""
    value = find_cell(transaction, name)
    return None if value is None else CommitId(check_id(value, f"ref {name!r}", "commit"))


def find_work(transaction: ReadTransaction, branch: str) -> TreeId | None:
    """The tree of a branch's working state, or None where there is no such branch."""
    value = find_cell(transaction, work_cell(branch))
    return None if value is None else TreeId(check_id(value, f"working state of {branch!r}", "tree"))


def work_of(transaction: ReadTransaction, branch: str) -> TreeId:
    """The same of a branch that there was when its name was looked up.

    Raises NotFoundError where somebody deleted or renamed it since, CorruptError where nobody did.
    """
    tree = find_work(transaction, branch)
    if tree is not None:
        return tree
    if find_text(transaction, HEAD) == branch:
        raise CorruptError(f"the branch {branch!r} has no working state", hint="'dset fsck' says more")
    raise NotFoundError(f"the branch {branch!r} was deleted or renamed meanwhile", hint="'dset branch' lists them")
