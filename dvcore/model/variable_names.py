"""Names of variables: which may be declared, so that every name in an expression has one meaning."""

from collections.abc import Iterable
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.model.names import normalize_name

BUILT_IN_FIELDS: Final = (
    "path",
    "name",
    "directory",
    "width",
    "height",
    "format",
    "bytes",
    "mode",
    "annotated",
)
"""What expressions know of every file besides its variables."""

INSTANCE_FUNCTIONS: Final = ("has", "count")

KEYWORDS: Final = frozenset(
    ["and", "or", "not", "in", "between", "like", "glob", "escape", "is", "null", "true", "false"]
)
"""Words of the expression language, in any case."""

_RESERVED: Final = frozenset(["case", "when", "then", "else", "end", "exists", "cast", "collate", "distinct", "from"])
"""Words of SQL that could still enter the language."""

_TAKEN: Final = KEYWORDS.union(_RESERVED, BUILT_IN_FIELDS, INSTANCE_FUNCTIONS)


def check_variable_name(name: str, declared: Iterable[str]) -> str:
    """The name in normal form C, if a variable may be declared under it beside those that are declared already.

    Whether `name` itself is declared already is the caller's concern.

    Raises InvalidInputError where it clashes with a word of the expression language, differs from a declared name only
    in case, or could not be written in `--set NAME=VALUE`.
    """
    name = normalize_name(name)
    if "=" in name or name != name.strip():
        raise InvalidInputError(f"{name!r} cannot be a variable: it contains '=' or begins or ends with a space")
    if name.lower() in _TAKEN:
        raise InvalidInputError(
            f"{name!r} cannot be a variable: expressions have a meaning for it", hint="choose another name"
        )
    twin = next((other for other in declared if other != name and other.casefold() == name.casefold()), None)
    if twin is not None:
        raise InvalidInputError(f"{name!r} differs from the variable {twin!r} only in case", hint=f"use {twin!r}")
    return name
