"""Records that are taken over from an older file of a shard: the same inputs give the same bytes.

After a few labels have changed, nearly all records of nearly all shards are what they were. They are read in runs, and
each is hashed before it is used.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from dvcore.ids import digest
from dvcore.snapshot.shards.parts import Note
from dvcore.snapshot.shards.receipts import Receipt
from dvcore.tfrecord.records import frame_of, unframed


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record is in a donor's file."""

    start: int
    note: Note

    @property
    def end(self) -> int:
        """Where the next one begins."""
        return self.start + self.note.size


class Donor:
    """The file of a shard that was made before, and its receipt."""

    def __init__(self, path: Path, receipt: Receipt) -> None:
        self._path = path
        ends = accumulate(note.size for note in receipt.notes)
        rows = zip(receipt.inputs, receipt.notes, ends, strict=True)
        self._places = {inputs: Place(end - note.size, note) for inputs, note, end in rows}

    def find(self, inputs: Sequence[bytes]) -> list[tuple[memoryview, Note] | None]:
        """For each of these records its bytes and its note, or None where the donor lacks it or it is damaged."""
        places = [self._places.get(one) for one in inputs]
        if not any(places):
            return [None] * len(inputs)
        try:
            descriptor = os.open(self._path, os.O_RDONLY)
        except OSError:
            return [None] * len(inputs)
        try:
            return [found for run in _runs(places) for found in _read(descriptor, run)]
        finally:
            os.close(descriptor)


def _runs(places: Sequence[Place | None]) -> Iterator[list[Place | None]]:
    """Neighbours that are neighbours in the donor, too."""
    run: list[Place | None] = []
    for place in places:
        last = run[-1] if run else None
        if run and (place is None or last is None or place.start != last.end):
            yield run
            run = []
        run.append(place)
    if run:
        yield run


def _read(descriptor: int, run: Sequence[Place | None]) -> Iterator[tuple[memoryview, Note] | None]:
    first, last = run[0], run[-1]
    if first is None or last is None:
        yield None
        return
    try:
        data = memoryview(os.pread(descriptor, last.end - first.start, first.start))
    except OSError:
        data = memoryview(b"")
    for place in run:
        if place is not None:
            record = data[place.start - first.start : place.end - first.start]
            yield (record, place.note) if _is_sound(record, place.note) else None


def _is_sound(record: memoryview, note: Note) -> bool:
    return frame_of(record) == note.frame and digest(unframed(record)) == note.example
