"""Parts of a shard: consecutive records, with all that anybody needs to know of them once they are bytes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from dvcore.errors import Fault
from dvcore.ids import FileId, digest
from dvcore.image.encoding import EncodedFormat
from dvcore.image.render import Rendered
from dvcore.model.manifest import ImageShape
from dvcore.snapshot.shards.shard import Record
from dvcore.tfrecord.records import frame_of

_PROBE_BYTES: Final = 64
"""Of an image, by which it is looked for in its record: searching for all of it takes a hundred times longer."""


@dataclass(frozen=True, slots=True)
class Note:
    """What others need to know of a record: the BLAKE3 of its example, the 16 bytes that frame it, and its length; of
    its images the shape of the first, how many are the source's bytes, and how many were made larger."""

    example: bytes
    frame: bytes
    size: int
    shape: ImageShape
    passed: int
    enlarged: int


@dataclass(frozen=True, slots=True)
class ImagePlace:
    """An encoded image in a file: `key` names what it is of, and `start` is where it begins."""

    key: bytes
    start: int
    size: int
    digest: bytes
    height: int
    width: int
    channels: int
    enlarged: bool
    format: EncodedFormat

    def moved(self, by: int) -> "ImagePlace":
        """The same, so many bytes further on."""
        return replace(self, start=self.start + by)


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive records of a shard, with a note and the digest of the inputs of each. `places` are of images that
    were encoded for it; `left_out` are the files whose images cannot be rendered."""

    data: tuple[bytes | memoryview, ...]
    inputs: tuple[bytes, ...]
    notes: tuple[Note, ...]
    places: tuple[ImagePlace, ...] = ()
    left_out: tuple[tuple[FileId, Fault], ...] = ()


class Joint:
    """A part that is growing."""

    def __init__(self) -> None:
        self._data: list[bytes | memoryview] = []
        self._size = 0
        self._inputs: list[bytes] = []
        self._notes: list[Note] = []
        self._places: list[ImagePlace] = []
        self._left_out: list[tuple[FileId, Fault]] = []

    def add(self, inputs: bytes, record: bytes | memoryview, note: Note, places: Iterable[ImagePlace] = ()) -> None:
        """The next record; `places` are in it."""
        self._data.append(record)
        self._inputs.append(inputs)
        self._notes.append(note)
        self._places += (place.moved(self._size) for place in places)
        self._size += len(record)

    def leave_out(self, file: FileId, fault: Fault) -> None:
        """The next record is missing."""
        self._left_out.append((file, fault))

    def part(self) -> Part:
        """All that was added."""
        facts = (tuple(self._inputs), tuple(self._notes), tuple(self._places), tuple(self._left_out))
        return Part(tuple(self._data), *facts)


def note_of(record: Record) -> Note:
    """The note of a record that was made."""
    first, images = record.images[0], record.images
    return Note(
        record.digest,
        frame_of(record.data),
        len(record.data),
        (first.height, first.width, first.channels),
        sum(image.passed_through for image in images),
        sum(image.enlarged for image in images),
    )


def find_places(record: bytes, images: Iterable[tuple[bytes, Rendered]]) -> Iterator[ImagePlace]:
    """Where images, each with its key, are in the record that holds them."""
    for key, image in images:
        facts = (image.height, image.width, image.channels, image.enlarged, image.format)
        yield ImagePlace(key, _find(record, image.data), len(image.data), digest(image.data), *facts)


def _find(record: bytes, data: bytes) -> int:
    start = record.index(data[:_PROBE_BYTES])
    while not record.startswith(data, start):
        start = record.index(data[:_PROBE_BYTES], start + 1)
    return start
