"""Files that left a path and came to another, and which path with which. There may be any number of them."""

from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path as FolderPath
from typing import Final

from dvcore.history.file_changes import Found, Kind, pack_path, unpack_path
from dvcore.ids import ID_BYTES, FileId
from dvcore.model.names import Path
from dvcore.prolly import ProllyMap
from dvcore.repo.batches import iter_batches
from dvcore.store.spilling import SpillingMap

_LOOKED_UP: Final = 32_768
"""Files that are looked up together."""
_MET: Final = b"met"
"""Under a file's id where it both left and came."""
_SIGNS: Final = {Kind.REMOVED: b"-", Kind.ADDED: b"+"}


class MovedFiles:
    """To be closed. A `Found` of one kind says that a file left a path, or came to one."""

    def __init__(self, folder: FolderPath | None) -> None:
        self._noted = SpillingMap(folder)
        self._number = 0

    def __contains__(self, file: FileId) -> bool:
        return self._noted.get(file) == _MET

    def find(self, few: Iterator[Found], many: Callable[[], Iterator[Found]], other: ProllyMap) -> None:
        """Note the files of `few` entries that left, or came, that are among the `many` of which the opposite is true.
        The few are kept; the many are walked through, and not even that where no file of the few is in the `other`
        tree's map of files."""
        is_there = False
        for some in iter_batches(few, lambda _: 1, _LOOKED_UP):
            there = {file for file, data in other.get_many(sorted({one.file for one in some})) if data is not None}
            is_there = is_there or bool(there)
            for one in some:
                if one.file in there:
                    self._noted.put(one.file, b"")
                    self._note(one)
        for one in many() if is_there else ():
            if self._noted.get(one.file) is not None:
                self._noted.put(one.file, _MET)
                self._note(one)

    def iter_changes(self) -> Iterator[Found]:
        """A path that a file left with one that it came to, both in their order, as long as there are both."""
        for id_, items in groupby(self._noted.iter_items(), key=lambda item: item[0][:ID_BYTES]):
            file = FileId(id_)
            left, came = _paths(list(items))
            if file not in self:
                continue
            paired = min(len(left), len(came))
            for source, path in zip(left[:paired], came[:paired], strict=True):
                yield Found(Kind.MOVED, path, file, source)
            yield from (Found(Kind.REMOVED, path, file) for path in left[paired:])
            yield from (Found(Kind.ADDED, path, file) for path in came[paired:])

    def close(self) -> None:
        """Give the room back. Closing twice is no error."""
        self._noted.close()

    def _note(self, one: Found) -> None:
        """Entries come in the order of their paths: the number keeps it."""
        self._number += 1
        self._noted.put(one.file + _SIGNS[one.kind] + self._number.to_bytes(8, "big"), pack_path(one.path))


def _paths(items: list[tuple[bytes, bytes]]) -> tuple[list[Path], list[Path]]:
    """Those that a file left, and those that it came to."""
    left, came = (
        [unpack_path(value) for key, value in items if key[ID_BYTES : ID_BYTES + 1] == _SIGNS[kind]]
        for kind in (Kind.REMOVED, Kind.ADDED)
    )
    return left, came
