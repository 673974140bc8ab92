"""Maps by path and by file id that may hold a million entries: what edits are made of.

Values are kept encoded, in a `SpillingMap`, so that memory stays bounded and what is written needs no encoding again.
Iteration is in the order in which edits are applied: paths directory by directory, names by their UTF-8 bytes, an
outer path before those under it; files by id.
"""

from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path as FolderPath
from typing import Final, Generic, TypeVar

from dvcore.ids import FileId
from dvcore.model.names import ROOT, Path
from dvcore.store.spilling import SpillingMap

T = TypeVar("T")

_NUMBER_BYTES: Final = 8
_TOP: Final = (0).to_bytes(_NUMBER_BYTES, "big")
_NONE: Final = bytes(_NUMBER_BYTES)
"""Number of a directory that a cell does not have: the top is nobody's."""

_Cell = tuple[bytes, bytes | None]
"""Number of the directory of this name, or _NONE; the encoded value that the path has, or None."""


class PathMap(MutableMapping[Path, T], Generic[T]):
    """Values by path. Directories have numbers, so that a key is short however deep its path: the number of the
    directory and the name. The root has no value: it is in no directory."""

    def __init__(
        self, encode: Callable[[T], bytes], decode: Callable[[bytes], T], folder: FolderPath | None = None
    ) -> None:
        self._encode = encode
        self._decode = decode
        self._cells = SpillingMap(folder)
        self._directories = 0
        self._count = 0
        self._last: tuple[Path, bytes] = ROOT, _TOP  # paths mostly come directory by directory

    def __getitem__(self, path: Path) -> T:
        value = self._find(path)
        if value is None:
            raise KeyError(path)
        return self._decode(value)

    def get(self, path: Path, default: object = None) -> T | None:  # type: ignore[override]
        """The value, or None."""
        value = self._find(path)
        return None if value is None else self._decode(value)

    def __contains__(self, path: object) -> bool:
        return isinstance(path, tuple) and self._find(path) is not None

    def __setitem__(self, path: Path, value: T) -> None:
        key = self._made(path[:-1]) + path[-1].encode()
        number, before = _unpack(self._cells.get(key))
        self._count += before is None
        self._cells.put(key, _pack(number, self._encode(value)))

    def __delitem__(self, path: Path) -> None:
        directory = self._found(path[:-1])
        number, before = (_NONE, None) if directory is None else self._cell(directory, path[-1])
        if directory is None or before is None:
            raise KeyError(path)
        self._count -= 1
        self._cells.put(directory + path[-1].encode(), _pack(number, None))

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Path]:
        return (path for path, _ in self._iter_under(_TOP, ROOT))

    def iter_values(self) -> Iterator[tuple[Path, T]]:
        """As `items` gives them, each looked up once."""
        return ((path, self._decode(value)) for path, value in self._iter_under(_TOP, ROOT))

    def top(self) -> "Level[T]":
        """What is directly in the root."""
        return Level(self, _TOP)

    def close(self) -> None:
        """Give the room back."""
        self._cells.close()

    def _iter_level(self, directory: bytes) -> Iterator[tuple[str, bytes, bytes | None]]:
        """Names of a directory, in order, with the number of the directory that each is, and the value of each."""
        for key, data in self._cells.iter_items(directory):
            yield key[_NUMBER_BYTES:].decode(), *_unpack(data)

    def _iter_under(self, directory: bytes, path: Path) -> Iterator[tuple[Path, bytes]]:
        for name, number, value in self._iter_level(directory):
            inner = (*path, name)
            if value is not None:
                yield inner, value
            if number != _NONE:
                yield from self._iter_under(number, inner)

    def _find(self, path: Path) -> bytes | None:
        directory = self._found(path[:-1]) if path else None
        return None if directory is None else self._cell(directory, path[-1])[1]

    def _cell(self, directory: bytes, name: str) -> _Cell:
        return _unpack(self._cells.get(directory + name.encode()))

    def _found(self, directory: Path) -> bytes | None:
        """The number of a directory that some path lies in."""
        if directory == self._last[0]:
            return self._last[1]
        number = _TOP
        for name in directory:
            number, _ = self._cell(number, name)
            if number == _NONE:
                return None
        self._last = directory, number
        return number

    def _made(self, directory: Path) -> bytes:
        """The number of a directory, given to it and to those on the way where they have none."""
        found = self._found(directory)
        if found is not None:
            return found
        above = self._made(directory[:-1])
        _, value = self._cell(above, directory[-1])
        self._directories += 1
        number = self._directories.to_bytes(_NUMBER_BYTES, "big")
        self._cells.put(above + directory[-1].encode(), _pack(number, value))
        self._last = directory, number
        return number


class Level(Generic[T]):
    """The part of a `PathMap` that lies directly in one directory."""

    __slots__ = ("_map", "_number")

    def __init__(self, paths: PathMap[T], number: bytes) -> None:
        self._map = paths
        self._number = number

    def __iter__(self) -> "Iterator[tuple[str, T | None, Level[T] | None]]":
        """Names in order, each with its value if it has one, and the level under it if there is one."""
        for name, number, value in self._map._iter_level(self._number):
            under = None if number == _NONE else Level(self._map, number)
            yield name, None if value is None else self._map._decode(value), under


class FileMap(MutableMapping[FileId, T], Generic[T]):
    """Values by file id."""

    def __init__(
        self, encode: Callable[[T], bytes], decode: Callable[[bytes], T], folder: FolderPath | None = None
    ) -> None:
        self._encode = encode
        self._decode = decode
        self._values = SpillingMap(folder)
        self._count = 0

    def __getitem__(self, file: FileId) -> T:
        value = self._values.get(file)
        if value is None:
            raise KeyError(file)
        return self._decode(value)

    def __contains__(self, file: object) -> bool:
        return isinstance(file, bytes) and self._values.get(file) is not None

    def __setitem__(self, file: FileId, value: T) -> None:
        self._count += self._values.get(file) is None
        self._values.put(file, self._encode(value))

    def __delitem__(self, file: FileId) -> None:
        if not self._values.delete(file):
            raise KeyError(file)
        self._count -= 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[FileId]:
        return (FileId(file) for file, _ in self._values.iter_items())

    def iter_encoded(self) -> Iterator[tuple[FileId, bytes]]:
        """Ids with the encoded values."""
        return ((FileId(file), value) for file, value in self._values.iter_items())

    def close(self) -> None:
        """Give the room back."""
        self._values.close()


class FileSet:
    """File ids, each once, in their order."""

    def __init__(self, folder: FolderPath | None = None) -> None:
        self._files = SpillingMap(folder)
        self._count = 0

    def add(self, file: FileId) -> None:
        """Put in a file that may be there already."""
        if self._files.get(file) is None:
            self._files.put(file, b"")
            self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[FileId]:
        return (FileId(file) for file, _ in self._files.iter_items())

    def close(self) -> None:
        """Give the room back."""
        self._files.close()


def _pack(number: bytes, value: bytes | None) -> bytes:
    return number if value is None else number + value


def _unpack(data: bytes | None) -> _Cell:
    """An encoded value is never empty, so nothing behind the number means none."""
    if data is None:
        return _NONE, None
    return data[:_NUMBER_BYTES], data[_NUMBER_BYTES:] or None
