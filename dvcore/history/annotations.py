"""What changed in the annotations of one file: variables by name, instances by id."""

from dataclasses import dataclass
from typing import Final

from dvcore.history.diff import FileChange
from dvcore.ids import InstanceId
from dvcore.model.annotations import Instance
from dvcore.model.files import FileRecord
from dvcore.model.values import Value
from dvcore.repo.treereader import TreeReader


@dataclass(frozen=True, slots=True)
class InstanceChange:
    """An instance before and after; None where it was not, or is no longer, there."""

    old: Instance | None
    new: Instance | None


@dataclass(frozen=True, slots=True)
class AnnotationChange:
    """Variables with their old and new values (None: unset), and the instances that differ."""

    variables: dict[str, tuple[Value | None, Value | None]]
    instances: tuple[InstanceChange, ...]

    def counts(self) -> tuple[int, int, int]:
        """Instances added, removed, modified."""
        added = sum(one.old is None for one in self.instances)
        removed = sum(one.new is None for one in self.instances)
        return added, removed, len(self.instances) - added - removed


_NOTHING: Final = AnnotationChange({}, ())


def diff_annotations(before: TreeReader, after: TreeReader, change: FileChange) -> AnnotationChange:
    """Compare a file's annotations before and after a change; sets that are the same are not opened."""
    old, new = change.old, change.new
    if old and new and old.annotations == new.annotations and old.variables == new.variables:
        return _NOTHING
    old_values, old_instances = _said(before, old)
    new_values, new_instances = _said(after, new)
    return AnnotationChange(
        variables={
            name: (old_values.get(name), new_values.get(name))
            for name in sorted(old_values.keys() | new_values.keys())
            if old_values.get(name) != new_values.get(name)
        },
        instances=tuple(
            InstanceChange(old_instances.get(id_), new_instances.get(id_))
            for id_ in sorted(old_instances.keys() | new_instances.keys())
            if old_instances.get(id_) != new_instances.get(id_)
        ),
    )


def _said(reader: TreeReader, record: FileRecord | None) -> tuple[dict[str, Value], dict[InstanceId, Instance]]:
    """Values in effect, and instances by id."""
    if record is None:
        return {}, {}
    annotations = reader.annotations(record)
    return {**record.variables, **annotations.variables}, {one.id: one for one in annotations.instances}
