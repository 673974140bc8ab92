"""Which refs the names mean that users give to a push: `main`, `v1`, `kinds`, `kinds@2`.

A project goes with all its snapshots: on the other side its chain and its numbers are one thing. So a snapshot's name
means its project, too. Where a name is that of more than one, the ref is written out: `heads/kinds`, `projects/kinds`.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, TypeVar

from dvcore.errors import InvalidInputError, NotFoundError, nearest_hint
from dvcore.ids import CommitId
from dvcore.repo import ref_names
from dvcore.repo.cells import BRANCHES, PROJECTS, REFS, SNAPSHOTS, TAGS, iter_cells
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import parse_snapshot

_T = TypeVar("_T")

_KINDS: Final = {ref_names.HEADS: "a branch", ref_names.TAGS: "a tag", ref_names.PROJECTS: "a project"}
_SHARED: Final = (BRANCHES, TAGS, PROJECTS, SNAPSHOTS)


def own_refs(repository: Repository) -> dict[str, CommitId]:
    """What `push --all` sends: every branch that has a commit, every tag, project and snapshot, called as a root calls
    them (`heads/main`, `snapshots/nuts/3`)."""
    repository.refresh()
    with repository.store.read() as transaction:
        return {
            cell.removeprefix(REFS): CommitId(value)
            for prefix in _SHARED
            for cell, value in iter_cells(transaction, prefix)
        }


def select_refs(refs: Mapping[str, _T], names: Iterable[str], where: str) -> dict[str, _T]:
    """Those of the refs, called as a root calls them, that the names mean; `where` is who has them, for messages.

    Raises NotFoundError with the nearest name, InvalidInputError for a name of more than one thing.
    """
    found: dict[str, _T] = {}
    for name in names:
        ref = _find_ref(refs, name, where)
        found[ref] = refs[ref]
        if ref.startswith(ref_names.PROJECTS):
            snapshots = f"{ref_names.SNAPSHOTS}{ref.removeprefix(ref_names.PROJECTS)}/"
            found |= {one: commit for one, commit in refs.items() if one.startswith(snapshots)}
    return found


def _find_ref(refs: Collection[str], name: str, where: str) -> str:
    snapshot = parse_snapshot(name)
    plain = name if snapshot is None else snapshot[0]
    found = [kind + plain for kind in _KINDS if kind + plain in refs]
    if name in refs and name.startswith(tuple(_KINDS)):
        found = [name]
    if len(found) > 1:
        kinds = " and ".join(what for kind, what in _KINDS.items() if kind + plain in refs)
        raise InvalidInputError(f"{name!r} is {kinds}", hint=f"write {' or '.join(found)}")
    if not found or (snapshot is not None and f"snapshots/{plain}/{snapshot[1]}" not in refs):
        known = [ref.partition("/")[2] for ref in refs if ref.startswith(tuple(_KINDS))]
        hint = nearest_hint(name, known)
        raise NotFoundError(f"{where} has no branch, tag, project or snapshot {name!r}", hint=hint)
    return found[0]
