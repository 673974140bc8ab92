"""Names for files that have to stay somewhere, though the place where they were has become another's."""

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Final

from dvcore.model.names import MAX_NAME_BYTES, Path
from dvcore.model.tree import Directory
from dvcore.repo.treereader import TreeReader

_ROOM: Final = 16
"""Bytes of a name that are left for the number."""


class FreeNames:
    """Hands out places in a tree, none twice. Where a place is taken, `a.jpg` becomes `a~1.jpg`, and so does a
    directory's name where a file has it."""

    def __init__(self, reader: TreeReader) -> None:
        self.beside: list[Path] = []
        """Places that nobody asked for."""
        self._reader = reader
        self._files: set[Path] = set()
        self._directories: set[Path] = set()

    def places(self, wanted: Iterable[Path]) -> list[Path]:
        """A place for each; those that are free as they are, if there are any, and else one for the first."""
        paths = sorted(wanted)
        free = [path for path in paths if self._is_free(path)]
        chosen = free or [self._nearest(path) for path in paths[:1]]
        self.beside += () if free else chosen
        for path in chosen:
            self._files.add(path)
            self._directories.update(path[:depth] for depth in range(1, len(path)))
        return chosen

    def _is_free(self, path: Path) -> bool:
        inner = all(self._may_be_directory(path[:depth]) for depth in range(1, len(path)))
        taken = path in self._files or path in self._directories
        return inner and not taken and self._reader.find_entry(path) is None

    def _may_be_directory(self, path: Path) -> bool:
        return path not in self._files and isinstance(self._reader.find_entry(path), Directory | None)

    def _nearest(self, path: Path) -> Path:
        """The path with the first name on it changed that is in the way."""
        for depth in range(1, len(path)):
            if not self._may_be_directory(path[:depth]):
                above, name, below = path[: depth - 1], path[depth - 1], path[depth:]
                break
        else:
            above, name, below = path[:-1], path[-1], ()
        return next(one for other in _others(name) if self._is_free(one := (*above, other, *below)))


def _others(name: str) -> Iterator[str]:
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix) > _ROOM:
        stem, dot, suffix = name, "", ""
    stem = stem.encode()[: MAX_NAME_BYTES - _ROOM - len(f".{suffix}".encode())].decode(errors="ignore")
    return (f"{stem}~{number}{dot}{suffix}" for number in count(1))
