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

Labels and splits are arrays, since their order counts. Whatever is left out has the value that a new project begins
with. `format_definition` writes what `parse_definition` reads back to the same definition.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any, Final

from dvcore.errors import InvalidInputError, nearest_hint
from dvcore.model.definition import DEFAULT_SPLITS, Definition, ImageOptions, Label, Split
from dvcore.snapshot.definition import checked

_IMAGE_KEYS: Final = tuple(field.name for field in fields(ImageOptions))
_TEXT_KEYS: Final = ("where", "overlap", "leak", *_IMAGE_KEYS)
_KEYS: Final = ("directories", *_TEXT_KEYS, "shards", "labels", "splits")


def parse_definition(text: str, where: str = "the definition") -> Definition:
    """The definition that a TOML text describes, checked; `where` names the file in messages.

    Raises InvalidInputError.
    """
    try:
        raw = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInputError(f"{where} is no TOML: {error}") from None
    try:
        return checked(_read(raw))
    except InvalidInputError as error:
        raise InvalidInputError(f"{where}: {error.message}", hint=error.hint) from None


def format_definition(definition: Definition) -> str:
    """The TOML text of a definition, every key written out."""
    lines = [f"directories = [{', '.join(map(_quoted, definition.directories))}]"]
    texts: dict[str, str | None] = {"where": definition.where, "overlap": definition.overlap, "leak": definition.leak}
    texts |= {name: getattr(definition.image, name) for name in _IMAGE_KEYS}
    lines += _assignments(texts)
    for label in definition.labels:
        lines += ["", "[[labels]]", *_assignments({"name": label.name, "where": label.where})]
    for split in definition.splits:
        lines += ["", "[[splits]]", f"name = {_quoted(split.name)}", f"ratio = {split.ratio}"]
        lines += _assignments({"where": split.where})
        lines += [] if split.shards is None else [f"shards = {split.shards}"]
    return "\n".join(lines) + "\n"


def _read(raw: Mapping[str, Any]) -> Definition:
    _check_keys(raw, _KEYS, "a definition")
    texts = {name: _text(raw[name], name) for name in _TEXT_KEYS if name in raw}
    shards = _shards(raw)
    labels = tuple(_read_label(one) for one in _array(raw.get("labels", []), "labels"))
    splits = DEFAULT_SPLITS if "splits" not in raw else _array(raw["splits"], "splits")
    return Definition(
        directories=tuple(_text(one, "directories") for one in _array(raw.get("directories", []), "directories")),
        where=texts.get("where"),
        labels=labels,
        splits=tuple(_read_split(one, shards) for one in splits),
        image=ImageOptions(**{name: texts[name] for name in _IMAGE_KEYS if name in texts}),
        overlap=texts.get("overlap", "stop"),
        leak=texts.get("leak", "stop"),
    )


def _read_label(raw: object) -> Label:
    table = _table(raw, "labels", ("name", "where"))
    return Label(_text(table.get("name"), "name of a label"), _text(table.get("where"), "where of a label"))


def _read_split(raw: object, shards: int | None) -> Split:
    if isinstance(raw, Split):
        return Split(raw.name, raw.ratio, raw.where, shards)
    table = _table(raw, "splits", ("name", "ratio", "where", "shards"))
    name = _text(table.get("name"), "name of a split")
    where = None if "where" not in table else _text(table["where"], f"where of the split {name!r}")
    own_shards = _shards(table)
    return Split(name, _ratio(table.get("ratio", 0), name), where, shards if own_shards is None else own_shards)


def _ratio(value: object, split: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise InvalidInputError(f"the ratio of the split {split!r} is no number")
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _shards(table: Mapping[str, Any]) -> int | None:
    value = table.get("shards")
    if value is not None and type(value) is not int:
        raise InvalidInputError("'shards' is no whole number")
    return value


def _table(raw: object, name: str, keys: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise InvalidInputError(f"{name!r} is no array of tables", hint=f"write [[{name}]] above each")
    _check_keys(raw, keys, f"[[{name}]]")
    return raw


def _array(value: object, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidInputError(f"{name!r} is no array")
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise InvalidInputError(f"{name!r} is missing" if value is None else f"{name!r} is no text")
    return value


def _check_keys(table: Mapping[str, Any], keys: tuple[str, ...], what: str) -> None:
    for key in table:
        if key not in keys:
            raise InvalidInputError(
                f"{what} has no key {key!r}", hint=nearest_hint(key, keys) or f"the keys are {', '.join(keys)}"
            )


def _assignments(texts: Mapping[str, str | None]) -> list[str]:
    return [f"{name} = {_quoted(text)}" for name, text in texts.items() if text is not None]


def _quoted(text: str) -> str:
    """A basic string: TOML wants backslashes, quotes and control characters escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(sign if sign >= " " and sign != "\x7f" else f"\\u{ord(sign):04x}" for sign in escaped) + '"'
