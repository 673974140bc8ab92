"""What a large blob consists of: its chunks in order, as stored under the blob's id.

`docs/format/store.md` has the byte table.
"""

from dataclasses import dataclass
from itertools import accumulate
from struct import Struct
from typing import Final

from dvcore.encoding import decode_object, encode_object
from dvcore.errors import CorruptError
from dvcore.ids import ChunkId
from dvcore.store.chunking import MAX_CHUNK

KIND: Final = "chunked"
NEWEST_VERSION: Final = 1

WHOLE_BYTES: Final = 1 << 20
"""Blobs up to this size are stored whole, only larger ones in chunks, so that each has one form."""

_ENTRY: Final = Struct("<32sI")


@dataclass(frozen=True, slots=True)
class ChunkList:
    """Ids and lengths (bytes) of a blob's chunks."""

    chunks: tuple[tuple[ChunkId, int], ...]

    @property
    def size(self) -> int:
        """Length of the blob in bytes."""
        return sum(length for _, length in self.chunks)

    def starts(self) -> list[int]:
        """Offset of each chunk in the blob."""
        return list(accumulate((length for _, length in self.chunks[:-1]), initial=0))

    def encode(self) -> bytes:
        """The stored form."""
        entries = b"".join(_ENTRY.pack(chunk, length) for chunk, length in self.chunks)
        return encode_object(KIND, 1, {"size": self.size, "chunks": entries})


def decode_chunk_list(data: bytes) -> ChunkList:
    """The chunk list that was stored.

    Raises CorruptError where it is none, NeedsNewerError for a newer version.
    """
    fields = decode_object(data, KIND, newest=NEWEST_VERSION)
    size = fields.integer("size", least=WHOLE_BYTES + 1)
    entries: bytes = fields.take("chunks", bytes)
    fields.end()
    if len(entries) % _ENTRY.size:
        raise CorruptError(f"a chunk list has a rest of {len(entries) % _ENTRY.size} bytes")
    chunks = ChunkList(tuple((ChunkId(chunk), length) for chunk, length in _ENTRY.iter_unpack(entries)))
    if not all(0 < length <= MAX_CHUNK for _, length in chunks.chunks) or chunks.size != size:
        raise CorruptError(f"the lengths of a chunk list do not fit its size, {size} bytes")
    return chunks
