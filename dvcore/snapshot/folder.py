"""The folder of a snapshot: whether it may be used, and the small files in it."""

from pathlib import Path

from dvcore.errors import ExistsError
from dvcore.snapshot.catalog import Snapshot
from dvcore.snapshot.sidefiles import ORIGIN, side_files
from dvcore.store.durable import write_atomically
from dvcore.store.folders import is_free, storage_errors


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
    """Write the small files beside the shards.

    Raises StorageError.
    """
    for name, data in side_files(snapshot).items():
        write_atomically(folder / name, data)
