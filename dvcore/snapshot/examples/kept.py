"""An instance that is in an example."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dvcore.model.annotations import Instance
from dvcore.model.definition import Feature
from dvcore.snapshot.instances.views import View
from dvcore.tfrecord.example import Features


@dataclass(frozen=True, slots=True)
class Kept:
    """An instance, and which of its group's classes it has, from 0."""

    instance: Instance
    class_index: int


InstanceMaker = Callable[[Feature, Sequence[Kept], View], Features]
"""Makes the keys of a feature of its instances, in their order."""
