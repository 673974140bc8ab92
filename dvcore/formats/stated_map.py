"""What a source says of its images, by path: of any number of them, in bounded memory."""

from dataclasses import fields
from pathlib import Path as FolderPath
from typing import Any, Final, Self, get_args

import msgpack

from dvcore.formats.source import StatedAnnotations, StatedInstance
from dvcore.ids import digest
from dvcore.model.annotations import Entered
from dvcore.model.geometry import Geometry
from dvcore.model.names import Path
from dvcore.store.spilling import SpillingMap


class StatedMap:
    """Stated annotations by the path of their image under the destination. Close it, or use it in a `with`.

    `folder` is where a private file is made for many, None for the system's. Raises StorageError.
    """

    def __init__(self, folder: FolderPath | None = None) -> None:
        self._packed = SpillingMap(folder)
        self._count = 0

    def put(self, path: Path, stated: StatedAnnotations) -> None:
        """Say this of an image, and nothing that was said before."""
        key = _key(path)
        self._count += self._packed.get(key) is None
        self._packed.put(key, _pack(stated))

    def get(self, path: Path) -> StatedAnnotations | None:
        """What is said of an image, or None."""
        packed = self._packed.get(_key(path)) if self._count else None
        return None if packed is None else _unpack(msgpack.unpackb(packed, use_list=True))

    def __contains__(self, path: Path) -> bool:
        return self._packed.get(_key(path)) is not None

    def __len__(self) -> int:
        return self._count

    def close(self) -> None:
        """Give the room back. Closing twice is no error."""
        self._packed.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _key(path: Path) -> bytes:
    # Paths may be longer than a key; no name holds a slash.
    return digest("/".join(path).encode())


def _pack(stated: StatedAnnotations) -> bytes:
    instances = [(one.where, *_pack_entered(one.entered)) for one in stated.instances]
    values = stated.where, stated.size, dict(stated.variables), stated.is_annotated, instances
    packed: bytes = msgpack.packb(values)
    return packed


def _unpack(raw: list[Any]) -> StatedAnnotations:
    where, size, variables, is_annotated, instances = raw
    stated = tuple(StatedInstance(where, _unpack_entered(*values)) for where, *values in instances)
    return StatedAnnotations(where, None if size is None else tuple(size), stated, variables, is_annotated)


def _pack_entered(entered: Entered) -> tuple[Any, ...]:
    box = None if entered.box is None else _pack_geometry(entered.box)
    return entered.label, _pack_geometry(entered.geometry), box, entered.source, dict(entered.attributes)


def _unpack_entered(label: str, geometry: list[Any], box: Any, source: str | None, attributes: Any) -> Entered:
    return Entered(label, _unpack_geometry(geometry), box and _unpack_geometry(box), source, attributes)


# As the source states it: whether it is a geometry at all is seen when it is placed.
_FIELDS: Final = {one: [field.name for field in fields(one)] for one in get_args(Geometry)}
_KINDS: Final = {one.__name__: one for one in get_args(Geometry)}


def _pack_geometry(geometry: Geometry) -> list[Any]:
    kind = type(geometry)
    return [kind.__name__, *[getattr(geometry, name) for name in _FIELDS[kind]]]


def _unpack_geometry(raw: list[Any]) -> Any:
    kind, *values = raw
    return _KINDS[kind](*map(_frozen, values))


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
