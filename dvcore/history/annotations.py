"""What changed in the annotations of one file: variables by name, instances by id.

Where the same annotations came in anew, without ids, no id says which instance is which: those that only one side has
are then matched by label and place (`dvcore.model.matching`), so that an edit is an edit, not one that went and one
that came.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from dvcore.history.diff import FileChange
from dvcore.ids import InstanceId
from dvcore.model.annotations import Instance
from dvcore.model.files import FileRecord
from dvcore.model.geometry import Bounds, bounds
from dvcore.model.matching import iou, match_instances
from dvcore.model.values import Value
from dvcore.repo.treereader import TreeReader

ValueChanges = Mapping[str, tuple[Value | None, Value | None]]
"""Old and new values by name; None: unset."""

_FIELDS: Final = ("id", "label", "geometry", "box", "source", "attributes")


@dataclass(frozen=True, slots=True)
class InstanceChange:
    """An instance before and after; None where it was not, or is no longer, there. Two that were matched without a
    common id have each its own."""

    old: Instance | None
    new: Instance | None

    @property
    def fields(self) -> tuple[str, ...]:
        """What differs: `id` (of two that were matched), `label`, `geometry`, `box` (one beside the geometry),
        `source`, `attributes`; nothing of one that came or went."""
        if self.old is None or self.new is None:
            return ()
        return tuple(name for name in _FIELDS if getattr(self.old, name) != getattr(self.new, name))

    @property
    def attributes(self) -> ValueChanges:
        """Those that differ."""
        old, new = (one.attributes if one else {} for one in (self.old, self.new))
        return _value_changes(old, new)

    def overlap(self) -> float:
        """Intersection over union of the bounds before and after; 0 of one that came or went.

        Raises InvalidInputError for a mask whose code is none.
        """
        sides = self._bounds()
        return 0.0 if sides is None else iou(*sides)

    def shift(self) -> tuple[float, float]:
        """By how many pixels the middle of the bounds moved to the right and down.

        Raises InvalidInputError for a mask whose code is none.
        """
        sides = self._bounds()
        if sides is None:
            return 0.0, 0.0
        (x, y), (to_x, to_y) = map(_middle, sides)
        return to_x - x, to_y - y

    def _bounds(self) -> tuple[Bounds, Bounds] | None:
        if self.old is None or self.new is None:
            return None
        return bounds(self.old.geometry), bounds(self.new.geometry)


@dataclass(frozen=True, slots=True)
class AnnotationChange:
    """Variables with their old and new values, and the instances that differ."""

    variables: ValueChanges
    instances: tuple[InstanceChange, ...]

    def counts(self) -> tuple[int, int, int]:
        """Instances added, removed, modified."""
        added = sum(one.old is None for one in self.instances)
        removed = sum(one.new is None for one in self.instances)
        return added, removed, len(self.instances) - added - removed


_NOTHING: Final = AnnotationChange({}, ())


def diff_annotations(before: TreeReader, after: TreeReader, change: FileChange) -> AnnotationChange:
    """Compare a file's annotations before and after a change; sets that are the same are not opened.

    Raises CorruptError, NeedsNewerError, and InvalidInputError for a mask whose code is none.
    """
    old, new = change.old, change.new
    if old and new and old.annotations == new.annotations and old.variables == new.variables:
        return _NOTHING
    old_values, old_instances = _said(before, old)
    new_values, new_instances = _said(after, new)
    return AnnotationChange(
        _value_changes(old_values, new_values), tuple(_iter_instance_changes(old_instances, new_instances))
    )


def _iter_instance_changes(
    old: Mapping[InstanceId, Instance], new: Mapping[InstanceId, Instance]
) -> Iterator[InstanceChange]:
    """In the order of the ids, of two ids that of the old one."""
    went, came = ([one for id_, one in side.items() if id_ not in other] for side, other in ((old, new), (new, old)))
    matched = {there.id: here for there, here in match_instances(went, came)}
    known = {one.id for one in matched.values()}
    for id_ in sorted((old.keys() | new.keys()) - known):
        change = InstanceChange(old.get(id_), matched.get(id_, new.get(id_)))
        if id_ in matched or change.old != change.new:
            yield change


def _value_changes(old: Mapping[str, Value], new: Mapping[str, Value]) -> ValueChanges:
    names = sorted(old.keys() | new.keys())
    return {name: (old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)}


def _middle(around: Bounds) -> tuple[float, float]:
    left, top, right, bottom = around
    return (left + right) / 2, (top + bottom) / 2


def _said(reader: TreeReader, record: FileRecord | None) -> tuple[dict[str, Value], dict[InstanceId, Instance]]:
    """Values in effect, and instances by id."""
    if record is None:
        return {}, {}
    annotations = reader.annotations(record)
    return {**record.variables, **annotations.variables}, {one.id: one for one in annotations.instances}
