"""What an example holds of its file beside image, labels and split: instances of its groups, values of its variables.

A manifest does not list these, so they are made out of the tree again, for some files only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dvcore.errors import CorruptError
from dvcore.ids import FileId, InstanceId
from dvcore.model.annotations import Instance
from dvcore.model.geometry import Box, Geometry
from dvcore.model.values import Value
from dvcore.query.stated import NOTHING, read_stated
from dvcore.repo.repository import Repository
from dvcore.snapshot.catalog.snapshots import Snapshot
from dvcore.snapshot.features.kinds import VARIABLE
from dvcore.snapshot.features.listing import features_of
from dvcore.snapshot.features.variables import VariableReader
from dvcore.snapshot.instances.classes import InstanceClasses


@dataclass(frozen=True, slots=True)
class HeldInstance:
    """An instance in a group of features, with the name of its class there."""

    group: str
    label: str
    instance: Instance

    @property
    def place(self) -> tuple[Geometry, Box | None]:
        """Where it is."""
        return self.instance.geometry, self.instance.box

    def is_like(self, other: "HeldInstance | None") -> bool:
        """Whether a model is told the same of both."""
        if other is None or (self.label, self.place) != (other.label, other.place):
            return False
        return self.instance.attributes == other.instance.attributes


@dataclass(frozen=True, slots=True)
class Held:
    """Instances by group and id, values by the names of the features that are variables."""

    instances: Mapping[tuple[str, InstanceId], HeldInstance] = field(default_factory=dict)
    variables: Mapping[str, Value | None] = field(default_factory=dict)


class HeldReader:
    """What the examples of these files hold; they are then to be asked for in the order of their ids."""

    def __init__(self, repository: Repository, snapshot: Snapshot, files: Iterable[FileId]) -> None:
        definition = snapshot.definition
        self._tree = repository.tree(snapshot.tree)
        self._features = [one for one in features_of(definition) if one.kind == VARIABLE]
        self._variables = VariableReader(self._tree, self._features)
        self._classes = InstanceClasses(repository, self._tree, definition, files, private_index=False)

    def held(self, file: FileId) -> Held:
        """What the example of a file holds.

        Raises CorruptError, NeedsNewerError, NotFoundError.
        """
        record = self._tree.record(file)
        if record.facts is None:
            raise CorruptError(f"the file {file.hex()} is in a snapshot and no image")
        stated = NOTHING
        if record.annotations is not None:
            stated = read_stated(self._tree.objects.read(record.annotations))
        values = self._variables.values(record, stated)
        objects = self._classes.objects(file, stated, record.facts.width, record.facts.height)
        instances = self._tree.annotations(record).instances
        return Held(
            {
                (group.name, instance.id): HeldInstance(group.name, group.classes[place].name, instance)
                for group, places in zip(self._classes.groups, objects, strict=True)
                for instance, place in zip(instances, places, strict=True)
                if place >= 0
            },
            {feature.name: value for feature, value in zip(self._features, values, strict=True)},
        )
