"""What comes in with an import: one addition for each file, and a spool that holds any number of them.

A plan may be made several times, so what it is made from must be there again. The spool keeps additions packed, in
memory while they are few and in a private file beyond.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FolderPath
from typing import Any, Self

import msgpack

from dvcore.ids import BlobId
from dvcore.model.annotations import Entered
from dvcore.model.files import ImageFacts
from dvcore.model.names import Path
from dvcore.model.packing import pack_box, pack_geometry, unpack_box, unpack_geometry
from dvcore.model.values import Value
from dvcore.store.spool import Spool


@dataclass(frozen=True, slots=True)
class Addition:
    """A file that comes in. Its blob is in the store already. `entered` are the instances that its source gives: None
    where the source says nothing of this file, empty where it says that there is nothing on it."""

    path: Path
    blob: BlobId
    size: int
    facts: ImageFacts | None = None
    variables: Mapping[str, Value] = field(default_factory=dict)
    entered: tuple[Entered, ...] | None = None


class AdditionSpool:
    """Additions in the order of appending, to be iterated any number of times. Close it, or use it in a `with`.

    `folder` is where a file is made for many: a repository's `cache`, None for the system's. Raises StorageError.
    """

    def __init__(self, folder: FolderPath | None = None) -> None:
        self._spool = Spool(folder)
        self._pack = msgpack.Packer(use_bin_type=True).pack
        self._count = 0

    def append(self, addition: Addition) -> None:
        """Add at the end."""
        self._spool.append(self._pack(_packed(addition)))
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Addition]:
        for block in self._spool.iter_blocks():
            unpacker = msgpack.Unpacker(max_buffer_size=len(block))
            unpacker.feed(block)
            yield from map(_unpacked, unpacker)

    def close(self) -> None:
        """Give the room back."""
        self._spool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _packed(addition: Addition) -> tuple[Any, ...]:
    facts = addition.facts
    return (
        addition.path,
        addition.blob,
        addition.size,
        facts and (facts.width, facts.height, facts.format, facts.mode, facts.orientation, facts.bits),
        dict(addition.variables),
        None if addition.entered is None else [pack_entered(one) for one in addition.entered],
    )


def _unpacked(raw: list[Any]) -> Addition:
    path, blob, size, facts, variables, entered = raw
    instances = None if entered is None else tuple(map(unpack_entered, entered))
    return Addition(tuple(path), BlobId(blob), size, facts and ImageFacts(*facts), variables, instances)


def pack_entered(entered: Entered) -> tuple[Any, ...]:
    """An instance as values that msgpack holds."""
    box = None if entered.box is None else pack_box(entered.box)
    return entered.label, pack_geometry(entered.geometry), box, entered.source, dict(entered.attributes)


def unpack_entered(raw: list[Any]) -> Entered:
    """The instance that was packed."""
    label, geometry, box, source, attributes = raw
    return Entered(label, unpack_geometry(geometry), box and unpack_box(box), source, attributes)
