"""A shard from its parts: joined in their order, hashed on the way, and counted."""

import hashlib
from collections.abc import Iterable

from blake3 import blake3

from dvcore.errors import Fault
from dvcore.ids import FileId
from dvcore.model.manifest import ImageShape, Shard
from dvcore.snapshot.catalog.files import Write
from dvcore.snapshot.shards.parts import ImagePlace, Note, Part
from dvcore.snapshot.shards.receipts import Receipt
from dvcore.snapshot.shards.shard import ShardPlan


class Assembly:
    """Takes the parts of a shard one after the other, and gives their bytes to `write`."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._blake3, self._sha256 = blake3(), hashlib.sha256()
        self._size = 0
        self._inputs: list[bytes] = []
        self._notes: list[Note] = []
        self.places: list[ImagePlace] = []
        self.left_out: list[tuple[FileId, Fault]] = []

    def add(self, part: Part) -> None:
        """The next part."""
        for data in part.data:
            self._write(data)
            self._blake3.update(data)
            self._sha256.update(data)
        self._inputs += part.inputs
        self._notes += part.notes
        self.places += (place.moved(self._size) for place in part.places)
        self.left_out += part.left_out
        self._size += sum(map(len, part.data))

    def receipt(self, plan: ShardPlan, inputs: bytes) -> Receipt:
        """The shard of all that was added; `inputs` is the digest of what it was made from."""
        shard = Shard(
            plan.split,
            plan.index,
            len(self._notes),
            self._size,
            self._blake3.digest(),
            self._sha256.digest(),
            inputs=inputs,
            image_shape=_common(note.shape for note in self._notes),
            passed=sum(note.passed for note in self._notes),
            enlarged=sum(note.enlarged for note in self._notes),
        )
        return Receipt(shard, tuple(self._inputs), tuple(self._notes))


def _common(shapes: Iterable[ImageShape]) -> ImageShape | None:
    distinct = set(shapes)
    return distinct.pop() if len(distinct) == 1 else None
