"""Sets of paths as ranges of the index: a directory is everything between two texts, whatever its name contains."""

from collections.abc import Iterable
from typing import Final

from dvcore.model.names import ROOT, Path, format_path

PathRange = tuple[str, str | bytes]
"""Paths from the first text on, before the second, in the order of their UTF-8 bytes."""

_EVERYTHING: Final[PathRange] = ("", b"")
"""SQLite sorts any blob after every text."""


def path_ranges(paths: Iterable[Path]) -> list[PathRange]:
    """The ranges of the entries at and under some paths: in order, and none overlaps another."""
    wanted = set(paths)
    outermost = [path for path in wanted if not any(path[:depth] in wanted for depth in range(len(path)))]
    return sorted((one for path in outermost for one in _ranges_of(path)), key=lambda one: one[0].encode())


def _ranges_of(path: Path) -> list[PathRange]:
    """No name holds a control character, so the first range is the path alone; `0` is the character after `/`."""
    if path == ROOT:
        return [_EVERYTHING]
    text = format_path(path)
    return [(text, text + "\0"), (text + "/", text + "0")]
