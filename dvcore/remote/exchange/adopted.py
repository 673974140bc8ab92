"""What a fetch made of our own names, told as data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Renumbered:
    """Our snapshot `old` of a project is now the number `new`; `is_theirs` where that one is the remote's, of the same
    tree and definition."""

    project: str
    old: int
    new: int
    is_theirs: bool = False

    def __str__(self) -> str:
        return f"{self.project}@{self.old} is now {self.project}@{self.new}"


@dataclass(frozen=True, slots=True)
class Refused:
    """A project, tag or snapshot that could not be adopted: why, and what to do."""

    name: str
    reason: str
    hint: str


@dataclass(frozen=True, slots=True)
class Adopted:
    """What a fetch made of our own names. `tags` and `projects` are new ones, `moved` projects that went on,
    `snapshots` (`nuts@3`) are new or theirs now, where ours was the same; `kept_tags` are another commit on the remote.
    """

    tags: tuple[str, ...] = ()
    kept_tags: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    snapshots: tuple[str, ...] = ()
    renumbered: tuple[Renumbered, ...] = ()
    refused: tuple[Refused, ...] = ()
