"""Three-way merge of one file's record: variables and instances one by one, and an instance's parts likewise."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dvcore.encoding import decode, encode
from dvcore.history.settling import Settler, is_settled, merged
from dvcore.ids import FileId, InstanceId
from dvcore.model.annotations import AnnotationSet, Instance, decode_instance, encode_instance
from dvcore.model.conflicts import Place, Sides, Subject
from dvcore.model.files import FileRecord, decode_record, encode_record
from dvcore.model.values import Value
from dvcore.repo.objects import Objects, save_annotations
from dvcore.store import ObjectDraft


@dataclass(frozen=True, slots=True)
class RecordMerger:
    """Merges records; what they say is read through `objects` and written into `draft`."""

    objects: Objects
    draft: ObjectDraft
    settler: Settler

    def merge(self, file: FileId, base: FileRecord | None, ours: FileRecord, theirs: FileRecord) -> FileRecord:
        """The record of a file that both sides have and changed; `base` is None where both brought it in.

        Two sides that gave it other bytes, or other variables on entry, are in conflict about the whole of it: what was
        drawn on one image need not fit the other.
        """
        sides = [None if one is None else _came_in(one) for one in (base, ours, theirs)]
        if not is_settled(*sides):
            return self.settle_record(file, base, ours, theirs) or ours
        came_in = theirs if sides[0] == sides[1] else ours
        sets = [self.objects.load_annotations(None if one is None else one.annotations) for one in (base, ours, theirs)]
        annotations = save_annotations(self.draft, self._merge_sets(file, *sets))
        if base is None:
            annotated = ours.annotated or theirs.annotated
        else:
            annotated = merged(base.annotated, ours.annotated, theirs.annotated)
        return replace(came_in, annotations=annotations, annotated=annotated)

    def settle_record(
        self, file: FileId, base: FileRecord | None, ours: FileRecord | None, theirs: FileRecord | None
    ) -> FileRecord | None:
        """The record as a whole, where its parts cannot be had from both sides; None where the file goes."""
        sides = (None if one is None else encode_record(one) for one in (base, ours, theirs))
        settled = self.settler.settle(Place(Subject.FILE, file, ""), Sides(*sides))
        return None if settled is None else decode_record(settled)

    def _merge_sets(
        self, file: FileId, base: AnnotationSet, ours: AnnotationSet, theirs: AnnotationSet
    ) -> AnnotationSet:
        values = self._merge_values(file, base.variables, ours.variables, theirs.variables)
        sides = [{one.id: one for one in side.instances} for side in (base, ours, theirs)]
        ids = {id_ for side in sides for id_ in side}
        instances = (self._merge_instance(file, id_, *(side.get(id_) for side in sides)) for id_ in ids)
        return AnnotationSet(values).with_instances(one for one in instances if one is not None)

    def _merge_values(
        self, file: FileId, base: Mapping[str, Value], ours: Mapping[str, Value], theirs: Mapping[str, Value]
    ) -> dict[str, Value]:
        result = {}
        for name in sorted({*base, *ours, *theirs}):
            sides = (encode(side[name]) if name in side else None for side in (base, ours, theirs))
            value = self.settler.settle(Place(Subject.VARIABLE, file, name), Sides(*sides))
            if value is not None:
                result[name] = decode(value)
        return result

    def _merge_instance(
        self, file: FileId, id_: InstanceId, base: Instance | None, ours: Instance | None, theirs: Instance | None
    ) -> Instance | None:
        if base and ours and theirs and (together := _merge_parts(base, ours, theirs)):
            return together
        sides = (None if one is None else encode_instance(one) for one in (base, ours, theirs))
        settled = self.settler.settle(Place(Subject.INSTANCE, file, id_.hex()), Sides(*sides))
        return None if settled is None else decode_instance(settled)


def _came_in(record: FileRecord) -> tuple[object, ...]:
    return record.blob, record.size, record.split_key, record.facts, dict(record.variables)


def _merge_parts(base: Instance, ours: Instance, theirs: Instance) -> Instance | None:
    """The instance with the parts that either side changed; None where both changed the same one otherwise. A geometry
    and the box beside it are one part."""
    names = sorted({*base.attributes, *ours.attributes, *theirs.attributes})
    sides = [_parts(one, names) for one in (base, ours, theirs)]
    if not all(map(is_settled, *sides)):
        return None
    label, (geometry, box), source, *values = map(merged, *sides)
    attributes = {name: value for name, (_, value) in zip(names, values, strict=True) if value is not None}
    return Instance(base.id, label, geometry, box, source, attributes)


def _parts(instance: Instance, names: list[str]) -> list[Any]:
    values = [instance.attributes.get(name) for name in names]
    # With its type, as 1 is not true.
    typed = [(type(value), value) for value in values]
    return [instance.label, (instance.geometry, instance.box), instance.source, *typed]
