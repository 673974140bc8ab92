"""The files of snapshots that got another number or became the remote's, put under their new name.

All of it comes after the refs: nothing of it is believed by its name alone (`dvcore.repo.origins`), so that a crash in
between, a folder that is in use or a disk that fails costs no more than `dset snapshot nuts --at nuts@4`.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from dvcore.errors import DsetError
from dvcore.remote.exchange.adopted import Renumbered
from dvcore.repo.origins import ORIGIN, SideFiles, is_of, settle_folders
from dvcore.repo.projects import find_place
from dvcore.repo.repository import Repository
from dvcore.repo.staging import mended_folder
from dvcore.store.durable import write_atomically


def move_files(repository: Repository, moved: Iterable[Renumbered], side_files: SideFiles | None) -> None:
    """Rename the folders in the repository's own place, and renew the small files beside the shards, wherever they are.
    What fails is left as it is."""
    moved = tuple(moved)
    for project in sorted({one.project for one in moved}):
        with suppress(DsetError):
            mine = [one for one in moved if one.project == project]
            settle_folders(repository, project, {f"{project}@{one.old}": f"{project}@{one.new}" for one in mine})
    if side_files is None:
        return
    for one in moved:
        with suppress(DsetError, OSError, ValueError):
            _renew(repository, one, side_files(repository, one.project, one.new))


def _renew(repository: Repository, one: Renumbered, files: Mapping[str, bytes]) -> None:
    """Only where the folder says that it holds those very bytes: no other's is made to say so."""
    folder = _find_folder(repository, one)
    if folder is None or not folder.is_dir():
        return
    with mended_folder(folder):
        if not is_of(folder, bytes.fromhex(json.loads(files[ORIGIN])["digest"])):
            return
        for name, data in files.items():
            path = folder / name
            if not path.is_file() or path.read_bytes() != data:
                write_atomically(path, data)


def _find_folder(repository: Repository, one: Renumbered) -> Path | None:
    place = find_place(repository, one.project, one.new)
    if place is None and repository.layout is not None:
        return repository.layout.snapshots / f"{one.project}@{one.new}"
    return place if isinstance(place, Path) else None
