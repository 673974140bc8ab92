"""What every feature is made of, and what making one means."""

from collections.abc import Callable
from dataclasses import dataclass

from dvcore.image.render import Rendered
from dvcore.model.annotations import Instance
from dvcore.snapshot.planning.plan import Planned
from dvcore.tfrecord.example import Features


@dataclass(frozen=True, slots=True)
class Source:
    """One example: its plan, its rendered images in the order of the image features, and the instances of its
    annotation set in the order of their ids (none where no feature is made of them)."""

    planned: Planned
    images: tuple[Rendered, ...]
    instances: tuple[Instance, ...] = ()


Maker = Callable[[Source], Features]
"""Makes some keys of an example."""
