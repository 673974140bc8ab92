"""Bringing files into the working state: new ones, new bytes for old ones, annotations for both.

`repo.addition_plan` decides what becomes of each.
"""

from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import islice
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.model.names import format_path
from dvcore.repo.add_options import AddOptions, AddReport, Declared, OnExisting
from dvcore.repo.addition_plan import AdditionPlan
from dvcore.repo.additions import Addition
from dvcore.repo.batches import iter_batches
from dvcore.repo.edits import Edits, kept
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.repo.working import change_working
from dvcore.store import ObjectDraft
from dvcore.store.spilling import SpillingMap

__all__ = ["AddOptions", "AddReport", "Declared", "OnExisting", "add_files"]

_LOOKED_UP: Final = 1_000
"""Blobs that are looked up in one transaction."""
_BATCH: Final = 32_768
"""Files that are taken at a time, instances counted with them where they have some: up to 40 MB."""


def add_files(
    repository: Repository, additions: Iterable[Addition], declared: Declared, options: AddOptions, description: str
) -> AddReport:
    """Bring files into the current branch's working state, in one operation.

    The additions must be there again each time they are iterated: a plan may be made several times. Raises
    ConflictError naming the paths where other files have the names, InvalidInputError where declarations or sizes do
    not go together or a blob is not in the store. Then nothing was done.
    """
    report = AddReport()

    def plan(reader: TreeReader, draft: ObjectDraft) -> Edits:
        nonlocal report
        with closing(SpillingMap(repository.scratch)) as taken:
            while True:
                with closing(SpillingMap(repository.scratch)) as came_in, kept(repository.edits()) as edits:
                    adding = AdditionPlan(reader, draft, options, edits, taken=taken, came_in=came_in)
                    adding.declare(declared)
                    for batch in iter_batches(additions, _weight, _BATCH):
                        _check_blobs(repository, batch)
                        adding.take(batch)
                    if not adding.note_taken():
                        adding.conflicts.refuse()
                        report = adding.report
                        return edits
                edits.close()
                draft.forget()

    changed = change_working(repository, description, plan)
    report.tree = changed.tree if changed.as_planned else None
    return report


def _weight(addition: Addition) -> int:
    return 1 + len(addition.entered or ())


def _check_blobs(repository: Repository, additions: Sequence[Addition]) -> None:
    """Raises InvalidInputError where a blob is not there: one written outside `writing` may have been collected."""
    iterator = iter(additions)
    while some := list(islice(iterator, _LOOKED_UP)):
        missing = repository.blobs.find_missing({one.blob: None for one in some})
        if missing:
            lost = next(one for one in some if one.blob == missing[0])
            raise InvalidInputError(
                f"the bytes of {format_path(lost.path)!r} are not in the repository",
                hint="write blobs and add files inside one 'writing'",
            )
