"""Where a repository lies on disk: the `.dset` folder, its format file and the generations in use.

`docs/format/repository.md` is the specification.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dvcore.errors import CorruptError, ExistsError, NeedsNewerError, NotFoundError, StorageError
from dvcore.ids import digest
from dvcore.store.durable import sync_folder, write_atomically

FOLDER: Final = ".dset"
FORMAT_VERSION: Final = 1
_CHECKSUM_DIGITS: Final = 32


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths of one repository; `root` is the folder that holds `.dset`."""

    root: Path

    @property
    def folder(self) -> Path:
        """The `.dset` folder."""
        return self.root / FOLDER

    @property
    def cache(self) -> Path:
        """What can be deleted at any time."""
        return self.folder / "cache"

    @property
    def snapshots(self) -> Path:
        """Default place of materialised shards."""
        return self.folder / "snapshots"

    @property
    def config(self) -> Path:
        """Settings; never secrets."""
        return self.folder / "config.toml"

    def store_paths(self) -> tuple[Path, Path]:
        """The environments in use: structured objects and cells; blobs and chunks.

        Raises CorruptError, NeedsNewerError, StorageError.
        """
        _check_format(self.folder / "format")
        generations = _read_checked(self.folder / "current")
        return self._generation(generations, "objects"), self._generation(generations, "blobs")

    def _generation(self, generations: dict[str, str], what: str) -> Path:
        number = generations.get(what, "")
        if not number.isdecimal():
            raise CorruptError(f"{self.folder / 'current'} names no generation of {what!r}")
        return self.folder / f"{what}.{number}.lmdb"


def find_layout(start: Path) -> Layout:
    """The repository that a folder lies in.

    Raises NotFoundError where there is none.
    """
    resolved = start.resolve()
    for folder in (resolved, *resolved.parents):
        if (folder / FOLDER).is_dir():
            return Layout(folder)
    raise NotFoundError(f"no repository in {resolved} or above", hint="'dset init' makes one")


@contextmanager
def new_layout(root: Path) -> Iterator[Layout]:
    """A folder under a temporary name, to be filled; it becomes `root`'s `.dset` when the `with` ends well, and goes
    otherwise. The layout that is given has that temporary folder's parent as its root.

    Raises ExistsError, also where another process made one meanwhile, StorageError.
    """
    if (root / FOLDER).exists():
        raise ExistsError(f"{root / FOLDER} is there already", hint="the repository can be used as it is")
    staging = Layout(root / f".dset-new-{os.urandom(6).hex()}")
    try:
        _make_folders(staging, root)
        yield staging
        _publish(staging, root)
    finally:
        _remove_folder(staging.root)


def _make_folders(staging: Layout, root: Path) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True)
        for folder in (staging.root, staging.folder, staging.cache, staging.snapshots):
            folder.mkdir()
    except OSError as error:
        raise StorageError(f"cannot make a repository in {root}: {error.strerror}") from None
    _write_checked(staging.folder / "format", {"dset-repository": str(FORMAT_VERSION), "hash": "blake3"})
    _write_checked(staging.folder / "current", {"objects": "0", "blobs": "0"})
    write_atomically(staging.config, b"# Settings of this repository. No secrets belong here.\n")


def _publish(staging: Layout, root: Path) -> None:
    final = Layout(root)
    try:
        staging.folder.rename(final.folder)
        sync_folder(root)
    except OSError as error:
        kind = ExistsError if final.folder.exists() else StorageError
        raise kind(f"cannot make {final.folder}: {error.strerror}") from None


def _remove_folder(folder: Path) -> None:
    if not folder.exists():
        return
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
    folder.rmdir()


def _check_format(path: Path) -> None:
    values = _read_checked(path)
    version = values.get("dset-repository", "")
    if not version.isdecimal():
        raise CorruptError(f"{path} names no format version")
    if int(version) != FORMAT_VERSION or values.get("hash") != "blake3":
        raise NeedsNewerError(f"{path.parent} has repository format {version}", hint="it needs a newer dset")


def _write_checked(path: Path, values: dict[str, str]) -> None:
    body = "".join(f"{name} {value}\n" for name, value in values.items())
    write_atomically(path, f"{body}checksum {_checksum(body)}\n".encode())


def _read_checked(path: Path) -> dict[str, str]:
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CorruptError(f"{path} is damaged: it is no text") from None
    body, found, checksum = text.rpartition("checksum ")
    if not found or checksum.strip() != _checksum(body):
        raise CorruptError(f"{path} is damaged: its checksum does not fit")
    return {name: value for name, _, value in (line.partition(" ") for line in body.splitlines())}


def _checksum(body: str) -> str:
    return digest(body.encode()).hex()[:_CHECKSUM_DIGITS]
