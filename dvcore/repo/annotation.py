"""What annotating changes, and what that makes of the annotation set of one file."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dvcore.encoding import encode
from dvcore.errors import InvalidInputError
from dvcore.ids import FileId, InstanceId
from dvcore.model.annotations import AnnotationSet, Entered, Instance, derive_instances
from dvcore.model.values import Value
from dvcore.repo.additions import pack_entered


@dataclass(frozen=True, slots=True)
class GivenInstance:
    """An instance as a person or a script gives it: `id` where it stands for one that the file has already."""

    entered: Entered
    id: InstanceId | None = None


@dataclass(frozen=True, slots=True)
class Annotation:
    """What to change.

    Variables are set, a text being read as their declarations say, and unset. `instances` replace all that a file has,
    None leaving them, an empty sequence clearing them. Or those that are there change: some are removed, by id or by
    label, others get another label (all at once, so that two labels can change places), and then some are added: what
    the file has already is not added again, and one with an id takes the place of the instance that has it. `done`
    marks the file as annotated.
    """

    set: Mapping[str, Value] = field(default_factory=dict)
    unset: Sequence[str] = ()
    instances: Sequence[GivenInstance] | None = None
    done: bool = False
    add: Sequence[GivenInstance] = ()
    relabel: Mapping[str, str] = field(default_factory=dict)
    remove_labels: Collection[str] = ()
    remove: Collection[InstanceId] = ()

    def check(self) -> None:
        """Raises InvalidInputError where it contradicts itself."""
        both = self.set.keys() & set(self.unset)
        if both:
            raise InvalidInputError(f"{min(both)!r} is both set and unset", hint="choose one")
        lost = self.relabel.keys() & set(self.remove_labels)
        if lost:
            raise InvalidInputError(f"the label {min(lost)!r} is both removed and given another name")
        if self.instances is not None and self._changes_instances:
            raise InvalidInputError("instances are both replaced and changed", hint="choose one")

    @property
    def concerns_instances(self) -> bool:
        """Whether it may change instances."""
        return self.instances is not None or self._changes_instances

    @property
    def _changes_instances(self) -> bool:
        return bool(self.add or self.relabel or self.remove_labels or self.remove)

    @property
    def given(self) -> Sequence[GivenInstance]:
        """The instances that come in."""
        return self.add if self.instances is None else self.instances


@dataclass(slots=True)
class InstanceCounts:
    """Instances that came, went, and became different under their id."""

    added: int = 0
    removed: int = 0
    changed: int = 0

    def count(self, before: Sequence[Instance], after: Sequence[Instance]) -> None:
        """Add what happened to one file."""
        old, new = ({one.id: one for one in instances} for instances in (before, after))
        self.added += len(new.keys() - old.keys())
        self.removed += len(old.keys() - new.keys())
        self.changed += sum(old[id_] != new[id_] for id_ in old.keys() & new.keys())


def annotated(
    file: FileId, before: AnnotationSet, annotation: Annotation, values: Mapping[str, Value]
) -> AnnotationSet:
    """The set that comes of another one; `values` are those that are set, read and checked.

    Raises InvalidInputError for ids of instances that the file does not have.
    """
    kept = {name: value for name, value in {**before.variables, **values}.items() if name not in annotation.unset}
    after = AnnotationSet(kept, before.instances)
    if not annotation.concerns_instances:
        return after
    return after.with_instances(_instances(file, before.instances, annotation))


def _instances(file: FileId, before: Sequence[Instance], annotation: Annotation) -> Iterable[Instance]:
    _check_ids(before, annotation)
    if annotation.instances is not None:
        return _replaced(file, annotation.instances)
    kept = [_relabelled(one, annotation.relabel) for one in before if not _is_removed(one, annotation)]
    return _with_added(file, kept, annotation.add) if annotation.add else kept


def _replaced(file: FileId, given: Sequence[GivenInstance]) -> list[Instance]:
    """Instances with an id keep it; the others get derived ones, passing over ids that are taken."""
    named = [_with_id(one.id, one.entered) for one in given if one.id is not None]
    fresh = [one.entered for one in given if one.id is None]
    return [*named, *derive_instances(file, fresh, {one.id for one in named})]


def _with_added(file: FileId, present: Sequence[Instance], added: Sequence[GivenInstance]) -> list[Instance]:
    """One that is replaced does not count as there: an added one like it would be lost."""
    named = {one.id: _with_id(one.id, one.entered) for one in added if one.id is not None}
    staying = [one for one in present if one.id not in named]
    fresh = _not_there(staying, [one.entered for one in added if one.id is None])
    after = [*staying, *named.values()]
    return [*after, *derive_instances(file, fresh, {one.id for one in after})]


def _not_there(present: Sequence[Instance], entered: Sequence[Entered]) -> list[Entered]:
    """Those that the file does not have; where it has one of two equal ones, the other."""
    there = Counter(_content(_entered(one)) for one in present)
    missing = []
    for one in entered:
        content = _content(one)
        if there[content] > 0:
            there[content] -= 1
        else:
            missing.append(one)
    return missing


def _check_ids(before: Sequence[Instance], annotation: Annotation) -> None:
    ids = [one.id for one in annotation.given if one.id is not None]
    if len(set(ids)) < len(ids):
        raise InvalidInputError("an instance id is given twice")
    there = {one.id for one in before}
    if unknown := set(ids) - there:
        raise InvalidInputError(
            f"the file has no instance {min(unknown).hex()}", hint="leave the id out for a new instance"
        )
    if unknown := set(annotation.remove) - there:
        raise InvalidInputError(f"the file has no instance {min(unknown).hex()} that could be removed")


def _is_removed(instance: Instance, annotation: Annotation) -> bool:
    return instance.label in annotation.remove_labels or instance.id in annotation.remove


def _relabelled(instance: Instance, labels: Mapping[str, str]) -> Instance:
    label = labels.get(instance.label)
    return instance if label is None else replace(instance, label=label)


def _content(entered: Entered) -> bytes:
    return encode(pack_entered(entered))


def _entered(one: Instance) -> Entered:
    return Entered(one.label, one.geometry, one.box, one.source, one.attributes)


def _with_id(id_: InstanceId, entered: Entered) -> Instance:
    return Instance(id_, entered.label, entered.geometry, entered.box, entered.source, entered.attributes)
