"""Which class each instance of a file has in each group, and why some instances are in none.

Instances are looked at one file at a time; what stays of them is one small number each.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from dvcore.ids import FileId, InstanceId
from dvcore.model.definition import Definition
from dvcore.model.geometry import Box
from dvcore.query import InstanceOutcomes, evaluate_instances
from dvcore.query.stated import Stated, StatedInstance
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader
from dvcore.snapshot.features.groups import Group, groups_of
from dvcore.snapshot.features.listing import pipelines_of
from dvcore.snapshot.instances.views import View, can_hold, is_seen, view_of

NO_CLASS: Final = "of no class"
NO_GEOMETRY: Final = "of a geometry that the features cannot hold"
NOT_SEEN: Final = "outside the crop"

Objects = tuple[tuple[int, ...], ...]
"""For each group the class of every instance of a file, in the order of the instances' ids; -1 for one left out."""

_NONE: Final[InstanceOutcomes] = {}


class InstanceClasses:
    """The classes of the instances of `files`, which are then to be asked for in the order of their ids. `left_out`
    counts the instances that are in no example, by group and reason.

    Raises ExpressionError for a wrong expression of a class.
    """

    def __init__(
        self,
        repository: Repository,
        tree: TreeReader,
        definition: Definition,
        files: Iterable[FileId],
        *,
        private_index: bool,
    ) -> None:
        self.groups = groups_of(definition)
        self.left_out: Mapping[str, Counter[str]] = {group.name: Counter() for group in self.groups}
        pipelines = pipelines_of(definition)
        self._downsamplings = [pipelines[group.image].downsampling for group in self.groups]
        expressions = [one.where for group in self.groups for one in group.classes]
        outcomes = (
            evaluate_instances(
                repository, tree, expressions=expressions, files=list(files), private_index=private_index
            )
            if expressions
            else iter(())
        )
        self._outcomes = outcomes
        self._next: tuple[FileId, InstanceOutcomes] | None = next(outcomes, None)
        self._seen: dict[Objects, Objects] = {}

    def objects(self, file: FileId, stated: Stated, width: int, height: int) -> Objects:
        """The classes of a file's instances; the image is of this size as displayed."""
        outcomes = self._outcomes_of(file)
        objects = []
        first = 0
        for group, downsampling in zip(self.groups, self._downsamplings, strict=True):
            view = view_of(downsampling, width, height)
            last = first + len(group.classes)
            objects.append(
                tuple(
                    self._class_of(one, outcomes.get(InstanceId(one[0]), ())[first:last], group, view)
                    for one in stated.instances
                )
            )
            first = last
        found = tuple(objects)
        return self._seen.setdefault(found, found)  # many files have the same few classes

    def _class_of(self, one: StatedInstance, values: Sequence[bool | None], group: Group, view: View) -> int:
        box = Box(*one[3:7])
        place = next((index for index, value in enumerate(values) if value), None)
        if place is None:
            reason = NO_CLASS
        elif not can_hold(group.kinds, one[2], box):
            reason = NO_GEOMETRY
        elif not is_seen(view, box):
            reason = NOT_SEEN
        else:
            return place
        self.left_out[group.name][reason] += 1
        return -1

    def _outcomes_of(self, file: FileId) -> InstanceOutcomes:
        while self._next is not None and self._next[0] < file:
            self._next = next(self._outcomes, None)
        return self._next[1] if self._next is not None and self._next[0] == file else _NONE
