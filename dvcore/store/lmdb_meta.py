"""The two meta pages of an LMDB file, read without LMDB.

LMDB has no checksums, and a wrong page size or flag here makes it divide by zero or map memory where it must not. So
whoever opens a file looks at these pages first. Layouts are those of `MDB_page`, `MDB_meta` and `MDB_db` in `mdb.c` of
LMDB 0.9 (data format 1) on 64-bit little-endian machines; `docs/format/store.md` has the byte table.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import Final

from dvcore.errors import CorruptError, StorageError

PAGE_HEADER: Final = Struct("<QHHHH")
"""Number of the page, unused, flags, end of the node offsets, begin of the nodes."""
META_FLAG: Final = 0x08
NO_PAGE: Final = 2**64 - 1
"""The root of an empty tree."""

_META: Final = Struct("<II8sQ")  # magic, format, address and size of the map of whoever wrote it
_DATABASE: Final = Struct("<IHH5Q")  # page size (free pages only), flags, depth, pages of each sort, entries, root
_TAIL: Final = Struct("<QQ")  # last page, transaction
_MAGIC: Final = 0xBEEFC0DE
_FORMAT: Final = 1
_BYTES: Final = PAGE_HEADER.size + _META.size + 2 * _DATABASE.size + _TAIL.size

_INTEGER_KEYS: Final = 0x08
_NO_FOLDER: Final = 0x4000
"""Kept from the call that made the file: it is a file and not a folder. It means nothing afterwards."""
_MAX_BYTES: Final = 1 << 47
"""What a process can map."""
_PAGE_SIZES: Final = frozenset(1 << shift for shift in range(8, 16))


@dataclass(frozen=True, slots=True)
class TreeHead:
    """Where a B+ tree begins and what it says it has."""

    depth: int
    branches: int
    leaves: int
    overflow: int
    entries: int
    root: int


@dataclass(frozen=True, slots=True)
class Meta:
    """A meta page: the state that the transaction with the number `transaction` left. Sizes are in bytes."""

    page_size: int
    free: TreeHead
    main: TreeHead
    last_page: int
    transaction: int


@contextmanager
def reading(path: Path) -> Iterator[int]:
    """A descriptor of the file. What is wrong with it, or with the disk, is raised with its path.

    Raises CorruptError, StorageError.
    """
    descriptor = -1
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        yield descriptor
    except CorruptError as error:
        raise CorruptError(
            f"{path} is damaged or no store ({error.message})", hint="restore it from a backup or a clone"
        ) from None
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}", hint="check the disk") from None
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def check_metas(path: Path) -> None:
    """Raises CorruptError where LMDB must not be let near the file, StorageError where it cannot be read."""
    with reading(path) as descriptor:
        read_metas(descriptor)


def read_metas(descriptor: int) -> tuple[Meta, Meta]:
    """Both meta pages of an open file.

    Raises CorruptError where LMDB must not be let near the file, OSError where it cannot be read.
    """
    first = _parse(os.pread(descriptor, _BYTES, 0), 0)
    second = _parse(os.pread(descriptor, _BYTES, first.page_size), 1)
    if second.page_size != first.page_size:
        raise CorruptError(f"its meta pages name page sizes of {first.page_size} and {second.page_size} bytes")
    return first, second


def _parse(data: bytes, place: int) -> Meta:
    if len(data) < _BYTES:
        raise CorruptError(f"meta page {place} is cut off")
    number, _, flags, _, _ = PAGE_HEADER.unpack_from(data)
    magic, version, _, map_size = _META.unpack_from(data, PAGE_HEADER.size)
    if (number, flags, magic, version) != (place, META_FLAG, _MAGIC, _FORMAT):
        raise CorruptError(f"meta page {place} is none of LMDB's data format {_FORMAT}")
    at = PAGE_HEADER.size + _META.size
    page_size, free_flags, *free = _DATABASE.unpack_from(data, at)
    _, main_flags, *main = _DATABASE.unpack_from(data, at + _DATABASE.size)
    last_page, transaction = _TAIL.unpack_from(data, at + 2 * _DATABASE.size)
    if page_size not in _PAGE_SIZES or free_flags & ~_NO_FOLDER != _INTEGER_KEYS or main_flags != 0:
        raise CorruptError(f"meta page {place} has a page size or flags that no store has")
    if last_page >= _MAX_BYTES // page_size or map_size >= _MAX_BYTES:
        raise CorruptError(f"meta page {place} names {last_page} as the last page of a map of {map_size} bytes")
    return Meta(page_size, TreeHead(*free), TreeHead(*main), last_page, transaction)
