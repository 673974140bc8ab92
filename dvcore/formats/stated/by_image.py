"""What a source says of its images, by path: of any number of them, in bounded memory.

What is said of an image may come at once (`put`), or bit by bit where a file has it in any order (`add`, `give`).
"""

from dataclasses import fields, replace
from functools import lru_cache
from pathlib import Path as FolderPath
from typing import Any, Final, Self, get_args

import msgpack

from dvcore.formats.stated.annotations import StatedAnnotations, StatedInstance
from dvcore.formats.stated.lists import StatedBits
from dvcore.ids import digest
from dvcore.model.annotations import Entered
from dvcore.model.geometry import Geometry
from dvcore.model.names import Path
from dvcore.model.values import Value
from dvcore.store.spilling import SpillingMap

_KEYS: Final = 1 << 12
"""Keys that are not made anew: what is said of one image mostly stands together."""


class StatedMap:
    """Stated annotations by the path of their image under the destination. Close it, or use it in a `with`.

    `folder` is where private files are made for many, None for the system's. Raises StorageError.
    """

    def __init__(self, folder: FolderPath | None = None) -> None:
        self._packed = SpillingMap(folder)
        self._count = 0
        self._bits = StatedBits(folder)
        self._instances = 0

    def put(self, path: Path, stated: StatedAnnotations) -> None:
        """Say this of an image, and nothing that was put before; what was added stays."""
        key = _key(path)
        before = self._packed.get(key)
        if before is None:
            self._count += 1
        else:
            self._instances -= len(_unpack(before).instances)
        self._instances += len(stated.instances)
        self._packed.put(key, _pack(stated))

    def add(self, path: Path, instance: StatedInstance) -> None:
        """An instance more of an image, behind those that are there. The rest of what is said of it is put."""
        self._instances += 1
        self._bits.append(_key(path), [instance.where, *_pack_entered(instance.entered)])

    def give(self, path: Path, name: str, value: Value) -> None:
        """A variable more of an image."""
        self._bits.append(_key(path), [name, value])

    def get(self, path: Path) -> StatedAnnotations | None:
        """What is said of an image, or None."""
        if not self._count:
            return None
        key = _key(path)
        packed = self._packed.get(key)
        return None if packed is None else self._with_bits(key, _unpack(packed))

    def __contains__(self, path: Path) -> bool:
        return self._packed.get(_key(path)) is not None

    def __len__(self) -> int:
        return self._count

    @property
    def instances(self) -> int:
        """How many instances all images have together."""
        return self._instances

    def close(self) -> None:
        """Give the room back. Closing twice is no error."""
        self._packed.close()
        self._bits.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _with_bits(self, key: bytes, stated: StatedAnnotations) -> StatedAnnotations:
        bits = self._bits.get(key)
        if not bits:
            return stated
        instances, variables = list(stated.instances), dict(stated.variables)
        for bit in bits:
            if len(bit) == 2:
                variables[bit[0]] = bit[1]
            else:
                instances.append(StatedInstance(bit[0], _unpack_entered(*bit[1:])))
        return replace(stated, instances=tuple(instances), variables=variables)


@lru_cache(_KEYS)
def _key(path: Path) -> bytes:
    # Paths may be longer than a key; no name holds a slash.
    return digest("/".join(path).encode())


def _pack(stated: StatedAnnotations) -> bytes:
    instances = [(one.where, *_pack_entered(one.entered)) for one in stated.instances]
    flags = stated.is_annotated, stated.is_normalized, stated.has_corners
    packed: bytes = msgpack.packb((stated.where, stated.size, dict(stated.variables), flags, instances))
    return packed


def _unpack(packed: bytes) -> StatedAnnotations:
    where, size, variables, flags, instances = msgpack.unpackb(packed, use_list=True)
    stated = tuple(StatedInstance(where, _unpack_entered(*values)) for where, *values in instances)
    return StatedAnnotations(where, None if size is None else tuple(size), stated, variables, *flags)


def _pack_entered(entered: Entered) -> tuple[Any, ...]:
    box = None if entered.box is None else _pack_geometry(entered.box)
    return entered.label, _pack_geometry(entered.geometry), box, entered.source, dict(entered.attributes)


def _unpack_entered(label: str, geometry: list[Any], box: Any, source: str | None, attributes: Any) -> Entered:
    return Entered(label, _unpack_geometry(geometry), box and _unpack_geometry(box), source, attributes)


# As the source states it: whether it is a geometry at all is seen when it is placed.
_FIELDS: Final = {one: tuple(field.name for field in fields(one)) for one in get_args(Geometry)}
_KINDS: Final = {one.__name__: one for one in get_args(Geometry)}


def _pack_geometry(geometry: Geometry) -> list[Any]:
    kind = type(geometry)
    return [kind.__name__, *[getattr(geometry, name) for name in _FIELDS[kind]]]


def _unpack_geometry(raw: list[Any]) -> Any:
    kind, *values = raw
    return _KINDS[kind](*[_frozen(value) if type(value) is list else value for value in values])


def _frozen(values: list[Any]) -> tuple[Any, ...]:
    return tuple([_frozen(value) if type(value) is list else value for value in values])
