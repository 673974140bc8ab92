"""Which refs of a remote a push may change, and how.

A branch and the chain of a project go forward only, tags and snapshots never move. What breaks that, and every
deletion, needs a *lease*: what the ref has to be on the remote at that moment, so that nothing is lost that nobody here
has seen.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final, NamedTuple

from dvcore.errors import CorruptError, InvalidInputError, StateError
from dvcore.ids import CommitId, format_short
from dvcore.remote.roots.root import Root
from dvcore.repo.objects import Objects
from dvcore.repo.ref_names import PROJECTS, find_snapshot

_FIXED: Final = {"tags": "tag", "snapshots": "snapshot"}
_WORDS: Final = {"heads": "branch", "projects": "project"} | _FIXED
_FETCH_FIRST: Final = "fetch first: 'dset pull' fetches and merges"
_HINTS: Final = {
    "tags": "tags stay: give ours another name, or fetch, and 'dset push REMOTE TAG --delete' takes theirs away",
    "snapshots": "'dset fetch' gives ours another number",
    "projects": "fetch first: 'dset fetch' puts ours on top of theirs",
}
_LOOK: Final = "'dset fetch' shows what is there"
_TOLD: Final = 5
"""Refs that a message names."""

Leases = Mapping[str, CommitId | None]
"""What refs have to be on the remote; None: absent."""


@dataclass(frozen=True, slots=True)
class PushRef:
    """What a ref of the remote, by its name there (`heads/main`, `snapshots/nuts/3`), is to be; None: it is to go."""

    ref: str
    commit: CommitId | None


@dataclass(frozen=True, slots=True)
class RefChange:
    """A ref of the remote before and after; None where it was or is not. `is_forced`: it did not go forward."""

    ref: str
    before: CommitId | None
    after: CommitId | None
    is_forced: bool = False


def plan_changes(
    objects: Objects, root: Root, requests: Sequence[PushRef], leases: Leases, where: str
) -> tuple[RefChange, ...]:
    """What of the root's refs changes; what is already as it should be does not.

    Raises InvalidInputError for requests that contradict each other, and StateError, naming the refs, where one may not
    be changed so.
    """
    if len({one.ref for one in requests}) != len(requests):
        raise InvalidInputError("a ref is to be pushed twice", hint="name each once")
    wanted = [one for one in requests if root.refs.get(one.ref) != one.commit]
    refused = [refusal for one in wanted if (refusal := _refusal(objects, root, one, leases)) is not None]
    if refused:
        raise _refused(refused, where)
    return tuple(_change(objects, root, one) for one in wanted)


def word_of(ref: str) -> str:
    """What messages call a ref: `the branch 'main'`."""
    kind, _, name = ref.partition("/")
    if kind == "snapshots":
        name = "@".join(name.rsplit("/", 1))
    return f"the {_WORDS.get(kind, 'ref')} {name!r}"


def projects_of(refs: Iterable[str]) -> set[str]:
    """The projects that refs speak of."""
    named = list(refs)
    chains = {ref.removeprefix(PROJECTS) for ref in named if ref.startswith(PROJECTS)}
    return chains | {project for project, _ in snapshots_of(named)}


def snapshots_of(refs: Iterable[str]) -> list[tuple[str, int]]:
    """The snapshots that refs name: project and number."""
    return [snapshot for ref in refs if (snapshot := find_snapshot(ref)) is not None]


def leads_to(objects: Objects, commit: CommitId, older: CommitId) -> bool:
    """Whether `older` is `commit`, which is here with all that it leads to, or one before it. Of commits that are here
    only what `commit` leads to is read."""
    return _is_here(objects, older) and any(one == older for one in _iter_history(objects, commit))


def _is_here(objects: Objects, commit: CommitId) -> bool:
    try:
        objects.read(commit)
    except CorruptError:
        return False
    return True


def _iter_history(objects: Objects, start: CommitId) -> Iterator[CommitId]:
    """A commit and those before it, newest first."""
    seen = {start}
    queue = [(0, start)]
    while queue:
        _, one = heappop(queue)
        yield one
        for parent in objects.load_commit(one).parents:
            if parent not in seen:
                seen.add(parent)
                heappush(queue, (-objects.load_commit(parent).time, parent))


def _change(objects: Objects, root: Root, request: PushRef) -> RefChange:
    before = root.refs.get(request.ref)
    is_forced = before is not None and not _goes_forward(objects, before, request)
    return RefChange(request.ref, before, request.commit, is_forced)


class _Refusal(NamedTuple):
    """Why a ref may not be changed so, as the rest of a sentence, and what to do."""

    ref: str
    why: str
    hint: str


def _refusal(objects: Objects, root: Root, request: PushRef, leases: Leases) -> _Refusal | None:
    """None where it may."""
    ref, before = request.ref, root.refs.get(request.ref)
    kind = ref.partition("/")[0]
    hint = _HINTS.get(kind, _FETCH_FIRST)
    if ref in leases:
        if before != leases[ref]:
            return _Refusal(ref, f"is {_shown(before)} there, and was expected to be {_shown(leases[ref])}", _LOOK)
        is_moved = kind in _FIXED and before is not None and request.commit is not None
        return _Refusal(ref, "cannot move", hint) if is_moved else None
    if request.commit is None:
        return _Refusal(ref, "is deleted only where it is said what it has to be", _LOOK)
    if before is None or _goes_forward(objects, before, request):
        return None
    why = "is another one there" if kind in _FIXED else "has commits there that this push would lose"
    return _Refusal(ref, why, hint)


def _goes_forward(objects: Objects, before: CommitId, request: PushRef) -> bool:
    if request.commit is None or request.ref.partition("/")[0] in _FIXED:
        return False
    return leads_to(objects, request.commit, before)


def _shown(commit: CommitId | None) -> str:
    return "absent" if commit is None else format_short(commit)


def _refused(refused: Sequence[_Refusal], where: str) -> StateError:
    """Of several, the first one's hint: each is told its own when its turn comes."""
    told = "; ".join(f"{word_of(one.ref)} {one.why}" for one in refused[:_TOLD])
    more = f"; and {len(refused) - _TOLD} more" if len(refused) > _TOLD else ""
    return StateError(f"{told}{more}: nothing was pushed to {where}", hint=refused[0].hint)
