"""Annotations of many files, each with its own: what a list of any length says, kept while it is planned from.

A plan may be made several times, so what it is made from must be there again. Annotations are kept packed, in memory
while they are few and in a private file beyond.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FolderPath
from typing import Any, Final

import msgpack

from dvcore.ids import FileId, InstanceId
from dvcore.model.names import Path
from dvcore.repo.additions import pack_entered, unpack_entered
from dvcore.repo.annotation import Annotation, GivenInstance
from dvcore.store.spilling import SpillingMap

_NUMBER_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class FileAnnotation:
    """What is to change in one file, which is named by one of its paths or by its id. `where` is the place in the list,
    for messages."""

    where: str
    address: Path | FileId
    annotation: Annotation


class AnnotationList:
    """Annotations in the order of appending, each under its number from 0. Close it when done. `folder` is where a file
    is made for many. Raises StorageError."""

    def __init__(self, folder: FolderPath | None) -> None:
        self._packed = SpillingMap(folder)
        self._count = 0

    def append(self, one: FileAnnotation) -> None:
        """Add at the end."""
        self._packed.put(_key(self._count), msgpack.packb(_pack(one)))
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[FileAnnotation]:
        return (_unpack(msgpack.unpackb(data)) for _, data in self._packed.iter_items())

    def __getitem__(self, number: int) -> FileAnnotation:
        data = self._packed.get(_key(number))
        if data is None:
            raise IndexError(number)
        return _unpack(msgpack.unpackb(data))

    def close(self) -> None:
        """Give the room back."""
        self._packed.close()


def _key(number: int) -> bytes:
    return number.to_bytes(_NUMBER_BYTES, "big")


def _pack(one: FileAnnotation) -> tuple[Any, ...]:
    said = one.annotation
    return (
        one.where,
        one.address,
        dict(said.set),
        list(said.unset),
        None if said.instances is None else list(map(_pack_given, said.instances)),
        said.done,
        list(map(_pack_given, said.add)),
        list(said.remove),
    )


def _unpack(raw: list[Any]) -> FileAnnotation:
    where, address, values, unset, instances, done, add, remove = raw
    annotation = Annotation(
        set=values,
        unset=unset,
        instances=None if instances is None else list(map(_unpack_given, instances)),
        done=done,
        add=list(map(_unpack_given, add)),
        remove=list(map(InstanceId, remove)),
    )
    return FileAnnotation(where, FileId(address) if isinstance(address, bytes) else tuple(address), annotation)


def _pack_given(given: GivenInstance) -> tuple[Any, ...]:
    return given.id, pack_entered(given.entered)


def _unpack_given(raw: list[Any]) -> GivenInstance:
    id_, entered = raw
    return GivenInstance(unpack_entered(entered), None if id_ is None else InstanceId(id_))
