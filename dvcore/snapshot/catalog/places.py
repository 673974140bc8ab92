"""Where a snapshot's files are: in the repository's own place, or in the folder or at the URL that somebody last had
them written to.

Such a place is a fact of this machine: no hash covers it, and `undo` leaves it alone. Files at a URL are read from
copies under `.dset/cache/shards`, each named by the BLAKE3 of its bytes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Final

from dvcore.errors import InvalidInputError, StateError
from dvcore.ids import format_id
from dvcore.model.manifest import Shard
from dvcore.progress import Progress
from dvcore.repo.layout import Layout
from dvcore.repo.origins import is_of, is_of_another
from dvcore.repo.projects import Url, find_place
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog.files import has_size
from dvcore.snapshot.catalog.folder import holds
from dvcore.snapshot.catalog.snapshots import Snapshot
from dvcore.store.folders import storage_errors

_HALF_A_URL: Final = re.compile(r"[a-z][a-z0-9]+:/", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that has a snapshot's files, or should have them. `is_chosen` where it is not the repository's own."""

    folder: Path
    is_chosen: bool

    def path_of(self, snapshot: Snapshot, shard: Shard) -> Path:
        """Where the file of a shard is."""
        return self.folder / snapshot.file_name(shard)

    def __str__(self) -> str:
        return str(self.folder)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A URL that has a snapshot's files, or should have them. What was sent there or read from there is in the cache of
    the repository with this layout."""

    url: Url
    layout: Layout

    @property
    def folder(self) -> Path:
        """Where copies of shards are."""
        return self.layout.shards

    def path_of(self, snapshot: Snapshot, shard: Shard) -> Path:
        """Where the copy of a shard is, if there is one."""
        return self.folder / format_id(shard.blake3)

    def __str__(self) -> str:
        return str(self.url)


def parse_place(text: str | Path) -> Path | Url:
    """The folder, or the URL, that a user names.

    Raises InvalidInputError for an address that cannot be one.
    """
    if isinstance(text, Path) or "://" not in text:
        if _HALF_A_URL.match(str(text)):
            raise InvalidInputError(f"{text!r} is half a URL", hint="write SCHEME://…, or ./ before a folder's name")
        return Path(text)
    from dvcore.remote.exchange.places import parse_url  # noqa: PLC0415 - what knows addresses, seldom wanted

    return parse_url(text)


def home_folder(repository: Repository, name: str) -> Path:
    """Where a snapshot's files are unless somebody chose another folder.

    Raises StateError for a repository in memory.
    """
    return layout_of(repository).snapshots / name


def layout_of(repository: Repository) -> Layout:
    """Where the repository lies.

    Raises StateError for a repository in memory.
    """
    if repository.layout is None:
        raise StateError("a repository in memory has no place for snapshots", hint="name a folder to write to")
    return repository.layout


def place_of(repository: Repository, snapshot: Snapshot, chosen: Path | Url | None = None) -> Place | Elsewhere:
    """The place that is given, or else the one that the files were last written to, whether it is there or not.

    Raises StateError for a snapshot in memory that nobody wrote out, CorruptError.
    """
    match chosen or find_place(repository, snapshot.project, snapshot.number):
        case None:
            return Place(home_folder(repository, snapshot.name), is_chosen=False)
        case Path() as folder:
            return Place(folder.absolute(), is_chosen=True)
        case Url() as url:
            return Elsewhere(url, layout_of(repository))


def check_there(snapshot: Snapshot, place: Place | Elsewhere) -> None:
    """Raises StateError where the folder is gone, naming it; StorageError where that cannot be told. A URL is not asked
    anything: whoever reads from there will see."""
    if isinstance(place, Elsewhere):
        return
    with storage_errors(place.folder):
        if place.folder.is_dir():
            return
    again = f"'{remake_command(snapshot, place)}' makes the files again"
    moved = f"bring it back, name the folder where the files are now, or {again} in the repository"
    raise StateError(
        f"{snapshot.name} should be in {place.folder}, which is not there", hint=moved if place.is_chosen else again
    )


def check_own(snapshot: Snapshot, place: Place | Elsewhere) -> None:
    """Raises StateError where the files in a folder are another snapshot's, by the folder's own word; in the
    repository's own place also where it says nothing. A name is no proof: see `dvcore.repo.origins`."""
    if isinstance(place, Elsewhere):
        return
    digest = snapshot.manifest.digest
    if is_of_another(place.folder, digest) if place.is_chosen else not is_of(place.folder, digest):
        raise StateError(
            f"{place.folder} has not the files of {snapshot.name}",
            hint=f"'{remake_command(snapshot, place)}' makes them",
        )


def read_from(
    snapshot: Snapshot, place: Place | Elsewhere, shards: Sequence[Shard], progress: Progress | None = None
) -> list[Path]:
    """The files of these shards, on this disk: those at a URL are brought first, and proved.

    Raises StateError where the folder, a file, or one at the URL is missing, or they are another snapshot's; of a URL
    also CorruptError, StorageError.
    """
    check_there(snapshot, place)
    check_own(snapshot, place)
    if isinstance(place, Elsewhere):
        from dvcore.snapshot.catalog.bringing import bring_shards  # noqa: PLC0415 - what reads from stores

        bring_shards(snapshot, place, shards, progress)
    paths = [place.path_of(snapshot, shard) for shard in shards]
    for path, shard in zip(paths, shards, strict=True):
        if not has_size(path, shard):
            raise StateError(
                f"{path} is missing or damaged", hint=f"'{remake_command(snapshot, place)}' makes it again"
            )
    return paths


def remake_command(snapshot: Snapshot, place: Place | Elsewhere) -> str:
    """The command that makes the files of a snapshot again: where they are, or in the repository where what is in the
    folder does not tell whose it is, so that the command would refuse it."""
    is_out = isinstance(place, Elsewhere) or (place.is_chosen and holds(place.folder, snapshot))
    out = f" --out {quote(str(place))}" if is_out else ""
    return f"dset snapshot {snapshot.project} --at {snapshot.name}{out}"
