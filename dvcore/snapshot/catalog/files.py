"""Shard files on disk: written whole or not at all, shared where their bytes are the same, read back and checked.

Every OSError becomes a StorageError that names the path.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from blake3 import blake3

from dvcore.errors import StorageError
from dvcore.model.manifest import Shard
from dvcore.store.durable import new_read_only_file
from dvcore.store.folders import storage_errors

T = TypeVar("T")
Write = Callable[[bytes | memoryview], object]
"""Takes the next bytes of a file."""

_BUFFER: Final = 1 << 20


def write_file(path: Path, make: Callable[[Write], T]) -> T:
    """Make a read-only file: `make` gets the function that writes. It has its name only when it is whole and durable;
    where `make` raises, nothing is left.

    Raises StorageError and what `make` raises.
    """
    with storage_errors(path), new_read_only_file(path) as file:
        return make(file.write)


def share_file(source: Path, target: Path) -> None:
    """Give a file a second name; where the file system cannot, copy it.

    Raises StorageError.
    """
    with storage_errors(target):
        with suppress(FileNotFoundError):
            target.unlink()
        try:
            os.link(source, target)
        except OSError:
            with source.open("rb") as file:
                write_file(target, lambda write: _copy(file.read, write))


def find_fault(path: Path, shard: Shard) -> str | None:
    """What is wrong with a shard's file, or None: it is read whole.

    Raises StorageError where it cannot be read.
    """
    if not has_size(path, shard):
        return f"{path.name} is missing" if not path.exists() else f"{path.name} has not {shard.size} bytes"
    with storage_errors(path):
        hasher = blake3()
        hasher.update_mmap(path)
    return None if hasher.digest() == shard.blake3 else f"{path.name} has other bytes than the snapshot"


def is_sound(path: Path, shard: Shard) -> bool:
    """Whether a shard's file is there, can be read, and has the right bytes: it is read whole."""
    try:
        return find_fault(path, shard) is None
    except StorageError:
        return False


def has_size(path: Path, shard: Shard) -> bool:
    """Whether there is a file of the shard's size, without reading it."""
    try:
        return path.stat().st_size == shard.size
    except OSError:
        return False


def _copy(read: Callable[[int], bytes], write: Write) -> None:
    while data := read(_BUFFER):
        write(data)
