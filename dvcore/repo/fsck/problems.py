"""What `dset fsck` reports: faults, each with what it concerns, in lists that stay readable."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Final

from dvcore.ids import SHORT_DIGITS
from dvcore.repo.fsck.faults import Damaged

LISTED: Final = 12
"""So many of each sort are named; the others are counted."""


@dataclass(slots=True)
class Some:
    """The first of many, and how many more there are."""

    listed: list[str] = field(default_factory=list)
    more: int = 0

    def add(self, name: str) -> None:
        """Name one more, as long as there is room, and once only; beyond that, count it."""
        if len(self.listed) >= LISTED:
            self.more += 1
        elif name not in self.listed:
            self.listed.append(name)

    def __bool__(self) -> bool:
        return bool(self.listed)

    def __str__(self) -> str:
        rest = f" and {self.more:,} more" if self.more else ""
        return ", ".join(self.listed) + rest


@dataclass(slots=True)
class Concerned:
    """What a fault is part of. `files` are paths in the state that `state` names (`WORK`, a commit …), or directories,
    with `/` at the end, of which entries are lost; `commits` are ids in hex, `snapshots` `project@N`, `working` the
    branches whose working states it is in, `operations` the numbers of those that undo or redo would bring it back. Of
    a commit that is lost itself, `refs` are the branches, tags and projects that lead to it, `children` the commits
    that come after it, and `snapshots` also those of which it is the dataset's commit."""

    files: Some = field(default_factory=Some)
    state: str = ""
    commits: Some = field(default_factory=Some)
    snapshots: Some = field(default_factory=Some)
    working: Some = field(default_factory=Some)
    operations: Some = field(default_factory=Some)
    refs: Some = field(default_factory=Some)
    children: Some = field(default_factory=Some)

    def __bool__(self) -> bool:
        return any(getattr(self, one.name) for one in fields(self) if one.name != "state")

    def __str__(self) -> str:
        named = {
            f"in {self.state}: ": self.files,
            "": self.refs,
            "commits ": _shortened(self.commits),
            "commits after it ": _shortened(self.children),
            "snapshots ": self.snapshots,
            "working states of ": self.working,
            "operations ": self.operations,
        }
        return "; ".join(f"{what}{some}" for what, some in named.items() if some)


def _shortened(ids: Some) -> Some:
    return Some([id_[:SHORT_DIGITS] for id_ in ids.listed], ids.more)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something damaged. `name` is an id in hex, the name of a cell, or where in a store."""

    damaged: Damaged
    name: str
    reason: str
    concerned: Concerned = field(default_factory=Concerned)

    def __str__(self) -> str:
        """One line."""
        is_id = self.damaged not in {Damaged.STORE, Damaged.CELL}
        what = f"{self.damaged.value} {self.name[:SHORT_DIGITS] if is_id else repr(self.name)}: {self.reason}"
        return f"{what}; concerns {self.concerned}" if self.concerned else what
