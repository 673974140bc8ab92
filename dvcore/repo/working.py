"""Changing the working state, so that many processes can do it at once and no change is lost.

Planning happens outside the write transaction, on the working state as it is at that moment. In the transaction the
edits are applied to the working state *as it then is*: where it moved but not where the edits touch it, they are
applied to what it is now; where it moved under them, the operation is planned again. Only a plan that has become
impossible is an error, and then nothing was done.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Final

from dvcore.ids import TreeId
from dvcore.repo.cells import work_cell, work_of
from dvcore.repo.edits import Edits, apply_edits, holds_still, kept
from dvcore.repo.operations import record
from dvcore.repo.repository import Repository, writes
from dvcore.repo.treereader import TreeReader
from dvcore.store import ObjectDraft, UnkeptDraft, WriteTransaction

Plan = Callable[[TreeReader, ObjectDraft], Edits]
"""Makes the edits for a tree; objects that they refer to go into the draft. May be called several times."""

_ATTEMPTS: Final = 8
"""Plans made outside the write transaction before one is made inside, which nobody can overtake."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The tree that an operation left. `as_planned`: nobody had changed anything since the plan was made, so that the
    tree is the plan's own."""

    tree: TreeId
    as_planned: bool


@writes
def change_working(repository: Repository, description: str, plan: Plan) -> Changed:
    """Plan and apply one operation to the current branch's working state; gives the tree that it left.

    A plan without edits changes nothing and leaves no trace in the log. Raises what the plan raises.
    """
    return _WorkingChange(repository, repository.branch(), description, plan).run()


def look_at_plan(repository: Repository, plan: Plan) -> None:
    """Make a plan as `change_working` would, for what it finds out, and apply nothing. Raises what the plan raises."""
    plan(repository.working_tree(), UnkeptDraft(repository.store)).close()


@dataclass(frozen=True, slots=True)
class _Planned:
    """Edits, the tree they were planned on, the tree they make of it, and the objects that these need."""

    base: TreeId
    edits: Edits
    result: TreeId
    draft: ObjectDraft


@dataclass(frozen=True, slots=True)
class _WorkingChange:
    repository: Repository
    branch: str
    description: str
    plan: Plan

    def run(self) -> Changed:
        for _ in range(_ATTEMPTS):
            planned = self._make(self.repository.work(self.branch), self.repository.draft())
            with closing(planned.edits):
                result = self.repository.store.update(partial(self._apply, planned))
            if result is not None:
                return Changed(result, as_planned=result == planned.result)
        return Changed(self.repository.store.update(self._plan_inside), as_planned=True)

    def _make(self, base: TreeId, draft: ObjectDraft) -> _Planned:
        reader = self.repository.tree(base)
        with kept(self.plan(reader, draft)) as edits:
            return _Planned(base, edits, apply_edits(draft, reader, edits) if edits else base, draft)

    def _apply(self, planned: _Planned, transaction: WriteTransaction) -> TreeId | None:
        """The tree that is the working state now, or None where the plan no longer fits."""
        current = work_of(transaction, self.branch)
        if current == planned.base:
            return self._finish(transaction, current, planned.result, planned.draft)
        reader = self.repository.tree(current)
        if not holds_still(reader, planned.edits, planned.base):
            return None
        return self._finish(transaction, current, apply_edits(planned.draft, reader, planned.edits), planned.draft)

    def _plan_inside(self, transaction: WriteTransaction) -> TreeId:
        current = work_of(transaction, self.branch)
        planned = self._make(current, self.repository.draft())
        planned.edits.close()
        return self._finish(transaction, current, planned.result, planned.draft)

    def _finish(self, transaction: WriteTransaction, current: TreeId, result: TreeId, draft: ObjectDraft) -> TreeId:
        if result != current:
            draft.flush_into(transaction)
            record(transaction, self.repository.who(), self.description, {work_cell(self.branch): result})
        return result
