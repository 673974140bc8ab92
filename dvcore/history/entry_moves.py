"""Which files left which paths and came to which, on both sides of a merge.

The side with fewer changed entries is kept; of the other only what concerns the files that somebody asked for or that
the smaller side moved: a mirror of a million files on one side is walked through, not held.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from dvcore.history.diff import iter_entry_changes, iter_files_under
from dvcore.ids import FileId
from dvcore.model.names import ROOT, Path
from dvcore.repo.edits import count_files
from dvcore.repo.treereader import TreeReader


@dataclass(slots=True)
class Moves:
    """Paths that file entries left and came to, by file."""

    left: dict[FileId, set[Path]] = field(default_factory=dict)
    came: dict[FileId, set[Path]] = field(default_factory=dict)

    def add(self, path: Path, file: FileId, *, came: bool) -> None:
        """Note one."""
        (self.came if came else self.left).setdefault(file, set()).add(path)

    def __contains__(self, file: object) -> bool:
        return file in self.left or file in self.came


def find_moves(
    base: TreeReader, ours: TreeReader, theirs: TreeReader, wanted: Collection[FileId]
) -> tuple[Moves, Moves]:
    """What either side moved: of the files that are `wanted`, and of those that both moved."""
    sides = (ours, theirs)
    few, many = sorted((0, 1), key=lambda side: _count(base, sides[side]))
    found = (Moves(), Moves())
    for path, file, came in _iter_moves(base, sides[few]):
        found[few].add(path, file, came=came)
    for path, file, came in _iter_moves(base, sides[many]):
        if file in wanted or file in found[few]:
            found[many].add(path, file, came=came)
    return found


def _iter_moves(base: TreeReader, side: TreeReader) -> Iterator[tuple[Path, FileId, bool]]:
    for path, old, new in iter_entry_changes(base, side, ROOT, base.tree.root, side.tree.root):
        yield from ((under, file, False) for under, file in iter_files_under(base, path, old))
        yield from ((under, file, True) for under, file in iter_files_under(side, path, new))


def _count(base: TreeReader, side: TreeReader) -> int:
    changes = iter_entry_changes(base, side, ROOT, base.tree.root, side.tree.root)
    return sum(count_files(old) + count_files(new) for _, old, new in changes)
