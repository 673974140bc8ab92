"""Three-way merge of one file's record: variables and instances one by one, and an instance's parts likewise."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from dvcore.encoding import encode
from dvcore.history.settling import Settler, is_settled, merged
from dvcore.ids import FileId, InstanceId
from dvcore.model.annotations import AnnotationSet, Instance, decode_instance, encode_instance
from dvcore.model.conflicts import Place, Sides, Subject
from dvcore.model.files import FileRecord, decode_record, encode_record
from dvcore.model.values import Value
from dvcore.repo.objects import EMPTY_ANNOTATIONS, Objects, save_annotations
from dvcore.store import ObjectDraft

_Given = tuple[Value | None, Value | None]
"""A variable's value as it came in with the file, and as it was annotated: the latter counts."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A file on one side, with what people said about it; `record` is None where that side did not have it."""

    record: FileRecord | None
    annotations: AnnotationSet

    @property
    def bytes(self) -> object:
        """What the file is, apart from what is said of it."""
        record = self.record
        return None if record is None else (record.blob, record.size, record.split_key, record.facts)

    @property
    def extent(self) -> object:
        """Width and height, in which instances have to lie."""
        facts = None if self.record is None else self.record.facts
        return None if facts is None else (facts.width, facts.height)

    def given(self, name: str) -> _Given:
        """The values of a variable."""
        entered = {} if self.record is None else self.record.variables
        return entered.get(name), self.annotations.variables.get(name)

    @property
    def names(self) -> set[str]:
        """The variables that have a value."""
        return {*({} if self.record is None else self.record.variables), *self.annotations.variables}


@dataclass(frozen=True, slots=True)
class RecordMerger:
    """Merges records; what they say is read through `objects` and written into `draft`."""

    objects: Objects
    draft: ObjectDraft
    settler: Settler

    def merge(self, file: FileId, base: FileRecord | None, ours: FileRecord, theirs: FileRecord) -> FileRecord:
        """The record of a file that both sides have and changed; `base` is None where both brought it in.

        Where both gave it other bytes, or one gave it an image of another size and the other drew on it, they are in
        conflict about the whole of it: what was drawn on one image need not fit the other.
        """
        sides = [self._said(one) for one in (base, ours, theirs)]
        if not is_settled(*(one.bytes for one in sides)) or _is_drawn_on_another(*sides):
            return self.dispute_record(file, base, ours, theirs) or ours
        came_in = theirs if sides[0].bytes == sides[1].bytes else ours
        entered, annotated = self._merge_variables(file, sides)
        annotations = AnnotationSet(annotated).with_instances(self._merge_instances(file, sides))
        if base is None:
            is_annotated = ours.annotated or theirs.annotated
        else:
            is_annotated = merged(base.annotated, ours.annotated, theirs.annotated)
        saved = save_annotations(self.draft, annotations)
        return replace(came_in, annotations=saved, variables=entered, annotated=is_annotated)

    def dispute_record(
        self, file: FileId, base: FileRecord | None, ours: FileRecord | None, theirs: FileRecord | None
    ) -> FileRecord | None:
        """The record as a whole, whose parts cannot be had from both sides; None where the file goes."""
        sides = (None if one is None else encode_record(one) for one in (base, ours, theirs))
        result = self.settler.dispute(Place(Subject.FILE, file, ""), Sides(*sides))
        return None if result is None else decode_record(result)

    def _said(self, record: FileRecord | None) -> _Said:
        return _Said(record, EMPTY_ANNOTATIONS if record is None else self.objects.load_annotations(record.annotations))

    def _merge_variables(self, file: FileId, sides: Sequence[_Said]) -> tuple[dict[str, Value], dict[str, Value]]:
        """Values that came in with the file, and annotated ones."""
        entered, annotated = {}, {}
        for name in sorted(set().union(*(one.names for one in sides))):
            first, second = self._merge_given(file, name, [one.given(name) for one in sides])
            if first is not None:
                entered[name] = first
            if second is not None:
                annotated[name] = second
        return entered, annotated

    def _merge_given(self, file: FileId, name: str, sides: Sequence[_Given]) -> _Given:
        typed = [_typed(*one) for one in sides]
        if is_settled(*typed):
            return sides[2] if typed[0] == typed[1] else sides[1]
        stated = [_stated(one) for one in sides]
        result = self.settler.settle(Place(Subject.VARIABLE, file, name), Sides(*stated))
        fitting = [one for one in (*sides[1:], sides[0]) if _stated(one) == result]
        # Both sides may state it alike in different ways: then it does not matter whose way, but it is the same one
        # whoever merges.
        return max(fitting[:2], key=encode) if stated[1] == stated[2] else fitting[0]

    def _merge_instances(self, file: FileId, sides: Sequence[_Said]) -> list[Instance]:
        by_id = [{one.id: one for one in side.annotations.instances} for side in sides]
        ids = set().union(*by_id)
        merged_ones = (self._merge_instance(file, id_, *(side.get(id_) for side in by_id)) for id_ in ids)
        return [one for one in merged_ones if one is not None]

    def _merge_instance(
        self, file: FileId, id_: InstanceId, base: Instance | None, ours: Instance | None, theirs: Instance | None
    ) -> Instance | None:
        if base and ours and theirs and (together := _merge_parts(base, ours, theirs)):
            return together
        sides = (None if one is None else encode_instance(one) for one in (base, ours, theirs))
        settled = self.settler.settle(Place(Subject.INSTANCE, file, id_.hex()), Sides(*sides))
        return None if settled is None else decode_instance(settled)


def _is_drawn_on_another(base: _Said, ours: _Said, theirs: _Said) -> bool:
    """Whether one side has an image of another size, and the other has other instances."""
    return any(
        base.record is not None
        and one.extent not in (base.extent, other.extent)
        and other.annotations.instances != base.annotations.instances
        for one, other in ((ours, theirs), (theirs, ours))
    )


def _stated(given: _Given) -> bytes | None:
    value = given[0] if given[1] is None else given[1]
    return None if value is None else encode(value)


def _typed(*values: Value | None) -> list[tuple[type, Value | None]]:
    """With the types, as 1 is not true."""
    return [(type(value), value) for value in values]


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


def _parts(instance: Instance, names: Sequence[str]) -> list[Any]:
    values = _typed(*(instance.attributes.get(name) for name in names))
    return [instance.label, (instance.geometry, instance.box), instance.source, *values]
