"""What faults concern: commits, snapshots, working states and operations by the summaries, files by a second look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dvcore.errors import DsetError
from dvcore.ids import CommitId, TreeId, format_id, format_short
from dvcore.repo.cells import BRANCHES, PROJECTS, REMOTES, SNAPSHOTS, TAGS, WORKING, snapshot_name
from dvcore.repo.fsck.cells import Start
from dvcore.repo.fsck.faults import Damaged, Fault, Faults
from dvcore.repo.fsck.locating import Locator
from dvcore.repo.fsck.problems import Concerned, Problem
from dvcore.repo.fsck.summaries import Summaries
from dvcore.repo.links import Kind, Link
from dvcore.repo.objects import Objects
from dvcore.repo.operations import LOG

_CALLED = {BRANCHES: "branch", TAGS: "tag", PROJECTS: "project", REMOTES: "remote ref"}
_CURRENT, _OTHER_BRANCH, _COMMITTED, _LOGGED = range(4)
"""Ranks of states: the first there is of a fault is where its files are looked for."""
_STORED = frozenset({Damaged.OBJECT, Damaged.BLOB, Damaged.CHUNK})


@dataclass(frozen=True, slots=True, order=True)
class _State:
    """A tree that a fault is in, and how it is called."""

    rank: int
    name: str
    tree: TreeId


class Naming:
    """Names what the faults concern, once everything was followed. `branch` is the current one, if that is known."""

    def __init__(self, objects: Objects, faults: Faults, summaries: Summaries, branch: object) -> None:
        self._objects = objects
        self._faults = faults
        self._summaries = summaries
        self._branch = branch
        self._concerned = [Concerned() for _ in faults.listed]
        self._states: dict[int, _State] = {}
        self._lost = dict(self._iter_lost_commits())

    def problems(self, starts: Iterable[Start]) -> list[Problem]:
        """A problem for each fault.

        Raises StorageError.
        """
        for start in starts:
            self._note_start(start)
        for id_, summary in self._summaries.iter_kind(Kind.COMMIT):
            for number in summary.faults:
                self._concerned[number].commits.add(format_id(id_))
                self._note_commit(CommitId(id_), number)
            for number in self._lost_parents(CommitId(id_)):
                self._concerned[number].children.add(format_id(id_))
        self._locate()
        named = zip(self._faults.listed, self._concerned, strict=True)
        return [_problem(fault, concerned) for fault, concerned in named]

    def _note_start(self, start: Start) -> None:
        summary = self._summaries.find(start.link)
        for number in () if summary is None else summary.faults:
            self._note_faulty(start, self._concerned[number])
            if start.link.kind is Kind.TREE:
                self._offer(number, self._state_of(start))
        self._note_ref(start)

    def _note_faulty(self, start: Start, concerned: Concerned) -> None:
        if start.cell.startswith(LOG):
            concerned.operations.add(str(int(start.cell.removeprefix(LOG))))
        elif start.cell.startswith(SNAPSHOTS):
            concerned.snapshots.add(snapshot_name(start.cell))
        elif start.cell.startswith(WORKING):
            concerned.working.add(start.cell.removeprefix(WORKING))

    def _note_ref(self, start: Start) -> None:
        """A ref whose commit is lost, or a snapshot whose dataset's commit is."""
        if start.cell.startswith(SNAPSHOTS):
            for number in self._lost_parents(CommitId(start.link.id), start=1):
                self._concerned[number].snapshots.add(snapshot_name(start.cell))
        for prefix, called in _CALLED.items():
            if start.cell.startswith(prefix) and start.link.id in self._lost:
                self._concerned[self._lost[start.link.id]].refs.add(f"{called} {start.cell.removeprefix(prefix)}")

    def _iter_lost_commits(self) -> Iterator[tuple[bytes, int]]:
        for number, fault in enumerate(self._faults.listed):
            if fault.damaged is Damaged.OBJECT:
                id_ = bytes.fromhex(fault.name)
                if self._summaries.find(Link(Kind.COMMIT, id_)) is not None:
                    yield id_, number

    def _lost_parents(self, commit: CommitId, start: int = 0) -> list[int]:
        """The faults that are a commit's parents, from the one at `start` on; none where it is lost itself."""
        if not self._lost or commit in self._lost:
            return []
        try:
            parents = self._objects.load_commit(commit).parents[start:]
        except DsetError:
            return []  # so many are lost that not all are listed
        return [self._lost[parent] for parent in parents if parent in self._lost]

    def _state_of(self, start: Start) -> _State:
        tree = TreeId(start.link.id)
        if not start.cell.startswith(WORKING):
            return _State(_LOGGED, f"operation {int(start.cell.removeprefix(LOG))}", tree)
        branch = start.cell.removeprefix(WORKING)
        if branch == self._branch:
            return _State(_CURRENT, "WORK", tree)
        return _State(_OTHER_BRANCH, f"WORK of {branch}", tree)

    def _note_commit(self, commit: CommitId, number: int) -> None:
        if number not in self._states or self._states[number].rank > _COMMITTED:
            try:
                tree = self._objects.load_commit(commit).tree
            except DsetError:
                return  # the commit is what is damaged
            self._offer(number, _State(_COMMITTED, format_short(commit), tree))

    def _offer(self, number: int, state: _State) -> None:
        self._states[number] = min(state, self._states.get(number, state))

    def _locate(self) -> None:
        """Look for files in as few trees as there are; a tree that cannot be read has none to name."""
        together: dict[_State, list[int]] = {}
        for number, state in self._states.items():
            together.setdefault(state, []).append(number)
        locator = Locator(self._objects, self._faults, self._summaries)
        for state, numbers in together.items():
            try:
                found = locator.locate(self._objects.load_tree(state.tree), numbers)
            except DsetError:
                continue
            for number, some in found.items():
                self._concerned[number].files = some
                self._concerned[number].state = state.name


def _problem(fault: Fault, concerned: Concerned) -> Problem:
    if fault.damaged in _STORED and not concerned:
        return Problem(fault.damaged, fault.name, f"{fault.reason}; nothing refers to it, 'dset gc' removes it")
    return Problem(fault.damaged, fault.name, fault.reason, concerned)
