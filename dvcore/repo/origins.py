"""Whose files a snapshot's folder holds, by its own word: `snapshot.json` in it names their digest.

A fetch may give a snapshot another number, and be killed before its folder has the other name. So the name of a folder
is believed by nobody: who reads files by name and size first asks whether they are the snapshot's, and who puts files
into a folder never leaves that digest beside files of another.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from dvcore.errors import DsetError
from dvcore.ids import CommitId, format_id
from dvcore.model.manifest import decode_manifest
from dvcore.repo.cells import iter_cells, snapshot_cell
from dvcore.repo.layout import Layout
from dvcore.repo.repository import Repository
from dvcore.repo.staging import mended_folder
from dvcore.store.durable import sync_folder

ORIGIN: Final = "snapshot.json"
"""The small file that says of which snapshot a folder is; `digest` in it is `Manifest.digest`, as text."""

SideFiles = Callable[[Repository, str, int], Mapping[str, bytes]]
"""What lies beside the shards of a snapshot, by file name, of its project and number:
`snapshot.catalog.sidefiles.side_files_of`."""


def is_of(folder: Path, digest: bytes) -> bool:
    """Whether a folder says that it holds the files of the snapshot with this digest."""
    return _find_digest(folder) == format_id(digest)


def is_of_another(folder: Path, digest: bytes) -> bool:
    """Whether a folder says that it holds those of another one; one that says nothing does not."""
    return _find_digest(folder) not in {None, format_id(digest)}


def settle_folders(repository: Repository, project: str, moved: Mapping[str, str] | None = None) -> None:
    """Give the folders of a project, in the repository's own place, the names of the snapshots that they say they are
    of, where these have none yet; `moved` says what became of names, for files that several snapshots have. Two that
    would have to change names stay, and so does what a disk or another process keeps from it: their files can be made
    anew."""
    if repository.layout is None:
        return
    wanted = dict(_iter_misplaced(repository, repository.layout, project, moved or {}))
    while wanted:
        left = {folder: target for folder, target in wanted.items() if not _rename(folder, target)}
        if len(left) == len(wanted):
            return
        wanted = left  # one whose new name was another's old one could not go before that had left


def _iter_misplaced(
    repository: Repository, layout: Layout, project: str, moved: Mapping[str, str]
) -> Iterator[tuple[Path, Path]]:
    """Folders that say that they are of another snapshot of the project, and what they should be called."""
    homes = [path for path in _listed(layout.snapshots) if path.name.rpartition("@")[0] == project]
    digests = dict(_iter_digests(repository, project)) if homes else {}
    names = {digest: f"{project}@{number}" for number, digest in reversed(digests.items())}
    right = {f"{project}@{number}": digest for number, digest in digests.items()}
    for home in homes:
        found = _find_digest(home)
        new = moved.get(home.name, home.name)
        if found in names and right.get(new) != found:
            new = names[found]
        if found in names and new != home.name:
            yield home, layout.snapshots / new


def _iter_digests(repository: Repository, project: str) -> Iterator[tuple[int, str]]:
    prefix = snapshot_cell(project, 0)[:-1]
    with repository.store.read() as transaction:
        cells = {int(cell.removeprefix(prefix)): CommitId(id_) for cell, id_ in iter_cells(transaction, prefix)}
    for number, id_ in cells.items():
        manifest = repository.objects.load_commit(id_).manifest
        if manifest is not None:
            yield number, format_id(decode_manifest(repository.objects.read(manifest)).digest)


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:
        return []


def _rename(folder: Path, target: Path) -> bool:
    """Only while nobody writes into it, and only as long as it says the same."""
    said = _find_digest(folder)
    with suppress(DsetError, OSError):
        with mended_folder(folder):
            if said is None or _find_digest(folder) != said:
                return False
            folder.rename(target)  # which fails where something is there already
        sync_folder(target.parent)
        return True
    return False


def _find_digest(folder: Path) -> str | None:
    try:
        origin = json.loads((folder / ORIGIN).read_bytes())
    except (OSError, ValueError, RecursionError):  # what cannot be read says nothing
        return None
    digest = origin.get("digest") if isinstance(origin, dict) else None
    return digest if isinstance(digest, str) else None
