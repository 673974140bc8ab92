"""Columns of a table as variables: of the type that is declared, or of the narrowest that holds all of their cells."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final

from dvcore.errors import InvalidInputError
from dvcore.formats.stated.splits import SPLIT_VARIABLE
from dvcore.formats.table.rows import FILE_NAME
from dvcore.formats.texts.json_files import is_unicode
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.values import Value, ValueType, format_value
from dvcore.model.variable_names import check_variable_name

_BOOLS: Final = frozenset({"true", "false"})
_WHOLE: Final = re.compile(r"[+-]?(0|[1-9][0-9]*)", re.ASCII)
"""`007` is a name."""
_INT_DIGITS: Final = 19
"""And a sign, at most, of what 64 bits hold."""
_FLOAT: Final = re.compile(r"[+-]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)


@dataclass(slots=True)
class Columns:
    """The columns other than the file's name. `declared` are the tree's variables; with `texts_mean_values`, cells are
    all texts, as in CSV, and mean what they look like. `lost` counts the cells that are no plain values, `refused` says
    of columns why they cannot be variables. Cells are looked at first, all of them, and then read."""

    declared: Mapping[str, VariableDeclaration]
    texts_mean_values: bool
    found: dict[str, VariableDeclaration] = field(default_factory=dict)
    lost: Counter[str] = field(default_factory=Counter)
    refused: dict[str, str] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _types: dict[str, ValueType] = field(default_factory=dict)
    _splits: dict[str, None] = field(default_factory=dict)

    def look_at(self, cells: Mapping[str, Any]) -> None:
        """Take the cells of a row into account."""
        for column, cell in cells.items():
            name = None if column == FILE_NAME or _is_empty(cell) else self._name(column)
            if name is None:
                continue
            type_ = self._type_of(cell)
            if type_ is None:
                self.lost[column] += 1
            elif not self._is_declared(name):
                self._types[name] = _both(self._types.get(name, type_), type_)
                if name == SPLIT_VARIABLE:
                    self._splits[_text_of(cell)] = None

    def settle(self) -> None:
        """Decide what the columns are."""
        for name, type_ in self._types.items():
            self.found[name] = VariableDeclaration(name, type_)
        if SPLIT_VARIABLE in self.found:
            self.found[SPLIT_VARIABLE] = VariableDeclaration(SPLIT_VARIABLE, ValueType.ENUM, tuple(self._splits))

    def read(self, cells: Mapping[str, Any]) -> dict[str, Value]:
        """The values of a row; empty cells have none.

        Raises InvalidInputError, naming the variable, where a cell is no value of its type.
        """
        values: dict[str, Value] = {}
        for column, cell in cells.items():
            name = self._names.get(column)
            if name is None or _is_empty(cell) or self._type_of(cell) is None:
                continue
            declaration = self.found.get(name) or self.declared[name]
            is_text = declaration.type in {ValueType.TEXT, ValueType.ENUM}
            values[name] = declaration.read(_text_of(cell) if is_text else cell)
        return values

    def _is_declared(self, name: str) -> bool:
        """Whether its type is a given; the choices of published splits grow with what is published."""
        declared = self.declared.get(name)
        return declared is not None and (name != SPLIT_VARIABLE or declared.type is not ValueType.ENUM)

    def _name(self, column: str) -> str | None:
        if column in self._names or column in self.refused:
            return self._names.get(column)
        try:
            name = check_variable_name(column, (*self.declared, *self._names.values()))
        except InvalidInputError as error:
            self.refused[column] = error.message
            return None
        if name in self._names.values():  # the other one is written in another normal form
            self.refused[column] = f"there are two columns {name!r}"
        else:
            self._names[column] = name
        return self._names.get(column)

    def _type_of(self, cell: object) -> ValueType | None:
        """The narrowest type of a cell that is not empty; None where it is no plain value."""
        match cell:
            case bool():
                return ValueType.BOOL
            case int():
                return ValueType.INT if _is_int(cell) else None
            case float():
                return ValueType.FLOAT if isfinite(cell) else None
            case str():
                return _type_of_text(cell) if self.texts_mean_values else _text_or_none(cell)
            case _:
                return None


def _is_empty(cell: object) -> bool:
    return cell is None or cell == ""


def _is_int(number: int) -> bool:
    return -(2**63) <= number < 2**63


def _text_or_none(text: str) -> ValueType | None:
    return ValueType.TEXT if is_unicode(text) else None


def _type_of_text(text: str) -> ValueType:
    if text.lower() in _BOOLS:
        return ValueType.BOOL
    if _WHOLE.fullmatch(text):
        # A longer one is an id: as a float it would be another's.
        is_int = len(text) <= _INT_DIGITS + 1 and _is_int(int(text))
        return ValueType.INT if is_int else ValueType.TEXT
    if _FLOAT.fullmatch(text) and isfinite(float(text)):
        return ValueType.FLOAT
    return ValueType.TEXT


def _both(first: ValueType, second: ValueType) -> ValueType:
    """The narrowest type that holds values of both."""
    if first is second:
        return first
    return ValueType.FLOAT if {first, second} == {ValueType.INT, ValueType.FLOAT} else ValueType.TEXT


def _text_of(cell: Any) -> str:
    return cell if isinstance(cell, str) else format_value(cell)
