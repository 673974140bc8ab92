"""Which files left which paths and came to which, on both sides of a merge.

The side with fewer changed entries is kept; of the other only what concerns the files that somebody asked for or that
the smaller side moved: a mirror of a million files on one side is searched, not held.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from dvcore.history.entry_changes import iter_entry_changes, iter_files_under
from dvcore.ids import FileId
from dvcore.model.names import ROOT, Path
from dvcore.model.tree import Directory, Entry
from dvcore.repo.edits import count_files
from dvcore.repo.holders import find_paths
from dvcore.repo.treereader import TreeReader


@dataclass(slots=True)
class Moves:
    """Paths that file entries left and came to, by file."""

    left: dict[FileId, set[Path]] = field(default_factory=dict)
    came: dict[FileId, set[Path]] = field(default_factory=dict)

    def add(self, path: Path, file: FileId, *, came: bool) -> None:
        """Note one."""
        (self.came if came else self.left).setdefault(file, set()).add(path)


def find_moves(
    base: TreeReader, ours: TreeReader, theirs: TreeReader, wanted: Collection[FileId]
) -> tuple[Moves, Moves]:
    """What either side moved: of the files that are `wanted`, and of those that the side with fewer changes moved."""
    sides = (ours, theirs)
    few, many = sorted((0, 1), key=lambda side: _count(base, sides[side]))
    found = (Moves(), Moves())
    _collect(found[few], base, sides[few], None)
    _collect(found[many], base, sides[many], {*wanted, *found[few].left, *found[few].came})
    return found


def _collect(moves: Moves, base: TreeReader, side: TreeReader, wanted: Collection[FileId] | None) -> None:
    """Note what a side moved, of some files or of all."""
    for path, old, new in iter_entry_changes(base, side, ROOT, base.tree.root, side.tree.root):
        for reader, entry, came in ((base, old, False), (side, new, True)):
            for under, file in _iter_under(reader, path, entry, wanted):
                moves.add(under, file, came=came)


def _iter_under(
    reader: TreeReader, path: Path, entry: Entry | None, wanted: Collection[FileId] | None
) -> Iterator[tuple[Path, FileId]]:
    """File entries at and under a path. Few files are searched for in large directories, leaf by leaf, which takes a
    hundredth of the time of a walk."""
    if wanted is None:
        yield from iter_files_under(reader, path, entry)
    elif isinstance(entry, Directory) and entry.files > len(wanted):
        found = find_paths(reader.nodes, entry, wanted)
        yield from (((*path, *below), file) for file, paths in found.items() for below in paths)
    else:
        yield from (one for one in iter_files_under(reader, path, entry) if one[1] in wanted)


def _count(base: TreeReader, side: TreeReader) -> int:
    changes = iter_entry_changes(base, side, ROOT, base.tree.root, side.tree.root)
    return sum(count_files(old) + count_files(new) for _, old, new in changes)
