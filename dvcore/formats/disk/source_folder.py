"""The files of one folder, packed: some 60 bytes each, so that a source of a million files takes 60 MB at most.

Each is its name on the disk, a zero byte, and its state: device, inode, size (bytes), mtime and ctime (nanoseconds), 64
bits each. Packed files sort like the names, since no name holds a zero byte.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from heapq import merge
from io import BytesIO
from struct import Struct
from typing import Final

from dvcore.formats.disk.source_files import SourceFile
from dvcore.model.names import Path, normalize_name
from dvcore.model.values import Value

_STATE: Final = Struct("<5q")
_SIZE: Final = Struct("<16xq16x")
_TIMES: Final = Struct("<24x2q")
STATE_BYTES: Final = _STATE.size


def pack_state(status: os.stat_result) -> bytes:
    """The five values that tell whether a file is what it was. Numbers of 64 bits without a sign wrap around."""
    return _STATE.pack(
        _signed(status.st_dev), _signed(status.st_ino), status.st_size, status.st_mtime_ns, status.st_ctime_ns
    )


def newest_time(state: bytes) -> int:
    """The later of mtime and ctime, nanoseconds."""
    modified, changed = _TIMES.unpack(state)
    return int(max(modified, changed))


def pack_file(name: str, state: bytes) -> bytes:
    """A file as it stands in `SourceFolder.packed`."""
    return b"%b\0%b" % (os.fsencode(name), state)


def merge_packed(blocks: Iterable[bytes]) -> bytes:
    """Packed files, sorted in each block, in one order. Nothing holds an object for each of them."""
    merged = BytesIO()
    for name, state in merge(*map(_iter_packed, blocks)):
        merged.write(b"%b\0%b" % (name, state))
    return merged.getvalue()


@dataclass(frozen=True, slots=True)
class SourceFolder:
    """The wanted files of a folder on the disk: `place` there, with a separator at its end, `path` under the
    destination, and what all of them are given. A single file as a source is a folder of one: `is_single`."""

    place: str
    path: Path
    packed: bytes
    count: int
    variables: Mapping[str, Value] = field(default_factory=dict)
    is_single: bool = False

    def iter_states(self) -> Iterator[tuple[bytes, bytes]]:
        """Names as they are on the disk, with their states."""
        return _iter_packed(self.packed)

    def iter_names(self) -> Iterator[str]:
        """Names inside the repository, in the order of `iter_states`."""
        for raw, _ in self.iter_states():
            yield _name(raw)

    def iter_paths(self) -> Iterator[Path]:
        """Paths under the destination."""
        for name in self.iter_names():
            yield *self.path, name

    def without(self, names: Collection[str]) -> "SourceFolder":
        """The folder without the files that have these names inside the repository."""
        if not names:
            return self
        kept = [raw + b"\0" + state for raw, state in self.iter_states() if _name(raw) not in names]
        return replace(self, packed=b"".join(kept), count=len(kept))

    def with_variable(self, name: str, value: Value) -> "SourceFolder":
        """The folder with a variable for all of its files."""
        return replace(self, variables={**self.variables, name: value})

    def is_ascii(self) -> bool:
        """Whether all names are, so that they are the same on the disk and inside the repository."""
        return all(raw.isascii() for raw, _ in self.iter_states())

    def iter_places(self) -> Iterator[str]:
        """Where the files are on the disk."""
        for raw, _ in self.iter_states():
            yield self.place + os.fsdecode(raw)

    def places_of(self, name: str) -> list[str]:
        """Where the files that have this name inside the repository are on the disk."""
        return [self.place + os.fsdecode(raw) for raw, _ in self.iter_states() if _name(raw) == name]

    def file(self, raw: bytes, state: bytes) -> SourceFile:
        """One file of the folder."""
        (size,) = _SIZE.unpack(state)
        return SourceFile((*self.path, _name(raw)), self.place + os.fsdecode(raw), size, self.variables)


def count_files(folders: Iterable[SourceFolder]) -> int:
    """Files in all of them."""
    return sum(folder.count for folder in folders)


def without_paths(folders: Iterable[SourceFolder], paths: Iterable[Path]) -> list[SourceFolder]:
    """The folders without the files at these paths under the destination."""
    names: dict[Path, set[str]] = {}
    for path in paths:
        names.setdefault(path[:-1], set()).add(path[-1])
    return [folder.without(names.get(folder.path, ())) for folder in folders]


def by_path(folders: Iterable[SourceFolder]) -> list[list[SourceFolder]]:
    """Folders that come into the same directory, together: links and normal form C make one of several."""
    groups: dict[Path, list[SourceFolder]] = {}
    for folder in folders:
        groups.setdefault(folder.path, []).append(folder)
    return list(groups.values())


def _iter_packed(packed: bytes) -> Iterator[tuple[bytes, bytes]]:
    start = 0
    while start < len(packed):
        end = packed.index(0, start)
        start_of_next = end + 1 + STATE_BYTES
        yield packed[start:end], packed[end + 1 : start_of_next]
        start = start_of_next


def _name(raw: bytes) -> str:
    # The walk has refused names that cannot be one; only letters beyond ASCII have a normal form to be put into.
    return raw.decode() if raw.isascii() else normalize_name(raw.decode())


def _signed(number: int) -> int:
    return (number + 2**63) % 2**64 - 2**63
