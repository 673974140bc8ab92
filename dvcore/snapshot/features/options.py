"""Features as options of the command line write them, and what giving and removing some makes of a list of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from dvcore.errors import InvalidInputError, NotFoundError, nearest_hint
from dvcore.model.definition import Feature, Label
from dvcore.snapshot.features.kinds import Classes, default_name, kind_of

_OPTION: Final = re.compile(r",(?=[a-z_]+=)")
"""What is before an option: a comma that none follows is part of a value."""


def parse_feature(text: str) -> Feature:
    """The feature that `KIND[:NAME][,OPTION=VALUE]…` gives, such as `image:thumb,downsample=both:64x64`.

    Raises InvalidInputError.
    """
    head, *parts = _OPTION.split(text)
    kind, _, name = head.partition(":")
    kind_of(kind)
    options: dict[str, str] = {}
    for part in parts:
        option, _, value = part.partition("=")
        if option in options:
            raise InvalidInputError(f"the feature {head!r} has the option {option!r} twice")
        options[option] = value
    return Feature(kind, name or default_name(kind, options), options=options)


def parse_class(text: str) -> tuple[str, Label]:
    """The name of a feature and the class that `FEATURE:NAME=EXPR` gives.

    Raises InvalidInputError.
    """
    feature, has_name, rest = text.partition(":")
    name, has_expression, where = rest.partition("=")
    if not (has_name and has_expression and feature.strip() and name.strip()):
        raise InvalidInputError(f"{text!r} is not FEATURE:NAME=EXPR", hint="such as image/object:nut=\"label = 'nut'\"")
    return feature.strip(), Label(name.strip(), where)


def change_features(
    features: Sequence[Feature], given: Sequence[Feature], removed: Sequence[str], classes: Sequence[tuple[str, Label]]
) -> tuple[Feature, ...]:
    """The features without the removed ones, with the given ones and the classes; `Options` says how.

    Raises NotFoundError, InvalidInputError.
    """
    present = {(one.kind, one.name): one for one in features}
    for text in removed:
        for key in _named(present, text):
            del present[key]
    _check_once(given)
    for one in given:
        before = present.get((one.kind, one.name), one)
        present[one.kind, one.name] = replace(one, classes=before.classes)
    for text, label in classes:
        for key in _named(present, text):
            present[key] = _with_class(present[key], label)
    return tuple(present.values())


def label_place(features: Sequence[Feature]) -> int | None:
    """Where the feature stands that the labels are of: the first whose classes are about images; None for none."""
    found = (index for index, one in enumerate(features) if kind_of(one.kind).classes is Classes.IMAGES)
    return next(found, None)


def _check_once(given: Sequence[Feature]) -> None:
    keys = [(one.kind, one.name) for one in given]
    twice = next((key for index, key in enumerate(keys) if key in keys[:index]), None)
    if twice is not None:
        raise InvalidInputError(
            f"the feature {twice[0]}:{twice[1]} is given twice", hint="give one of them another name"
        )


def _with_class(feature: Feature, label: Label) -> Feature:
    if kind_of(feature.kind).classes is Classes.NONE:
        raise InvalidInputError(f"the feature {feature.name!r} is of the kind {feature.kind!r}, which has no classes")
    wheres = {one.name: one.where for one in feature.classes} | {label.name: label.where}
    return replace(feature, classes=tuple(Label(name, where) for name, where in wheres.items()))


def _named(present: Mapping[tuple[str, str], Feature], text: str) -> list[tuple[str, str]]:
    """The features of a name, or the one of `kind:name`."""
    found = [(kind, name) for kind, name in present if text in (name, f"{kind}:{name}")]
    if not found:
        names = list(dict.fromkeys(name for _, name in present))
        hint = nearest_hint(text, names) or f"it has {', '.join(names) or 'none'}"
        raise NotFoundError(f"the project has no feature {text!r}", hint=hint)
    return found
