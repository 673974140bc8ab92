"""What the examples of a definition hold: its features, what keys they give, and whether they fit together.

Pure: nothing here looks at a tree. Whether the expressions of classes and the names of variables mean anything is held
against one by `check_expressions` of the definition, and by the plan.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Final

from dvcore.errors import InvalidInputError, nearest_hint
from dvcore.image.pipeline import Pipeline, parse_pipeline
from dvcore.model.annotation_names import check_label_name
from dvcore.model.definition import Definition, Feature, ImageOptions
from dvcore.model.names import format_path, parse_path
from dvcore.snapshot.features.faulty_part import Naming, in_part, spoken
from dvcore.snapshot.features.kinds import (
    CHANNELS_KEY,
    FILE,
    IMAGE,
    IMAGE_OPTIONS,
    KINDS,
    MULTIHOT,
    ONEHOT,
    SEMANTIC,
    VARIABLE,
    Classes,
    default_name,
    kind_of,
)

KEEP_EMPTY: Final = "keep"
DROP_EMPTY: Final = "drop"
STOP: Final = "stop"
FIRST: Final = "first"
POINTS_SEPARATOR: Final = "|"
VARIABLE_TYPES: Final = ("int", "float", "bytes")
MAX_SEMANTIC: Final = 255
"""Classes that 8 bits tell apart, 0 being the background."""
MAX_POINTS: Final = 1_000

_CHOICES: Final = {"overlap": (STOP, FIRST), "empty": (KEEP_EMPTY, DROP_EMPTY), "type": VARIABLE_TYPES}


@dataclass(frozen=True, slots=True)
class Column:
    """A label of a class feature, or a class of instances, by the names of both."""

    feature: str
    label: str


@dataclass(frozen=True, slots=True)
class Head:
    """A class feature. `first` is the column of its first label; `overlap` says what happens to an image of two labels
    (`stop` or `first`), None where an image may have several, or none."""

    feature: Feature
    first: int
    overlap: str | None

    @property
    def columns(self) -> range:
        """Of its labels."""
        return range(self.first, self.first + len(self.feature.classes))


def features_of(definition: Definition) -> tuple[Feature, ...]:
    """All features of the examples. Labels alone stand for image, file and one-hot; no labels for image and file."""
    if definition.features:
        return definition.features
    plain = (Feature(IMAGE, KINDS[IMAGE].name), Feature(FILE, KINDS[FILE].name))
    return (*plain, Feature(ONEHOT, KINDS[ONEHOT].name, definition.labels)) if definition.labels else plain


def heads_of(definition: Definition) -> tuple[Head, ...]:
    """The class features, in their order."""
    heads: list[Head] = []
    first = 0
    for feature in features_of(definition):
        if kind_of(feature.kind).classes is Classes.IMAGES:
            overlap = None if feature.kind == MULTIHOT else feature.options.get("overlap", definition.overlap)
            heads.append(Head(feature, first, overlap))
            first += len(feature.classes)
    return tuple(heads)


def columns_of(definition: Definition) -> tuple[Column, ...]:
    """The labels of all class features, one feature after the other. Indices of labels count in this list."""
    return tuple(Column(head.feature.name, one.name) for head in heads_of(definition) for one in head.feature.classes)


def image_features(definition: Definition) -> tuple[Feature, ...]:
    """The features that are images, in their order."""
    return tuple(feature for feature in features_of(definition) if feature.kind == IMAGE)


def image_options(definition: Definition, feature: Feature) -> ImageOptions:
    """What is done to the images of an image feature: its own options over the project's."""
    own = {name: value for name, value in feature.options.items() if name in IMAGE_OPTIONS}
    return replace(definition.image, **own)


def pipelines_of(definition: Definition) -> tuple[Pipeline, ...]:
    """One for each image feature, in their order.

    Raises InvalidInputError.
    """
    return tuple(pipeline_of(image_options(definition, feature)) for feature in image_features(definition))


def pipeline_of(image: ImageOptions) -> Pipeline:
    """What image options do to images.

    Raises InvalidInputError.
    """
    return parse_pipeline(**{field.name: getattr(image, field.name) for field in fields(image)})


def keys_of(definition: Definition, feature: Feature) -> tuple[str, ...]:
    """The keys that a feature gives to every example, without those that come with other versions of the same kind."""
    keys = kind_of(feature.kind).keys
    if definition.features and feature.kind == IMAGE and image_options(definition, feature).color == "mixed":
        keys = (*keys, CHANNELS_KEY)
    return tuple(feature.name + key for key in keys)


def parse_points(text: str) -> tuple[int, tuple[str, ...]]:
    """How many keypoints an instance has, and their names, of which there are none where the text is a number.

    Raises InvalidInputError.
    """
    is_number = re.fullmatch("[0-9]{1,4}", text)
    names = () if is_number else tuple(check_label_name(name) for name in text.split(POINTS_SEPARATOR))
    number = int(text) if is_number else len(names)
    if not 1 <= number <= MAX_POINTS or len(set(names)) < len(names):
        raise InvalidInputError(
            f"{text!r} names no keypoints",
            hint=f"give their names with '{POINTS_SEPARATOR}' between, or how many each instance has (1-{MAX_POINTS})",
        )
    return number, names


def check_features(definition: Definition, naming: Naming = spoken) -> None:
    """Whether the features are sound in themselves and fit together.

    Raises InvalidInputError naming the feature.
    """
    if definition.features and definition.labels:
        raise InvalidInputError(
            "labels are those of a project without features",
            hint="give the labels to a class feature, or leave out the features",
        )
    for index, feature in enumerate(definition.features):
        with in_part(naming("features", index, feature.name)):
            _check_feature(definition, feature)
    if definition.features and not image_features(definition):
        raise InvalidInputError("none of the features is an image", hint=f"add one of the kind {IMAGE!r}")
    _check_groups(definition, naming)
    _check_keys(definition, naming)
    _check_names(definition, naming)


def _check_feature(definition: Definition, feature: Feature) -> None:
    kind = kind_of(feature.kind)
    if not feature.name or format_path(parse_path(feature.name)) != feature.name:
        raise InvalidInputError("its name is none", hint=f"such as {default_name(feature.kind, feature.options)!r}")
    for option, value in feature.options.items():
        if option not in kind.options:
            known = f"its options are {', '.join(kind.options)}" if kind.options else "it has none"
            raise InvalidInputError(
                f"{feature.kind} has no option {option!r}", hint=nearest_hint(option, kind.options) or known
            )
        if option in _CHOICES and value not in _CHOICES[option]:
            raise InvalidInputError(f"{value!r} is no {option}", hint=f"choose {' or '.join(_CHOICES[option])}")
    _check_options(definition, feature)
    _check_classes(feature, kind.classes)


def _check_options(definition: Definition, feature: Feature) -> None:
    if feature.kind == IMAGE:
        pipeline_of(image_options(definition, feature))
    if "points" in feature.options:
        parse_points(feature.options["points"])
    if feature.kind == VARIABLE and not feature.options.get("variable"):
        raise InvalidInputError("it names no variable", hint="give it the option variable=NAME")
    if "image" in feature.options:
        images = [one.name for one in image_features(definition)]
        wanted = feature.options["image"]
        if wanted not in images:
            hint = nearest_hint(wanted, images) or f"the images are {', '.join(images) or 'none'}"
            raise InvalidInputError(f"it follows the image {wanted!r}, which there is not", hint=hint)


def _check_classes(feature: Feature, classes: Classes) -> None:
    names = [label.name for label in feature.classes]
    for name in names:
        if check_label_name(name) != name:
            raise InvalidInputError(f"the class {name!r} is not in normal form C")
    twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
    if twice is not None:
        raise InvalidInputError(f"the class {twice!r} is given twice")
    if names and classes is Classes.NONE:
        raise InvalidInputError(f"{feature.kind} has no classes", hint="leave them out")
    if not names and classes is Classes.IMAGES:
        raise InvalidInputError("it has no classes", hint="give each a name and an expression")
    if feature.kind == SEMANTIC and len(names) > MAX_SEMANTIC:
        raise InvalidInputError(f"it has {len(names)} classes, and an 8-bit image tells {MAX_SEMANTIC} apart")


def _check_groups(definition: Definition, naming: Naming) -> None:
    """Features of instances under one name are lists of the same instances."""
    firsts: dict[str, Feature] = {}
    for index, feature in enumerate(definition.features):
        if kind_of(feature.kind).classes is not Classes.INSTANCES:
            continue
        first = firsts.setdefault(feature.name, feature)
        same = [feature.options.get(name) == first.options.get(name) for name in ("image", "empty")]
        if not all(same) or feature.classes != first.classes:
            with in_part(naming("features", index, feature.name)):
                raise InvalidInputError(
                    f"{feature.kind} has other classes or options than {first.kind}, which has the same name",
                    hint="give them the same, or one of them another name",
                )


def _check_keys(definition: Definition, naming: Naming) -> None:
    owners: dict[str, int] = {}
    for index, feature in enumerate(definition.features):
        for key in keys_of(definition, feature):
            owner = definition.features[owners.setdefault(key, index)]
            if owners[key] != index and (owner.kind == feature.kind or not _are_grouped(owner, feature)):
                with in_part(naming("features", index, feature.name)):
                    raise InvalidInputError(
                        f"{feature.kind} gives the key {key!r}, as {owner.kind} {owner.name!r} does",
                        hint="give one of them another name",
                    )


def _check_names(definition: Definition, naming: Naming) -> None:
    """Readers ask for features by their names, and files of classes are called after them, with `.` for `/`."""
    owners: dict[str, int] = {}
    for index, feature in enumerate(definition.features):
        if feature.kind == FILE:  # its keys are asked for one by one
            continue
        place = owners.setdefault(feature.name.replace("/", "."), index)
        owner = definition.features[place]
        if place != index and not _are_grouped(owner, feature):
            with in_part(naming("features", index, feature.name)):
                raise InvalidInputError(
                    f"{feature.kind} has the name of the {owner.kind} {owner.name!r}",
                    hint="give one of them another name",
                )


def _are_grouped(one: Feature, other: Feature) -> bool:
    return one.name == other.name and len(list(_instance_features((one, other)))) == 2


def _instance_features(features: Iterable[Feature]) -> Iterable[Feature]:
    return (feature for feature in features if kind_of(feature.kind).classes is Classes.INSTANCES)
