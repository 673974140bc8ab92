"""What becomes of a remote's tags, projects and snapshots here, under the same names.

| a remote's | and ours | gives |
| --- | --- | --- |
| tag | absent | theirs |
| | another commit | ours stays, and is reported |
| | absent, and its name begins with that of a remote | none, and is refused by name |
| project | absent | theirs, with its snapshots |
| | behind theirs | theirs |
| | ahead of theirs | ours |
| | apart, same definition at the end | theirs, and our own snapshots after it: see `renumbering` |
| | apart, another definition | ours stays, and is refused by name |

A project is adopted whole or not at all. Counters of snapshots rise to the remote's, so that no number is given twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from dvcore.errors import CorruptError, StateError
from dvcore.ids import CommitId
from dvcore.remote.exchange.adopted import Adopted, Refused, Renumbered
from dvcore.remote.exchange.joining import Joined, Published, join
from dvcore.remote.exchange.lines import Line, check_line, iter_chain, lines_of, said_by
from dvcore.remote.exchange.ours import Ours, read_ours
from dvcore.repo.cells import MAX_SNAPSHOT, REFS, place_cell, project_cell, set_cell, snapshot_cell, snapshot_counter
from dvcore.repo.operations import Who, record_note
from dvcore.repo.repository import Repository
from dvcore.store import ObjectDraft, WriteTransaction


@dataclass(frozen=True, slots=True)
class Adoption:
    """A plan. It rests on `ours`, and changes refs, which the log tells, and counters and places, which it does not.
    `moved` are snapshots of ours that are theirs now or have another number: what their files are called changes."""

    ours: Ours
    draft: ObjectDraft
    refs: Mapping[str, Any]
    others: Mapping[str, Any]
    moved: tuple[Renumbered, ...]
    adopted: Adopted

    def fits(self, transaction: WriteTransaction) -> bool:
        """Whether all that the plan rests on is still so."""
        return read_ours(transaction) == self.ours

    def apply(self, transaction: WriteTransaction, who: Who, done: str, more: Mapping[str, Any]) -> None:
        """Carry it out. `done` is what the log says, with what was renumbered; `more` are other cells that it tells."""
        self.draft.flush_into(transaction)
        for cell, value in self.others.items():
            set_cell(transaction, cell, value)
        if self.refs or more:
            said = ", ".join(map(str, self.adopted.renumbered))
            record_note(transaction, who, f"{done}; {said}" if said else done, {**self.refs, **more})


@dataclass(frozen=True, slots=True)
class Theirs:
    """What a remote has: its name here, refs as its root calls them, all of whose commits are here, and the highest
    numbers of snapshots by project."""

    remote: str
    refs: Mapping[str, CommitId]
    counters: Mapping[str, int]


def plan_adoption(
    repository: Repository, ours: Ours, theirs: Theirs, branches: frozenset[str] = frozenset()
) -> Adoption:
    """What becomes of a remote's refs. `branches` will be branches here, too.

    Raises CorruptError, naming the remote, for a project or a snapshot that is none.
    """
    plan = _Plan(repository, ours, theirs)
    plan.adopt_tags(ours.branches | branches)
    plan.adopt_projects()
    return plan.finished()


class _Plan:
    """What adopting found so far."""

    def __init__(self, repository: Repository, ours: Ours, theirs: Theirs) -> None:
        self._objects = repository.objects
        self._draft = repository.draft()
        self._ours = ours
        self._lines = lines_of(ours.refs, ours.counters)
        self._theirs = theirs
        self._cells: dict[str, Any] = {}
        self._others: dict[str, Any] = {}
        self._moved: list[Renumbered] = []
        self._tags: list[str] = []
        self._kept_tags: list[str] = []
        self._new: list[str] = []
        self._advanced: list[str] = []
        self._snapshots: list[str] = []
        self._refused: list[Refused] = []

    def adopt_tags(self, branches: frozenset[str]) -> None:
        """Tags and branches share one set of names, which comes before the refs of remotes: a tag `origin/main` would
        pass for the branch of that remote."""
        remotes = {self._theirs.remote, *(one.remote for one in self._ours.tracked)}
        for ref, commit in sorted(self._theirs.refs.items()):
            kind, _, tag = ref.partition("/")
            if kind != "tags" or self._ours.refs.get(ref) == commit:
                continue
            if ref in self._ours.refs or tag in branches:
                self._kept_tags.append(tag)
            elif (remote := tag.partition("/")[0]) in remotes:
                reason = f"a tag of that name would pass for what the remote {remote!r} has"
                self._refused.append(Refused(tag, reason, f"here it is {self._theirs.remote}/{tag}"))
            else:
                self._cells[REFS + ref] = commit
                self._tags.append(tag)

    def adopt_projects(self) -> None:
        """One after the other: what is refused of one changes nothing of the others."""
        for project, number in self._theirs.counters.items():
            self._raise_counter(project, number)
        for project, theirs in sorted(lines_of(self._theirs.refs, self._theirs.counters).items()):
            ours = self._lines.get(project)
            if ours is not None and ours.newest == theirs.newest and theirs.snapshots.items() <= ours.snapshots.items():
                continue
            with said_by(self._theirs.remote):
                check_line(self._objects, theirs)
            try:
                self._take(theirs, ours)
            except StateError as error:
                self._refused.append(Refused(project, error.message, self._way_out(project)))

    def finished(self) -> Adoption:
        """The plan of all that was adopted."""
        adopted = Adopted(
            tags=tuple(self._tags),
            kept_tags=tuple(self._kept_tags),
            projects=tuple(self._new),
            moved=tuple(self._advanced),
            snapshots=tuple(self._snapshots),
            renumbered=tuple(one for one in self._moved if one.old != one.new),
            refused=tuple(self._refused),
        )
        before = {f"{REFS}{ref}": commit for ref, commit in self._ours.refs.items()} | self._ours.others
        refs, others = (
            {cell: value for cell, value in cells.items() if before.get(cell) != value}
            for cells in (self._cells, self._others)
        )
        return Adoption(self._ours, self._draft, refs, others, tuple(self._moved), adopted)

    def _take(self, theirs: Line, ours: Line | None) -> None:
        project = theirs.project
        if ours is None:
            joined = Joined(theirs.newest, theirs.snapshots)
            self._new.append(project)
        else:
            joined = join(self._objects, self._draft, ours, theirs, self._published(ours))
            if joined.newest != ours.newest:
                self._advanced.append(project)
        self._cells[project_cell(project)] = joined.newest
        for number, commit in sorted(joined.snapshots.items()):
            self._cells[snapshot_cell(project, number)] = commit
            if commit is not None and theirs.snapshots.get(number) == commit:
                self._snapshots.append(theirs.name(number))
        self._raise_counter(project, max([theirs.counter, *joined.snapshots]))
        self._set_places(project, joined)
        self._moved += [
            Renumbered(project, one.old, one.new, one.is_theirs)
            for one in joined.moved
            if one.is_theirs or one.is_renamed
        ]

    def _raise_counter(self, project: str, number: int) -> None:
        if number > MAX_SNAPSHOT:
            raise CorruptError(f"{self._theirs.remote} says that {project} has had {number} snapshots")
        cell = snapshot_counter(project)
        self._others[cell] = max(number, self._others.get(cell, 0), self._ours.counters.get(project, 0))

    def _set_places(self, project: str, joined: Joined) -> None:
        """Folders stay with what was written to them; a name that stands for something else has none any more."""
        kept = {one.new for one in joined.moved if one.keeps_files}
        places: dict[str, Any] = {place_cell(project, n): None for n in joined.snapshots if n not in kept}
        for one in joined.moved:
            if one.is_renamed and one.has_same_files and one.new not in kept:
                cell, place = place_cell(project, one.new), self._ours.places.get(place_cell(project, one.old))
                places[cell] = place or places.get(cell)
        self._others |= places

    def _published(self, ours: Line) -> Published:
        places = {number: self._ours.places.get(place_cell(ours.project, number)) for number in ours.snapshots}
        urls = {number: place for number, place in places.items() if isinstance(place, str)}
        return Published(lambda: self._pushed(ours.project), urls)

    def _pushed(self, project: str) -> dict[CommitId, str]:
        """Of all commits of a project that a remote holds, the name of such a one."""
        pushed: dict[CommitId, str] = {}
        for one in self._ours.tracked:
            if one.ref == f"projects/{project}":
                pushed |= {id_: one.remote for id_, _ in iter_chain(self._objects, one.commit)}
            elif one.ref.startswith(f"snapshots/{project}/"):
                pushed[one.commit] = one.remote
        return pushed

    def _way_out(self, project: str) -> str:
        taken = {*self._lines, *lines_of(self._theirs.refs, {})}
        free = next(name for name in (f"{project}-{number}" for number in count(2)) if name not in taken)
        force = " --force" if self._lines[project].snapshots else ""
        return (
            f"'dset project duplicate {project} {free}' keeps ours under another name; "
            f"'dset project remove {project}{force}' then makes room for theirs"
        )
