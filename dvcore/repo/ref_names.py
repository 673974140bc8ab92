"""Names of refs as remotes have them, which are those of the cells without `ref/`: `heads/main`, `tags/v1`,
`projects/nuts`, `snapshots/nuts/3`."""

from collections.abc import Mapping
from typing import Final, TypeVar

T = TypeVar("T")

HEADS: Final = "heads/"
TAGS: Final = "tags/"
PROJECTS: Final = "projects/"
SNAPSHOTS: Final = "snapshots/"


def under(folder: str, refs: Mapping[str, T]) -> dict[str, T]:
    """The refs of one kind, such as `HEADS`, by what they are called: branches, tags or projects."""
    return {ref.removeprefix(folder): value for ref, value in refs.items() if ref.startswith(folder)}


def find_snapshot(ref: str) -> tuple[str, int] | None:
    """Project and number of a snapshot's ref; None for other refs."""
    project, _, number = ref.removeprefix(SNAPSHOTS).rpartition("/")
    return (project, int(number)) if ref.startswith(SNAPSHOTS) and number.isdecimal() else None
