"""Definitions that are consistent: in themselves (`checked`) and with a tree (`check_fits`).

What is wrong is named with the part of the definition that it is in: see `dvcore.snapshot.features.faulty_part`.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar
from unicodedata import normalize

from dvcore.errors import InvalidInputError
from dvcore.model.annotation_names import check_label_name
from dvcore.model.definition import Definition, Feature, Label, Split
from dvcore.model.names import format_path, parse_path
from dvcore.model.tree import Tree
from dvcore.query import check_expression, check_instance_expression
from dvcore.repo.treereader import TreeReader
from dvcore.snapshot.features.faulty_part import Naming, in_part, spoken
from dvcore.snapshot.features.kinds import Classes, kind_of
from dvcore.snapshot.features.listing import check_features, pipeline_of
from dvcore.snapshot.features.settling import settle
from dvcore.snapshot.splits.assigning import check_splits
from dvcore.snapshot.splits.numbers import check_total, format_ratio, parse_ratio

MAX_SHARDS: Final = 100_000
"""The names of shards have five digits."""
OVERLAPS: Final = ("stop", "first")
LEAKS: Final = ("stop", "warn")
ALL_SPLITS: Final = "all"
"""Reserved by TensorFlow Datasets (`tfds.Split.ALL`): it cannot read a dataset that has a split of this name."""

Part = TypeVar("Part", Label, Split, Feature)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def checked(definition: Definition, naming: Naming = spoken) -> Definition:
    """The definition in normal form: paths and names normalised, ratios in their shortest form.

    Raises InvalidInputError where it contradicts itself.
    """
    pipeline_of(definition.image)
    _check_choice("overlap", definition.overlap, OVERLAPS)
    _check_choice("leak", definition.leak, LEAKS)
    splits = _checked_named(definition.splits, "splits", naming, _checked_split)
    check_total(splits)
    result = replace(
        definition,
        where=None if definition.where is None else _normal(definition.where),
        group_by=None if definition.group_by is None else _normal(definition.group_by),
        directories=tuple(dict.fromkeys(format_path(parse_path(one)) for one in definition.directories)),
        splits=splits,
        labels=_checked_named(definition.labels, "labels", naming, _checked_label),
        features=_checked_each(definition.features, "features", naming, partial(_checked_feature, naming)),
        label_bounds=definition.label_bounds if any(definition.label_bounds) else (),
    )
    check_features(result, naming)
    check_splits(result)
    return result


def check_fits(tree: TreeReader, definition: Definition, naming: Naming = spoken) -> None:
    """Whether a tree has what the definition names.

    Raises NotFoundError for a directory or a variable, ExpressionError for the first expression that the tree's
    variables and labels do not allow, InvalidInputError for a feature that cannot be made of what is declared.
    """
    with in_part("directories"):
        for directory in definition.directories:
            tree.directory(parse_path(directory))
    if definition.where is not None:
        with in_part("where"):
            check_expression(tree.tree, definition.where)
    if definition.group_by is not None:
        with in_part("group_by"):
            tree.variable(definition.group_by)
    for parts, table in ((definition.labels, "labels"), (definition.splits, "splits")):
        _check_expressions(tree.tree, parts, table, naming, check_expression)
    for index, feature in enumerate(settle(definition, tree, naming).features):
        with in_part(naming("features", index, feature.name)):
            of_instances = kind_of(feature.kind).classes is Classes.INSTANCES
            check = check_instance_expression if of_instances else check_expression
            _check_expressions(tree.tree, feature.classes, "features.classes", naming, check)


def check_project_name(name: str) -> str:
    """The name, if it can be a project's: it is part of file names and is typed in shells.

    Raises InvalidInputError.
    """
    return _check_short_name("project", name)


def _checked_each(parts: Iterable[Part], table: str, naming: Naming, check: Callable[[Part], Part]) -> tuple[Part, ...]:
    result: list[Part] = []
    for index, part in enumerate(parts):
        with in_part(naming(table, index, part.name)):
            result.append(check(part))
    return tuple(result)


def _checked_named(
    parts: Iterable[Part], table: str, naming: Naming, check: Callable[[Part], Part]
) -> tuple[Part, ...]:
    """The same for parts that have a name each."""
    seen: set[str] = set()

    def check_once(part: Part) -> Part:
        result = check(part)
        if result.name in seen:
            raise InvalidInputError("the name is given twice")
        seen.add(result.name)
        return result

    return _checked_each(parts, table, naming, check_once)


def _checked_split(split: Split) -> Split:
    ratio = parse_ratio(split.ratio)
    if not ratio and split.where is None:
        raise InvalidInputError("it takes nothing", hint="give it a ratio above 0, or a filter with --split-where")
    if split.shards is not None and not 1 <= split.shards < MAX_SHARDS:
        raise InvalidInputError(f"it cannot have {split.shards} shards", hint=f"give 1 to {MAX_SHARDS - 1:,}")
    where = None if split.where is None else _normal(split.where)
    return replace(split, name=_check_split_name(split.name), ratio=format_ratio(ratio), where=where)


def _checked_label(label: Label) -> Label:
    return Label(check_label_name(label.name), _normal(label.where))


def _checked_feature(naming: Naming, feature: Feature) -> Feature:
    """Its texts in normal form; what its kind and its options allow is a matter of all features together."""
    classes = _checked_named(feature.classes, "features.classes", naming, _checked_label)
    options = {name: _normal(value) for name, value in feature.options.items()}
    return Feature(feature.kind, _normal(feature.name), classes, options)


def _normal(text: str) -> str:
    """What is stored is in Unicode's normal form C; what people type need not be."""
    return normalize("NFC", text)


def _check_expressions(
    tree: Tree, parts: Iterable[Label | Split], table: str, naming: Naming, check: Callable[[Tree, str], None]
) -> None:
    for index, part in enumerate(parts):
        if part.where is not None:
            with in_part(naming(table, index, part.name)):
                check(tree, part.where)


def _check_split_name(name: str) -> str:
    if name == ALL_SPLITS:
        raise InvalidInputError(
            f"{name!r} is no name for a split: TensorFlow Datasets means all splits together by it",
            hint="choose another, such as 'train'",
        )
    return _check_short_name("split", name)


def _check_short_name(what: str, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InvalidInputError(
            f"{name!r} is no name for a {what}",
            hint="use lower-case letters a-z, digits, '_' and '-', at most 63, the first a letter or digit",
        )
    return name


def _check_choice(what: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InvalidInputError(f"{value!r} is no {what}", hint=f"choose {' or '.join(choices)}")
