"""Definitions as TOML files.

    directories = ["nuts"]
    where = "annotated"
    color = "gray"
    downsample = "both:64x64"

    [[labels]]
    name = "walnut"
    where = "has('walnut')"

    [[splits]]
    name = "train"
    ratio = 0.8

or, instead of labels, features:

    [[features]]
    kind = "boxes"
    empty = "drop"

    [[features.classes]]
    name = "walnut"
    where = "label = 'walnut'"

Labels, features, classes and splits are arrays, since their order counts. Whatever is left out has the value that a new
project begins with. `dvcore.snapshot.projects.toml_text` writes what is read back to the same definition.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar

from dvcore.errors import InvalidInputError, nearest_hint
from dvcore.model.definition import DEFAULT_SPLITS, Bounds, Definition, Feature, ImageOptions, Label, Split
from dvcore.snapshot.features.faulty_part import in_file, in_part
from dvcore.snapshot.features.kinds import default_name
from dvcore.snapshot.projects.definition import checked
from dvcore.snapshot.splits.assigning import stratified_head

IMAGE_KEYS: Final = tuple(field.name for field in fields(ImageOptions))
_TEXT_KEYS: Final = ("where", "group_by", "overlap", "leak", *IMAGE_KEYS)
_KEYS: Final = ("directories", *_TEXT_KEYS, "stratify", "shards", "labels", "features", "splits")
_LABEL_KEYS: Final = ("name", "where", "bounds")
_SPLIT_KEYS: Final = ("name", "ratio", "where", "shards")
_NUMBERS: Final = frozenset({"bit_depth", "reducing_gap"})
"""Texts that look like numbers, and may be written as such."""

_LONGEST: Final = 64
"""Binary digits of a whole number, and zeros before or behind the others of a decimal one."""

LABELS: Final = -1
"""The place of a definition's own labels among its features, where bounds are listed by feature."""

Read = TypeVar("Read")


def parse_definition(text: str, where: str = "the definition") -> Definition:
    """The definition that a TOML text describes, checked; `where` names the file in messages.

    Raises InvalidInputError, which names the place in the file.
    """
    try:
        raw = tomllib.loads(text, parse_float=_decimal)
    except RecursionError:
        raise InvalidInputError(f"{where} is nested too deeply for a definition") from None
    except ValueError as error:  # also numbers of thousands of digits
        raise InvalidInputError(f"{where} is no TOML: {error}") from None
    with in_part(where):
        return _read(raw)


def stratified_place(definition: Definition) -> int | None:
    """The index of the feature whose classes have bounds, LABELS for the definition's own, None for neither."""
    head = stratified_head(definition)
    if head is None:
        return None
    return definition.features.index(head.feature) if definition.features else LABELS


def _read(raw: Mapping[str, Any]) -> Definition:
    _check_keys(raw, _KEYS, "a definition")
    texts = {name: _text(raw, name, takes_numbers=name in _NUMBERS) for name in _TEXT_KEYS if name in raw}
    labels = _each(raw.get("labels", []), "labels", _read_label)
    features = _each(raw.get("features", []), "features", _read_feature)
    read = Definition(
        directories=_directories(raw),
        where=texts.get("where"),
        labels=tuple(label for label, _ in labels),
        features=tuple(feature for feature, _ in features),
        splits=_read_splits(raw),
        group_by=texts.get("group_by"),
        stratify=_flag(raw, "stratify"),
        image=ImageOptions(**{name: texts[name] for name in IMAGE_KEYS if name in texts}),
        overlap=texts.get("overlap", "stop"),
        leak=texts.get("leak", "stop"),
    )
    bounds = {LABELS: tuple(bounds for _, bounds in labels), **dict(enumerate(bounds for _, bounds in features))}
    return _with_bounds(checked(read, in_file), bounds)


def _with_bounds(definition: Definition, bounds: Mapping[int, tuple[Bounds, ...]]) -> Definition:
    """Whose bounds count shows when the rest is known to be sound."""
    stratified = stratified_place(definition)
    if any(any(rows) for place, rows in bounds.items() if place != stratified):
        raise InvalidInputError(
            "'bounds' are given to labels that are not stratified", hint="leave them out, or set stratify = true"
        )
    return definition if stratified is None else checked(replace(definition, label_bounds=bounds[stratified]), in_file)


def _read_label(table: Mapping[str, Any]) -> tuple[Label, Bounds]:
    _check_keys(table, _LABEL_KEYS, "a label")
    return Label(_text(table, "name"), _text(table, "where")), _bounds(table)


def _read_feature(table: Mapping[str, Any]) -> tuple[Feature, tuple[Bounds, ...]]:
    """Whatever is no key of every feature is taken for an option, and checked with those that the kind has."""
    kind = _text(table, "kind")
    given = {name: _text(table, name, takes_numbers=True) for name in table if name not in ("kind", "name", "classes")}
    classes = _each(table.get("classes", []), "features.classes", _read_label)
    name = _text(table, "name") if "name" in table else default_name(kind, given)
    return Feature(kind, name, tuple(label for label, _ in classes), given), tuple(bounds for _, bounds in classes)


def _read_splits(raw: Mapping[str, Any]) -> tuple[Split, ...]:
    shards = _shards(raw)
    splits = _each(raw["splits"], "splits", _read_split) if "splits" in raw else DEFAULT_SPLITS
    return tuple(replace(split, shards=shards) if split.shards is None else split for split in splits)


def _read_split(table: Mapping[str, Any]) -> Split:
    _check_keys(table, _SPLIT_KEYS, "a split")
    where = _text(table, "where") if "where" in table else None
    return Split(_text(table, "name"), _ratio(table), where, _shards(table))


def _ratio(table: Mapping[str, Any]) -> str:
    value = table.get("ratio", 0)
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise InvalidInputError("'ratio' is no number")
    return value if isinstance(value, str) else _number_text(value, "ratio")


def _shards(table: Mapping[str, Any]) -> int | None:
    value = table.get("shards")
    if value is not None and type(value) is not int:
        raise InvalidInputError("'shards' is no whole number")
    return value if value is None else _short(value, "shards")


def _bounds(table: Mapping[str, Any]) -> Bounds:
    values = _array(table.get("bounds", []), "bounds")
    if not all(type(one) is int and one >= 0 for one in values):
        raise InvalidInputError("'bounds' is no array of whole numbers")
    return tuple(values)


def _directories(raw: Mapping[str, Any]) -> tuple[str, ...]:
    values = _array(raw.get("directories", []), "directories")
    if not all(isinstance(one, str) for one in values):
        raise InvalidInputError("'directories' is no array of texts")
    return tuple(values)


def _each(value: object, name: str, read: Callable[[dict[str, Any]], Read]) -> tuple[Read, ...]:
    """What is read of every table of an array; errors name its place."""
    result: list[Read] = []
    for index, table in enumerate(_array(value, name)):
        if not isinstance(table, dict):
            raise InvalidInputError(f"{name!r} is no array of tables", hint=f"write [[{name}]] above each")
        called = table.get("name")
        with in_part(in_file(name, index, called if isinstance(called, str) else "")):
            result.append(read(table))
    return tuple(result)


def _array(value: object, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidInputError(f"{name!r} is no array")
    return value


def _flag(table: Mapping[str, Any], name: str) -> bool:
    value = table.get(name, False)
    if not isinstance(value, bool):
        raise InvalidInputError(f"{name!r} is neither true nor false")
    return value


def _text(table: Mapping[str, Any], name: str, *, takes_numbers: bool = False) -> str:
    value = table.get(name)
    if takes_numbers and isinstance(value, int | Decimal):
        return _number_text(value, name)
    if not isinstance(value, str):
        raise InvalidInputError(f"{name!r} is missing" if value is None else f"{name!r} is no text")
    return value


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text} is no number that can be held") from None


def _number_text(value: int | Decimal, name: str) -> str:
    """A number or a flag as people write it: with an exponent only where there would be a row of zeros instead."""
    if isinstance(value, int):
        return str(_short(value, name)).lower()
    return format(value, "f") if abs(value.adjusted()) < _LONGEST else str(value)


def _short(value: int, name: str) -> int:
    """A whole number that a message can show: hexadecimal ones may be longer than Python writes."""
    if value.bit_length() > _LONGEST:
        raise InvalidInputError(f"{name!r} is too long a number")
    return value


def _check_keys(table: Mapping[str, Any], keys: tuple[str, ...], what: str) -> None:
    for key in table:
        if key not in keys:
            hint = nearest_hint(key, keys) or f"the keys are {', '.join(keys)}"
            raise InvalidInputError(f"{what} has no key {key!r}", hint=hint)
