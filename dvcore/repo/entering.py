"""Instances that come in for a file, known again where it has them already."""

from collections.abc import Sequence
from dataclasses import replace

from dvcore.encoding import encode
from dvcore.ids import FileId, InstanceId
from dvcore.model.annotations import Entered, Instance, derive_instances
from dvcore.model.matching import match_instances
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
        one if one.id in again or not alike.get(_content(one)) else replace(one, id=alike[_content(one)].pop().id)
        for one in derived
    ]
    return {one.id: one for one in matched}


def known_edited(file: FileId, present: Sequence[Instance], entered: Sequence[Entered]) -> dict[InstanceId, Instance]:
    """The same for instances that take the place of all that the file has: one that would go gives its id to one that
    `match_instances` takes for it, so that what was edited outside stays what it is.

    Raises InvalidInputError for a mask whose code is none.
    """
    came = known_again(file, present, entered)
    there = {one.id for one in present}
    gone = [one for one in present if one.id not in came]
    for old, new in match_instances(gone, [one for one in came.values() if one.id not in there]):
        del came[new.id]
        came[old.id] = replace(new, id=old.id)
    return came


def _content(instance: Instance) -> bytes:
    """What an instance is, apart from its id."""
    return encode([instance.source, instance.label, pack_geometry(instance.geometry)])
