"""Groups of instances, and what a snapshot counts.

Features of instances under one name are a group: they have the same classes, follow the same image, and their lists run
over the same instances.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from dvcore.model.definition import Definition, Feature, Label
from dvcore.snapshot.features.kinds import Classes, kind_of
from dvcore.snapshot.features.listing import DROP_EMPTY, Column, columns_of, features_of, image_features


@dataclass(frozen=True, slots=True)
class Group:
    """Features of instances under one name. `image` is the place, among the image features, of the one that they
    follow; with `drops_empty`, images without instances are left out."""

    name: str
    features: tuple[Feature, ...]
    classes: tuple[Label, ...]
    image: int
    drops_empty: bool

    @property
    def kinds(self) -> frozenset[str]:
        """Of its features."""
        return frozenset(feature.kind for feature in self.features)


def groups_of(definition: Definition) -> tuple[Group, ...]:
    """The groups of instances, in the order of the first feature of each."""
    by_name: dict[str, list[Feature]] = {}
    for feature in features_of(definition):
        if kind_of(feature.kind).classes is Classes.INSTANCES:
            by_name.setdefault(feature.name, []).append(feature)
    return tuple(_group(definition, name, features) for name, features in by_name.items())


def counted_columns(definition: Definition) -> tuple[Column, ...]:
    """What a snapshot counts in each split: the examples of each column, then the instances of each class of each
    group."""
    instances = (Column(group.name, one.name) for group in groups_of(definition) for one in group.classes)
    return (*columns_of(definition), *instances)


def column_titles(columns: Iterable[Column]) -> tuple[str, ...]:
    """A text for each column, all different: the label's name, behind the feature's where there are several."""
    listed = tuple(columns)
    is_one = len({column.feature for column in listed}) < 2
    return tuple(column.label if is_one else f"{column.feature}: {column.label}" for column in listed)


def _group(definition: Definition, name: str, features: list[Feature]) -> Group:
    first = features[0]
    images = [feature.name for feature in image_features(definition)]
    image = images.index(first.options["image"]) if "image" in first.options else 0
    return Group(name, tuple(features), first.classes, image, first.options.get("empty") == DROP_EMPTY)
