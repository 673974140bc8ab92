"""Which parts of an example a model gets, and which it should give: images go in, everything else is a target.

The same rule for TensorFlow and PyTorch, whose modules make tensors of the parts.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dvcore.errors import NotFoundError, nearest_hint
from dvcore.model.definition import Definition
from dvcore.snapshot.catalog.shapes import Shape, image_shape
from dvcore.snapshot.catalog.snapshots import Snapshot
from dvcore.snapshot.features.fields import Field, fields_of, fields_of_feature
from dvcore.snapshot.features.groups import Group, groups_of
from dvcore.snapshot.features.kinds import IMAGE, INDEX, KEYPOINTS, MULTIHOT, ONEHOT, SEMANTIC, VARIABLE
from dvcore.snapshot.features.listing import features_of, image_features, image_options, parse_points

CHANNELS: Final = "/channels"
"""Behind the name of an image of mixed colour: how many channels it has of its own, beside the image."""

_SUFFIXES: Final = {ONEHOT: "/onehot", MULTIHOT: "/multihot", INDEX: "/label", VARIABLE: ""}
"""Of the key that stands for a feature of this kind."""


@dataclass(frozen=True, slots=True)
class ImagePart:
    """An image feature. `is_mixed` where each image keeps one channel or three; `bits` are those of a sample."""

    name: str
    shape: Shape
    is_mixed: bool
    bits: int


@dataclass(frozen=True, slots=True)
class ValuePart:
    """A target that is the values of one field: a head, a variable, or any key that was asked for."""

    name: str
    field: Field


@dataclass(frozen=True, slots=True)
class PixelPart:
    """A target that is a semantic mask, of one channel."""

    name: str
    field: Field
    shape: Shape


@dataclass(frozen=True, slots=True)
class GroupPart:
    """A target that is the instances of a group; `shape` is that of the `image` that they follow."""

    name: str
    group: Group
    image: str
    shape: Shape

    @property
    def points(self) -> int:
        """How many keypoints each instance has: 0 without the feature."""
        options = (one.options["points"] for one in self.group.features if one.kind == KEYPOINTS)
        return sum(parse_points(text)[0] for text in options)


TargetPart = ValuePart | PixelPart | GroupPart
Part = ImagePart | TargetPart


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts wanted, and the keys that they need."""

    inputs: tuple[ImagePart, ...]
    targets: tuple[TargetPart, ...]
    fields: tuple[Field, ...]

    @property
    def has_lists(self) -> bool:
        """Whether a target has another number of values in another example."""
        return any(isinstance(one, GroupPart) or one.field.shape is None for one in self.targets)

    def arranged(self, values: Mapping[str, Any]) -> Any:
        """`(inputs, targets)` from the values by the names of the parts; a dictionary where there are several of a
        side, and no pair where one side is empty."""
        inputs = [name for part in self.inputs for name in (part.name, part.name + CHANNELS) if name in values]
        sides = [_side(names, values) for names in (inputs, [part.name for part in self.targets]) if names]
        return sides[0] if len(sides) == 1 else tuple(sides)


def parts_of(snapshot: Snapshot, wanted: Sequence[str] | None = None) -> Parts:
    """The parts of these names: of features, or of single keys. Without any, all images, heads, semantic masks and
    groups of instances.

    Raises NotFoundError for a name that is neither.
    """
    definition = snapshot.definition
    known = {part.name: part for part in _iter_parts(snapshot)}
    fields = fields_of(definition)
    by_key = {field.key: ValuePart(field.key, field) for field in fields}
    if wanted is None:
        variables = {feature.name for feature in definition.features if feature.kind == VARIABLE}
        chosen = [part for part in known.values() if part.name not in variables]
    else:
        _check_known(wanted, [*known, *by_key])
        chosen = [known.get(name) or by_key[name] for name in dict.fromkeys(wanted)]
    inputs = tuple(part for part in chosen if isinstance(part, ImagePart))
    targets = tuple(part for part in chosen if not isinstance(part, ImagePart))
    keys = {key for part in chosen for key in _keys(definition, part)}
    return Parts(inputs, targets, tuple(field for field in fields if field.key in keys))


def _iter_parts(snapshot: Snapshot) -> Iterator[Part]:
    definition = snapshot.definition
    for feature in features_of(definition):
        if feature.kind == IMAGE:
            options = image_options(definition, feature)
            shape, is_mixed = image_shape(snapshot, feature), options.color == "mixed"
            yield ImagePart(feature.name, shape, is_mixed, int(options.bit_depth))
        elif feature.kind in _SUFFIXES:
            key = feature.name + _SUFFIXES[feature.kind]
            fields = fields_of_feature(definition, feature)
            yield ValuePart(feature.name, next(field for field in fields if field.key == key))
    images = image_features(definition)
    for group in groups_of(definition):
        image = images[group.image]
        height, width, _ = image_shape(snapshot, image)
        if group.kinds == {SEMANTIC}:
            fields = fields_of_feature(definition, group.features[0])
            yield PixelPart(group.name, next(field for field in fields if field.is_image), (height, width, 1))
        else:
            yield GroupPart(group.name, group, image.name, (height, width, 1))


def _check_known(wanted: Sequence[str], known: Collection[str]) -> None:
    for name in wanted:
        if name not in known:
            hint = nearest_hint(name, known) or f"it has {', '.join(dict.fromkeys(known))}"
            raise NotFoundError(f"the snapshot has no feature {name!r}", hint=hint)


def _keys(definition: Definition, part: Part) -> Iterator[str]:
    match part:
        case ImagePart(name):
            yield f"{name}/encoded"
        case ValuePart(_, field) | PixelPart(_, field):
            yield field.key
        case GroupPart(_, group, image):
            yield from (f"{image}/height", f"{image}/width")
            for feature in group.features:
                yield from (field.key for field in fields_of_feature(definition, feature))


def _side(names: Sequence[str], values: Mapping[str, Any]) -> Any:
    return values[names[0]] if len(names) == 1 else {name: values[name] for name in names}
