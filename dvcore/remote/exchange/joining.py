"""One project that a remote and we both have: one line made of two.

Nothing is decided by when something was done, and nothing is written: the result says which cells change, and draws the
commits that have to be made into a draft.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dvcore.errors import StateError
from dvcore.ids import CommitId
from dvcore.prolly import NodeWriter
from dvcore.remote.exchange.lines import Line, iter_chain
from dvcore.remote.exchange.renumbering import Moved, assign_numbers, check_unpublished, rebuild
from dvcore.repo.objects import Objects


@dataclass(frozen=True, slots=True)
class Joined:
    """What a line becomes: its newest commit, what changes of its snapshots (None: the number is free), what became of
    those of ours that the remote does not have."""

    newest: CommitId
    snapshots: Mapping[int, CommitId | None]
    moved: tuple[Moved, ...] = ()


@dataclass(frozen=True, slots=True)
class Published:
    """What others may know of our snapshots: which remote a commit was pushed to, which URL a number was written to."""

    pushed: Callable[[], Mapping[CommitId, str]]
    urls: Mapping[int, str]


def join(objects: Objects, writer: NodeWriter, ours: Line, theirs: Line, published: Published) -> Joined:
    """Make one line of ours and theirs.

    Raises StateError where that cannot be, with the reason and without a hint; CorruptError.
    """
    known = dict(iter_chain(objects, theirs.newest))
    beyond = dict(iter_chain(objects, ours.newest, known))
    is_behind, is_ahead = not beyond, _fork(beyond, ours) == theirs.newest
    apart = {} if is_ahead else {number: id_ for number, id_ in ours.snapshots.items() if id_ in beyond}
    _check_numbers(ours, theirs, apart)
    new = {number: id_ for number, id_ in theirs.snapshots.items() if ours.snapshots.get(number) != id_}
    if is_behind or is_ahead:
        return Joined(theirs.newest if is_behind else ours.newest, new)
    if objects.load_commit(ours.newest).definition != objects.load_commit(theirs.newest).definition:
        raise StateError(f"the project {ours.project!r} has another definition there")
    moved = assign_numbers(objects, ours, theirs, apart)
    check_unpublished(ours, moved, published.pushed() if moved else {}, published.urls)
    made = rebuild(writer, objects, theirs, moved)
    freed: dict[int, CommitId | None] = dict.fromkeys(one.old for one in moved)
    return Joined(next(reversed(made.values()), theirs.newest), {**freed, **new, **made}, tuple(moved))


def _fork(beyond: Mapping[CommitId, Any], ours: Line) -> CommitId | None:
    """The newest commit that both have, or None where two began a project of one name."""
    *_, oldest = beyond.values() or [None]
    if oldest is None:
        return ours.newest
    return oldest.parents[0] if oldest.parents else None


def _check_numbers(ours: Line, theirs: Line, apart: Mapping[int, CommitId]) -> None:
    """A snapshot that both have keeps its number on both sides: who gave it another one cannot be followed."""
    for number, id_ in ours.snapshots.items():
        if number not in apart and theirs.snapshots.get(number, id_) != id_:
            raise StateError(f"{ours.name(number)} is another snapshot there")
