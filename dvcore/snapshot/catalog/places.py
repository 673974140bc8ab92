"""Where a snapshot's files are: in the repository's own place, or in the folder that somebody last had them written to.

Such a folder is a fact of this machine: no hash covers it, and `undo` leaves it alone.
"""

from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from dvcore.errors import StateError
from dvcore.repo.projects import find_place
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog.folder import holds
from dvcore.snapshot.catalog.snapshots import Snapshot
from dvcore.store.folders import storage_errors


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that has a snapshot's files, or should have them. `is_chosen` where it is not the repository's own."""

    folder: Path
    is_chosen: bool


def home_folder(repository: Repository, name: str) -> Path:
    """Where a snapshot's files are unless somebody chose another folder.

    Raises StateError for a repository in memory.
    """
    if repository.layout is None:
        raise StateError("a repository in memory has no place for snapshots", hint="name a folder to write to")
    return repository.layout.snapshots / name


def place_of(repository: Repository, snapshot: Snapshot, folder: Path | None = None) -> Place:
    """The folder that is given, or else the one that the files were last written to, whether it is there or not.

    Raises StateError for a snapshot in memory that nobody wrote out, CorruptError.
    """
    chosen = folder or find_place(repository, snapshot.project, snapshot.number)
    if chosen is None:
        return Place(home_folder(repository, snapshot.name), is_chosen=False)
    return Place(chosen.absolute(), is_chosen=True)


def check_there(snapshot: Snapshot, place: Place) -> None:
    """Raises StateError where the folder is gone, naming it; StorageError where that cannot be told."""
    with storage_errors(place.folder):
        if place.folder.is_dir():
            return
    again = f"'{remake_command(snapshot, place)}' makes the files again"
    moved = f"bring it back, name the folder where the files are now, or {again} in the repository"
    raise StateError(
        f"{snapshot.name} should be in {place.folder}, which is not there", hint=moved if place.is_chosen else again
    )


def remake_command(snapshot: Snapshot, place: Place) -> str:
    """The command that makes the files of a snapshot again: where they are, or in the repository where what is in the
    folder does not tell whose it is, so that the command would refuse it."""
    out = f" --out {quote(str(place.folder))}" if place.is_chosen and holds(place.folder, snapshot) else ""
    return f"dset snapshot {snapshot.project} --at {snapshot.name}{out}"
