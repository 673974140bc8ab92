"""What is remembered of a shard that was written, so that neither it nor a record of it is made twice.

A receipt says of a file that its bytes are those of a shard, and which inputs each of its records came from. It is kept
in a cache: who has none makes the shard anew.
"""

import struct
from dataclasses import dataclass
from typing import Final

from dvcore.encoding import decode, encode
from dvcore.errors import DsetError
from dvcore.ids import ID_BYTES
from dvcore.model.manifest import Shard
from dvcore.snapshot.shards.parts import Note
from dvcore.snapshot.shards.shard import Made

_FACTS: Final = struct.Struct("<QIIBHH")
_FRAME_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Receipt:
    """A shard, and for each of its records the digest of its inputs and the note."""

    shard: Shard
    inputs: tuple[bytes, ...]
    notes: tuple[Note, ...]

    @property
    def made(self) -> Made:
        """The shard as making it gives it."""
        return Made(self.shard, tuple(note.example for note in self.notes))


def encode_receipt(receipt: Receipt) -> bytes:
    """The bytes of a receipt: columns, as there are thousands of rows."""
    shard = receipt.shard
    counts = [shard.index, shard.examples, shard.size, shard.passed, shard.enlarged]
    digests = [shard.blake3, shard.sha256, shard.inputs]
    columns = (
        receipt.inputs,
        (note.example for note in receipt.notes),
        (note.frame for note in receipt.notes),
        (_FACTS.pack(note.size, *note.shape, note.passed, note.enlarged) for note in receipt.notes),
    )
    return encode([shard.split, counts, digests, list(shard.image_shape or ()), [*map(b"".join, columns)]])


def decode_receipt(data: bytes) -> Receipt | None:
    """The receipt that the bytes hold, None where they hold none."""
    try:
        split, counts, digests, shape, columns = decode(data)
        index, examples, size, passed, enlarged = counts
        blake3, sha256, shard_inputs = digests
        shape = tuple(shape) or None
        shard = Shard(split, index, examples, size, blake3, sha256, shard_inputs, shape, passed, enlarged)
        sizes = (ID_BYTES, ID_BYTES, _FRAME_BYTES, _FACTS.size)
        rows = [_cut(column, size) for column, size in zip(columns, sizes, strict=True)]
        notes = tuple(_note(*row) for row in zip(*rows[1:], strict=True))
    except (DsetError, TypeError, ValueError, struct.error):
        return None
    return Receipt(shard, rows[0], notes) if len(rows[0]) == len(notes) == examples else None


def _note(example: bytes, frame: bytes, facts: bytes) -> Note:
    size, height, width, channels, passed, enlarged = _FACTS.unpack(facts)
    return Note(example, frame, size, (height, width, channels), passed, enlarged)


def _cut(column: bytes, size: int) -> tuple[bytes, ...]:
    return tuple(column[start : start + size] for start in range(0, len(column), size))
