"""Definitions from what people write: options of the command line, a TOML file, or both.

A definition that leaves here is consistent in itself; `check_expressions` holds it against a tree.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

from dvcore.errors import ExistsError, InvalidInputError, NotFoundError, nearest_hint
from dvcore.image.pipeline import Pipeline, parse_pipeline
from dvcore.model.annotation_names import check_label_name
from dvcore.model.definition import Definition, ImageOptions, Label, Split
from dvcore.model.names import format_path, parse_path
from dvcore.model.tree import Tree
from dvcore.query import check_expression
from dvcore.snapshot.splits import check_total, format_ratio, parse_ratio

MAX_SHARDS: Final = 100_000
"""The names of shards have five digits."""
OVERLAPS: Final = ("stop", "first")
LEAKS: Final = ("stop", "warn")
ALL_SPLITS: Final = "all"
"""Reserved by TensorFlow Datasets (`tfds.Split.ALL`): it cannot read a dataset that has a split of this name."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True)
class Options:
    """What is to be different from a definition; None and empty leave it as it is. `splits` (name -> ratio) replace all
    there are, keeping filters and shards of those of the same name; `labels` replace those of their names or are added
    behind; `duplicate_labels` is new name -> existing one; `shards` is for every split."""

    directories: Sequence[str] | None = None
    where: str | None = None
    labels: Mapping[str, str] | None = None
    remove_labels: Sequence[str] = ()
    duplicate_labels: Mapping[str, str] | None = None
    splits: Mapping[str, str] | None = None
    split_filters: Mapping[str, str] | None = None
    shards: int | None = None
    color: str | None = None
    downsample: str | None = None
    interpolation: str | None = None
    encoding: str | None = None
    background: str | None = None
    overlap: str | None = None
    leak: str | None = None


def apply_options(definition: Definition, options: Options) -> Definition:
    """The definition with the options; `Definition()` is what a new project begins with.

    Raises InvalidInputError, NotFoundError, ExistsError.
    """
    changed = replace(
        definition,
        directories=definition.directories if options.directories is None else tuple(options.directories),
        where=definition.where if options.where is None else options.where or None,
        labels=_change_labels(definition.labels, options),
        splits=_change_splits(definition.splits, options),
        image=_change_image(definition.image, options),
        overlap=options.overlap or definition.overlap,
        leak=options.leak or definition.leak,
    )
    return checked(changed)


def checked(definition: Definition) -> Definition:
    """The definition in normal form: paths and names normalised, ratios in their shortest form.

    Raises InvalidInputError where it contradicts itself.
    """
    pipeline_of(definition.image)
    _check_choice("overlap", definition.overlap, OVERLAPS)
    _check_choice("leak", definition.leak, LEAKS)
    splits = tuple(_checked_split(split) for split in definition.splits)
    _check_unique("split", [split.name for split in splits])
    check_total(splits)
    labels = tuple(replace(label, name=check_label_name(label.name)) for label in definition.labels)
    _check_unique("label", [label.name for label in labels])
    directories = tuple(dict.fromkeys(format_path(parse_path(one)) for one in definition.directories))
    return replace(definition, directories=directories, splits=splits, labels=labels)


def check_expressions(tree: Tree, definition: Definition) -> None:
    """Raises ExpressionError for the first expression that the tree's variables and labels do not allow."""
    for where in (definition.where, *expressions(definition)):
        if where is not None:
            check_expression(tree, where)


def expressions(definition: Definition) -> list[str]:
    """The expressions of the labels, then those of the splits that have one."""
    filters = (split.where for split in definition.splits)
    return [label.where for label in definition.labels] + [where for where in filters if where is not None]


def pipeline_of(image: ImageOptions) -> Pipeline:
    """What a project does to its images.

    Raises InvalidInputError.
    """
    return parse_pipeline(**{field.name: getattr(image, field.name) for field in fields(image)})


def check_project_name(name: str) -> str:
    """The name, if it can be a project's: it is part of file names and is typed in shells.

    Raises InvalidInputError.
    """
    return _check_short_name("project", name)


def _checked_split(split: Split) -> Split:
    ratio = parse_ratio(split.ratio)
    if not ratio and split.where is None:
        raise InvalidInputError(
            f"the split {split.name!r} takes nothing", hint="give it a ratio above 0, or a filter with --split-where"
        )
    if split.shards is not None and not 1 <= split.shards < MAX_SHARDS:
        raise InvalidInputError(f"the split {split.name!r} cannot have {split.shards} shards")
    return replace(split, name=_check_split_name(split.name), ratio=format_ratio(ratio))


def _check_split_name(name: str) -> str:
    if name == ALL_SPLITS:
        raise InvalidInputError(
            f"{name!r} is no name for a split: TensorFlow Datasets means all splits together by it",
            hint="choose another, such as 'train'",
        )
    return _check_short_name("split", name)


def _change_labels(labels: tuple[Label, ...], options: Options) -> tuple[Label, ...]:
    present = {label.name: label.where for label in labels}
    for name in options.remove_labels:
        _check_present("label", name, present)
        del present[name]
    for new, existing in (options.duplicate_labels or {}).items():
        _check_present("label", existing, present)
        if new in present:
            raise ExistsError(f"there is a label {new!r} already", hint="choose another name for the duplicate")
        present[new] = present[existing]
    present.update(options.labels or {})
    return tuple(Label(name, where) for name, where in present.items())


def _change_splits(splits: tuple[Split, ...], options: Options) -> tuple[Split, ...]:
    present = {split.name: split for split in splits}
    if options.splits is not None:
        present = {name: replace(present.get(name, Split(name)), ratio=ratio) for name, ratio in options.splits.items()}
    for name, where in (options.split_filters or {}).items():
        present[name] = replace(present.get(name, Split(name)), where=where or None)
    if options.shards is not None:
        present = {name: replace(split, shards=options.shards) for name, split in present.items()}
    return tuple(present.values())


def _change_image(image: ImageOptions, options: Options) -> ImageOptions:
    given = {field.name: getattr(options, field.name) for field in fields(image)}
    return replace(image, **{name: value for name, value in given.items() if value is not None})


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


def _check_present(what: str, name: str, present: Iterable[str]) -> None:
    if name not in present:
        raise NotFoundError(f"the project has no {what} {name!r}", hint=nearest_hint(name, present))


def _check_unique(what: str, names: list[str]) -> None:
    twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
    if twice is not None:
        raise InvalidInputError(f"the {what} {twice!r} is given twice")
