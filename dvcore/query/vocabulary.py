"""What the names in an expression mean for one tree: built-in fields, variables, labels, fields of instances."""

from dataclasses import dataclass
from typing import Final

from dvcore.errors import ExpressionError, nearest_hint
from dvcore.model.geometry import KINDS
from dvcore.model.tree import Tree
from dvcore.model.values import Value, ValueType
from dvcore.query.schema import BUILT_IN_COLUMNS, INSTANCE_FIELDS, variable_column
from dvcore.query.syntax import Name

_BUILT_IN_TYPES: Final = {
    "width": ValueType.INT,
    "height": ValueType.INT,
    "bytes": ValueType.INT,
    "annotated": ValueType.BOOL,
}
"""The others are texts."""

_LABEL: Final = "i.label"
_SHOWN: Final = 12
"""Choices that a message names."""


@dataclass(frozen=True, slots=True)
class Field:
    """A variable, a built-in field or one of an instance. `column` is its SQL; `choices` are all that it can hold, None
    where there is no such list; `unset` is what it reads as where nothing is set, None for unknown."""

    name: str
    type: ValueType
    column: str
    choices: tuple[str, ...] | None = None
    unset: Value | None = None

    def refusal(self, value: str) -> str:
        """What is said of a value that is none of the choices."""
        return f"no label {value!r}" if self.column == _LABEL else f"{self.name!r} has no choice {value!r}"

    def choices_hint(self, value: str) -> str | None:
        """The choice nearest to a value, or all of them."""
        choices = self.choices or ()
        more = ", …" if len(choices) > _SHOWN else ""
        listed = f"its choices are {', '.join(choices[:_SHOWN])}{more}" if choices else None
        return nearest_hint(value, choices) or listed


class Vocabulary:
    """Looks names up; unknown ones raise ExpressionError with the nearest that is known. Without `has_paths`, a file is
    asked about and not an entry: those may be many."""

    def __init__(self, tree: Tree, *, has_paths: bool = True) -> None:
        self._labels = tuple(one.name for one in tree.labels)
        self._instance_fields = {name: _instance_field(name, self._labels) for name in INSTANCE_FIELDS}
        self._fields = {name: _built_in(name, column) for name, column in BUILT_IN_COLUMNS.items()}
        self._hidden = set() if has_paths else {one for one in BUILT_IN_COLUMNS.values() if one.startswith("e.")}
        for number, one in enumerate(tree.variables):
            choices = one.choices if one.type is ValueType.ENUM else None
            self._fields[one.name] = Field(one.name, one.type, variable_column(number), choices, one.unset_reads)

    def field(self, expression: str, name: Name, *, of_instance: bool) -> Field:
        """What a name stands for; inside a condition on an instance, first a field of that."""
        if name.table not in {None, "files", "instances"}:
            hint = "write the name alone, or as files.NAME or instances.NAME"
            raise ExpressionError(f"no table {name.table!r}", expression=expression, column=name.column, hint=hint)
        if name.table == "instances" and not of_instance:
            raise self._error(expression, name, f"'instances.{name.text}' stands outside a condition on instances")
        found = self._find(name, of_instance)
        if found is None:
            what = "field" if name.table == "instances" else "variable"
            raise self._error(expression, name, f"no {what} {name.text!r}")
        if found.column in self._hidden:
            message = f"{name.text!r} is not known of an instance"
            hint = "its file may have several: say where the files are chosen"
            raise ExpressionError(message, expression=expression, column=name.column, hint=hint)
        return found

    def check_label(self, expression: str, label: str, column: int) -> None:
        """Raises where the tree declares no such label."""
        if label not in self._labels:
            hint = nearest_hint(label, self._labels)
            raise ExpressionError(f"no label {label!r}", expression=expression, column=column, hint=hint)

    def _find(self, name: Name, of_instance: bool) -> Field | None:
        if of_instance and name.table != "files" and name.text in self._instance_fields:
            return self._instance_fields[name.text]
        return None if name.table == "instances" else self._fields.get(name.text)

    def _error(self, expression: str, name: Name, message: str) -> ExpressionError:
        return ExpressionError(message, expression=expression, column=name.column, hint=self._hint(name))

    def _hint(self, name: Name) -> str:
        if name.table == "instances" or (name.table is None and name.text in self._instance_fields):
            near = nearest_hint(name.text, self._instance_fields)
            if near and name.text not in self._instance_fields:
                return near
            return "instances are asked as in has('label', area > 100)"
        near = nearest_hint(name.text, [*self._fields, *self._instance_fields])
        quotes = f"a text stands in single quotes: '{name.text}'"
        if name.quoted or near is None:
            return f"{near} or {quotes}" if near else quotes
        return near


def _built_in(name: str, column: str) -> Field:
    return Field(name, _BUILT_IN_TYPES.get(name, ValueType.TEXT), column)


def _instance_field(name: str, labels: tuple[str, ...]) -> Field:
    match name:
        case "label":
            return Field(name, ValueType.TEXT, _LABEL, labels)
        case "geometry":
            return Field(name, ValueType.TEXT, "i.geometry", tuple(KINDS.values()))
        case _:
            return Field(name, ValueType.FLOAT, f"i.{name}")
