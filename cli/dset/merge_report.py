"""Printing what came of a merge, of a commit taken back, of one done again."""

from collections.abc import Mapping
from typing import Any, Final

import click

from dset.conflicts import conflict_json, conflict_line
from dset.output import count, one_line, say, say_json, subject, warn
from dvcore.history.conflict_paths import Located, locate
from dvcore.history.merging import MergeReport, Outcome
from dvcore.ids import format_id, format_short
from dvcore.model.conflicts import Conflict
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader

_SHOWN: Final = 20
_OUTCOMES: Final = {Outcome.UP_TO_DATE: "up to date, at", Outcome.FAST_FORWARD: "fast-forward to"}


def say_merge(
    repository: Repository, report: MergeReport, *, as_json: bool, beside: Mapping[str, Any] | None = None
) -> None:
    """What became of it; `beside` is what else the JSON says. With conflicts, the command ends with exit code 1."""
    for text in report.notes:
        warn(one_line(text))
    reader = repository.working_tree()
    conflicts = locate(reader, [Conflict(place, sides) for place, sides in report.conflicts.items()])
    if as_json:
        commit = None if report.commit is None else format_id(report.commit)
        listed = [conflict_json(reader, path, one) for path, one in conflicts]
        say_json({**(beside or {}), "commit": commit, "outcome": report.outcome.value, "conflicts": listed})
    elif report.commit is not None:
        said = subject(repository.objects.load_commit(report.commit).message)
        say(f"{_OUTCOMES.get(report.outcome, 'committed')} {format_short(report.commit)} {said}")
    else:
        say_conflicts(reader, conflicts)
    if conflicts:
        click.get_current_context().exit(1)


def say_conflicts(reader: TreeReader, conflicts: Located) -> None:
    """A line for each of the first, how many there are, and what to do."""
    for path, one in conflicts[:_SHOWN]:
        say(f"conflict: {conflict_line(reader, path, one)}")
    if len(conflicts) > _SHOWN:
        say(f"… and {len(conflicts) - _SHOWN:,} more; 'dset status --json' lists all")
    say(f"{count(len(conflicts), 'conflict')}; 'dset resolve' settles them, then 'dset commit'")
