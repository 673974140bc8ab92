"""`label_map.pbtxt`: the classes of a data set, in protobuf's text format."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.formats.stated.findings import label_name

_TOKEN: Final = re.compile(
    r"""(?P<space>[\s,;:]+|\#[^\n]*)|(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?P<word>[\w.+-]+)|(?P<brace>[{}])"""
)
_ESCAPE: Final = re.compile(r"\\(.)")
_MAX_DEPTH: Final = 8


@dataclass(frozen=True, slots=True)
class LabelMap:
    """Names by id; `ids` are found by each name that a class has, its `name` and its `display_name`."""

    names: Mapping[int, str] = field(default_factory=dict)
    ids: Mapping[str, int] = field(default_factory=dict)


def parse_label_map(text: str) -> LabelMap:
    """The classes: of each `item` its `id`, and its `display_name`, or else its `name`.

    Raises InvalidInputError with the line where the text is no label map.
    """
    names: dict[int, str] = {}
    ids: dict[str, int] = {}
    for line, fields in _iter_items(text):
        name = fields.get("display_name") or fields.get("name")
        if not fields.get("id", "").isdecimal() or not name or len(fields["id"]) > 18:
            raise InvalidInputError(f"has an item without id and name before line {line}")
        number, name = int(fields["id"]), label_name(name)
        if names.setdefault(number, name) != name:
            raise InvalidInputError(f"has two items with the id {number}, the second before line {line}")
        for called in {name, fields.get("name") or name}:
            ids.setdefault(called, number)
    return LabelMap(names, ids)


def _iter_items(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The fields of each item; what is in braces inside an item is passed over."""
    depth, key, fields = 0, "", dict[str, str]()
    for line, kind, token in _iter_tokens(text):
        if token == "{":
            depth, key = depth + 1, ""
        elif token == "}":
            depth -= 1
            if depth == 0:
                yield line, fields
                fields = {}
        elif depth == 1 and key:
            fields.setdefault(key, _unquoted(token) if kind == "text" else token)
            key = ""
        else:
            key = token if kind == "word" else ""
        if not 0 <= depth <= _MAX_DEPTH:
            raise InvalidInputError(f"is no label map: braces do not match in line {line}")
    if depth:
        raise InvalidInputError("is no label map: it ends inside an item")


def _iter_tokens(text: str) -> Iterator[tuple[int, str, str]]:
    at, line = 0, 1
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise InvalidInputError(f"is no label map: nothing can be made of line {line}")
        if found.lastgroup != "space":
            yield line, str(found.lastgroup), found[0]
        at, line = found.end(), line + found[0].count("\n")


def _unquoted(token: str) -> str:
    return _ESCAPE.sub(r"\1", token[1:-1])
