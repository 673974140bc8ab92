"""What a remote has, by all the indexes of one root."""

from collections.abc import Collection, Iterable, Iterator

from dvcore.remote.indexes.index import Index
from dvcore.remote.packs.reading import Location
from dvcore.store import Table


class IndexSet:
    """All that a remote has, by the indexes of one root. May be used by several threads."""

    def __init__(self, indexes: Iterable[Index], *, without: Collection[bytes] = ()) -> None:
        """`without` are packs, by their ids, that count as absent: those with a tombstone."""
        # Most of what is looked for is in the largest one.
        self._indexes = sorted(indexes, key=len, reverse=True)
        self._without = frozenset(without)

    def find(self, table: Table, value_id: bytes) -> Location | None:
        """Where the value is, or None where the remote does not have it. Raises CorruptError."""
        for index in self._indexes:
            location = index.find(table, value_id)
            if location is not None and location.pack.id not in self._without:
                return location
        return None

    def iter_located(self) -> Iterator[tuple[Table, bytes, Location]]:
        """All that is there, index by index; what several indexes list comes several times. Raises CorruptError."""
        for index in self._indexes:
            for located in index.iter_located():
                if located[2].pack.id not in self._without:
                    yield located
