"""Instances that come in for a file, known again where it has them already."""

from collections.abc import Sequence

from dvcore.encoding import encode
from dvcore.ids import FileId, InstanceId
from dvcore.model.annotations import Entered, Instance, derive_instances
from dvcore.model.packing import pack_geometry


def known_again(file: FileId, present: Sequence[Instance], entered: Sequence[Entered]) -> dict[InstanceId, Instance]:
    """The instances that come in, those that the file has under the ids they have there.

    Without their source's ids, as in a copied file, instances are known again by what they are.
    """
    derived = derive_instances(file, entered)
    if not present:
        return {one.id: one for one in derived}
    known = {one.id for one in present}
    again = {one.id for one in derived if one.id in known}
    alike: dict[bytes, list[Instance]] = {}
    for one in present:
        if one.id not in again:
            alike.setdefault(_content(one), []).append(one)
    matched = [
        one if one.id in again or not alike.get(_content(one)) else alike[_content(one)].pop() for one in derived
    ]
    return {one.id: one for one in matched}


def _content(instance: Instance) -> bytes:
    """What an instance is, apart from its id."""
    return encode([instance.source, instance.label, pack_geometry(instance.geometry)])
