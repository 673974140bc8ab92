"""What need not be sent: what the remote has as of one root, or this push has sent.

A chunk list counts only with its chunks. That it is there does not say that they are: a push may have been broken off
between them, and a collection takes packs of chunks that nothing leads to, and leaves the list in a pack of others.
"""

from dvcore.remote.contents.opened import Contents
from dvcore.remote.contents.reading import read_many
from dvcore.remote.exchange.push_packs import PushPacks
from dvcore.remote.packs.entry import name_of
from dvcore.remote.packs.naming import naming
from dvcore.store import Table
from dvcore.store.chunk_list import ChunkList, decode_chunk_list


class There:
    """See the module. Used by one thread."""

    def __init__(self, contents: Contents, packs: PushPacks) -> None:
        self._contents = contents
        self._packs = packs

    def has(self, table: Table, value_id: bytes) -> bool:
        """Whether a value is there, or on its way. Raises CorruptError."""
        return self._packs.has(table, value_id) or self._is_listed(table, value_id)

    def has_blob(self, blob: bytes) -> bool:
        """Whether all is there that a blob consists of. Raises CorruptError, NeedsNewerError, NotFoundError,
        StorageError."""
        if self.has(Table.BLOBS, blob):
            return True
        chunk_list = self.find_chunk_list(blob)
        return chunk_list is not None and all(self.has(Table.CHUNKS, chunk) for chunk, _ in chunk_list.chunks)

    def find_chunk_list(self, blob: bytes) -> ChunkList | None:
        """The list of a blob there, which may be cut otherwise than ours; None where there is none, or an earlier try
        sent it. Raises like `has_blob`."""
        if self._is_listed(Table.CHUNK_LISTS, blob):
            (value,) = read_many(self._contents, [(Table.CHUNK_LISTS, blob)])
            data = value.data
        else:
            data = self._packs.chunk_list(blob)
        with naming(self._contents, name_of(Table.CHUNK_LISTS, blob)):
            return decode_chunk_list(data) if data else None

    def _is_listed(self, table: Table, value_id: bytes) -> bool:
        return self._contents.indexes.find(table, value_id) is not None
