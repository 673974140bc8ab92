"""Goes through the files of a tree once and counts them.

Files are collected first, each with the directories that it is found in, and then looked up in the order of their ids:
so a file that several directories mirror is counted once in each and once in all, and each node of the files' map is
decoded once. Memory stays bounded however many files there are; `tallies` says what is kept of each.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path as FolderPath
from typing import Final

from dvcore.ids import FileId
from dvcore.model.names import Path
from dvcore.progress import Progress, Silent
from dvcore.repo.records import iter_records
from dvcore.repo.selection import EVERYTHING, Selection, iter_selected
from dvcore.repo.treereader import TreeReader
from dvcore.stats.tallies import Tally
from dvcore.store.spilling import SpillingMap

_NUMBER_BYTES: Final = 4


def collect(
    reader: TreeReader,
    path: Path,
    *,
    selection: Selection = EVERYTHING,
    depth: int = 1,
    scratch: FolderPath | None = None,
    progress: Progress | None = None,
) -> Tally:
    """Count the files at and under a path. The directories down to `depth` below it are counted each with all that is
    under it. `scratch` is where a private file is made for many files.

    Raises NotFoundError for the path, CorruptError, NeedsNewerError.
    """
    shown = progress or Silent()
    tally = Tally(reader.tree.variables)
    with closing(_Found(scratch)) as found:
        for one in iter_selected(reader, [path], selection):
            found.add(one.file, path, one.below[:-1][:depth])
        shown.start("counting", len(found))
        for directories, (_, record) in zip(found.directories(), iter_records(reader, found.files()), strict=True):
            annotations = reader.annotations(record)
            tally.take(record, annotations, {**record.variables, **annotations.variables}, directories)
            shown.advance()
        shown.finish()
    return tally


class _Found:
    """Files and the directories that they were found in, each of these under a number."""

    def __init__(self, scratch: FolderPath | None) -> None:
        self._numbers: dict[Path, int] = {}
        self._directories: list[list[Path]] = []
        self._found = SpillingMap(scratch)
        self._count = 0

    def add(self, file: FileId, start: Path, below: Path) -> None:
        """A file in the directory `below` of the one where the search began."""
        before = self._found.get(file)
        number = self._number(start, below).to_bytes(_NUMBER_BYTES, "big")
        self._found.put(file, (before or b"") + number)
        self._count += before is None

    def __len__(self) -> int:
        return self._count

    def files(self) -> Iterator[FileId]:
        """The ids in their order."""
        return (FileId(file) for file, _ in self._found.iter_items())

    def directories(self) -> Iterator[set[Path]]:
        """Of each file, in the same order; with a directory come those that it is in."""
        for _, packed in self._found.iter_items():
            numbers = {packed[at : at + _NUMBER_BYTES] for at in range(0, len(packed), _NUMBER_BYTES)}
            yield {one for number in numbers for one in self._directories[int.from_bytes(number, "big")]}

    def close(self) -> None:
        self._found.close()

    def _number(self, start: Path, below: Path) -> int:
        number = self._numbers.get(below)
        if number is None:
            number = self._numbers[below] = len(self._directories)
            self._directories.append([(*start, *below[:length]) for length in range(1, len(below) + 1)])
        return number
