"""What a format cannot hold of what is exported: counted by kind, so that nothing goes in silence."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from dvcore.model.annotations import Instance
from dvcore.model.clipping import clip_box
from dvcore.model.conversions import find_box
from dvcore.model.files import ImageFacts
from dvcore.model.geometry import KINDS, Box
from dvcore.model.values import Value


@dataclass(slots=True)
class Losses:
    """`files` and `instances` are left out, by reason, `labels` the labels of the latter; `converted` counts instances
    that became something else, `lost` what was left away of files and instances that are there."""

    files: Counter[str] = field(default_factory=Counter)
    instances: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    converted: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)

    def drop(self, instance: Instance, reason: str = "") -> None:
        """An instance is left out: because of its kind of geometry, unless a reason is given."""
        self.instances[reason or kind_of(instance)] += 1
        self.labels[instance.label] += 1

    def convert(self, instance: Instance, to: str) -> None:
        """An instance has become a geometry of another kind."""
        self.converted[f"{kind_of(instance)} as {to}"] += 1

    def lose(self, what: str) -> None:
        """Something of a file or an instance is left away."""
        self.lost[what] += 1

    def lose_box(self, instance: Instance) -> None:
        """The box that an instance has beside its geometry, if it has one."""
        if instance.box is not None:
            self.lost[f"box beside a {kind_of(instance)}"] += 1

    def lose_attributes(self, attributes: Mapping[str, Value], kept: Collection[str] = ()) -> None:
        """All attributes of an instance but some."""
        for name in attributes:
            if name not in kept:
                self.lost[f"attribute {name}"] += 1

    def flag(self, attributes: Mapping[str, Value], name: str) -> bool:
        """What a format that knows only yes and no says of an attribute; a degree above 0 is yes."""
        value = attributes.get(name, False)
        if isinstance(value, str):
            self.lost[f"attribute {name}"] += 1
            return False
        if not isinstance(value, bool):
            self.converted[f"attribute {name} as yes or no"] += 1
        return value > 0

    def box(self, instance: Instance, facts: ImageFacts) -> Box | None:
        """What stands for an instance in a format that knows only boxes: its box, if it has one, or the box around it.
        A point and a line have none: they are left out."""
        around = find_own_box(instance, facts)
        if around is None:
            self.drop(instance)
        elif not isinstance(instance.geometry, Box):
            self.convert(instance, "box")
        return around


def find_own_box(instance: Instance, facts: ImageFacts) -> Box | None:
    """The box that its source gave, or the one around its geometry, cut off at the edges of the image, over which a
    rotated box may reach; None where that has none."""
    if instance.box is not None:
        return instance.box
    around = find_box(instance.geometry)
    return None if around is None else clip_box(around, facts.width, facts.height)


def kind_of(instance: Instance) -> str:
    """Its kind of geometry, for people."""
    return KINDS[type(instance.geometry)].replace("_", " ")
