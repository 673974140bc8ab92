"""The folder of a snapshot: whether it may be used, and the small files in it."""

import re
from pathlib import Path
from typing import Final

from dvcore.errors import ExistsError
from dvcore.repo.origins import ORIGIN, is_of
from dvcore.snapshot.catalog.files import is_sound
from dvcore.snapshot.catalog.sidefiles import side_files
from dvcore.snapshot.catalog.snapshots import Snapshot
from dvcore.store.durable import write_atomically
from dvcore.store.folders import is_free, storage_errors

_TEMPORARY: Final = re.compile(r"\.(.+)\.[0-9]+\.tmp")
"""What a file is called before it is whole; the number is of the thread that writes it."""


def check_usable(folder: Path, snapshot: Snapshot | None) -> None:
    """A folder is usable where it is absent, empty, or holds the files of this very snapshot (None: a new one).

    Raises ExistsError, StorageError.
    """
    if not is_free(folder) and not (snapshot is not None and holds(folder, snapshot)):
        raise ExistsError(f"{folder} holds something else", hint="name an empty or a new folder")


def holds(folder: Path, snapshot: Snapshot) -> bool:
    """Whether a folder says of itself that it is this snapshot's.

    Raises StorageError.
    """
    origin = folder / ORIGIN
    with storage_errors(origin):
        return origin.is_file() and origin.read_bytes() == side_files(snapshot)[ORIGIN]


def write_side_files(snapshot: Snapshot, folder: Path) -> None:
    """Write the small files beside the shards. Those that are there stay, so that a whole snapshot may be read-only.

    Raises StorageError.
    """
    for name, data in side_files(snapshot).items():
        path = folder / name
        with storage_errors(path):
            is_there = path.is_file() and path.read_bytes() == data
        if not is_there:
            write_atomically(path, data)


def clear_others(snapshot: Snapshot, folder: Path) -> None:
    """Remove shards of another snapshot, before the folder says that its files are this one's.

    Raises StorageError.
    """
    if is_of(folder, snapshot.manifest.digest):
        return
    for shard in snapshot.manifest.shards:
        path = folder / snapshot.file_name(shard)
        if not is_sound(path, shard):
            with storage_errors(path):
                path.unlink(missing_ok=True)


def clear_temporary(snapshot: Snapshot, folder: Path) -> None:
    """Remove what processes were killed over: nobody else may be writing files of the snapshot here.

    Raises StorageError.
    """
    names = {*map(snapshot.file_name, snapshot.manifest.shards), *side_files(snapshot)}
    with storage_errors(folder):
        for path in folder.iterdir():
            match = _TEMPORARY.fullmatch(path.name)
            if match is not None and match[1] in names:
                path.unlink()
