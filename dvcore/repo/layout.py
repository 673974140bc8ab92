"""Where a repository lies on disk: the `.dset` folder, its format file and the generations in use.

`docs/format/repository.md` is the specification.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dvcore.errors import CorruptError, ExistsError, NeedsNewerError, NotFoundError, StorageError
from dvcore.ids import digest
from dvcore.store.durable import sync_folder, write_atomically
from dvcore.store.file_lock import FileLock

FOLDER: Final = ".dset"
FORMAT_VERSION: Final = 1
OBJECTS: Final = "objects"
BLOBS: Final = "blobs"
MAKING: Final = ".making-"
"""How the name of a snapshot's folder begins as long as it is being made."""
_CHECKSUM_DIGITS: Final = 32
_FOUNDING: Final = ".dset-new-"
"""How the name of the folder begins in which a repository is made."""
_FOUNDER: Final = "founder"
"""A file in it that is locked as long as that goes on."""


@dataclass(frozen=True, slots=True)
class Generations:
    """The numbers of the stores in use, as `current` names them."""

    objects: int
    blobs: int


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
    def shards(self) -> Path:
        """Shards that were brought from elsewhere or sent there, each under its BLAKE3 in hex; a part of the cache."""
        return self.cache / "shards"

    @property
    def config(self) -> Path:
        """Settings; never secrets."""
        return self.folder / "config.toml"

    def check_format(self) -> None:
        """Raises NeedsNewerError for another version than this one's, CorruptError, StorageError."""
        _check_format(self.folder / "format")

    def generations(self) -> Generations:
        """The generations in use at this moment.

        Raises CorruptError, StorageError.
        """
        path = self.folder / "current"
        values = _read_checked(path)
        return Generations(_generation(path, values, OBJECTS), _generation(path, values, BLOBS))

    def write_generations(self, numbers: Generations) -> None:
        """Put other generations into use: in one step, durably.

        Raises StorageError.
        """
        _write_checked(self.folder / "current", {OBJECTS: str(numbers.objects), BLOBS: str(numbers.blobs)})

    def store_paths(self, numbers: Generations | None = None) -> tuple[Path, Path]:
        """The stores of these generations (None: of those in use): structured objects and cells; blobs and chunks.

        Raises CorruptError, StorageError.
        """
        numbers = numbers or self.generations()
        return self.store_path(OBJECTS, numbers.objects), self.store_path(BLOBS, numbers.blobs)

    def store_path(self, what: str, number: int) -> Path:
        """The store `objects` or `blobs` in one generation."""
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

    What killed processes left of earlier attempts is removed. Raises ExistsError, also where another process made one
    meanwhile, StorageError.
    """
    for path in iter_unfounded(root):
        with suppress(OSError, StorageError):
            remove_unfounded(path)
    if (root / FOLDER).exists():
        raise ExistsError(f"{root / FOLDER} is there already", hint="the repository can be used as it is")
    staging = Layout(root / f"{_FOUNDING}{os.urandom(6).hex()}")
    _make_folder(staging.root, root)
    with FileLock(staging.root / _FOUNDER) as lock:
        if not lock.try_take():
            raise StorageError(f"another process is tidying up {root}", hint="run the command again")
        try:
            _fill(staging, root)
            yield staging
            _publish(staging, root)
        finally:
            with suppress(OSError):  # the next attempt, or a collection, tries again
                _remove_folder(staging.root)


def iter_unfounded(root: Path) -> Iterator[Path]:
    """Folders in which somebody makes, or made and was killed, what was to become `root`'s `.dset`."""
    with suppress(OSError):  # nothing that cannot be looked at was left by us
        yield from sorted(root.glob(f"{_FOUNDING}*/"))


def remove_unfounded(path: Path) -> bool:
    """Remove such a folder, unless somebody is at work in it; whether it went.

    Raises OSError, StorageError.
    """
    with FileLock(path / _FOUNDER) as lock:
        if not lock.try_take():
            return False
        _remove_folder(path)
    return True


def _make_folder(path: Path, root: Path) -> None:
    try:
        path.mkdir(parents=True)
    except OSError as error:
        raise StorageError(f"cannot make a repository in {root}: {error.strerror}") from None


def _fill(staging: Layout, root: Path) -> None:
    for folder in (staging.folder, staging.cache, staging.snapshots):
        _make_folder(folder, root)
    _write_checked(staging.folder / "format", {"dset-repository": str(FORMAT_VERSION), "hash": "blake3"})
    staging.write_generations(Generations(0, 0))
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


def _generation(path: Path, values: dict[str, str], what: str) -> int:
    number = values.get(what, "")
    if not number.isdecimal():
        raise CorruptError(f"{path} names no generation of {what!r}")
    return int(number)


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
