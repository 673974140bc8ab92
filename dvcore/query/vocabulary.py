"""What the names in an expression mean for one tree: built-in fields, its variables, its labels."""

from dataclasses import dataclass
from typing import Final

from dvcore.errors import ExpressionError, nearest_hint
from dvcore.model.tree import Tree
from dvcore.model.values import ValueType
from dvcore.query.schema import BUILT_IN_COLUMNS, variable_column
from dvcore.query.syntax import Name

_BUILT_IN_TYPES: Final = {
    "width": ValueType.INT,
    "height": ValueType.INT,
    "bytes": ValueType.INT,
    "annotated": ValueType.BOOL,
}
"""The others are texts."""


@dataclass(frozen=True, slots=True)
class Field:
    """A variable or a built-in field. `column` is its SQL; `choices` are an enum's, None for any other type;
    `unset_is_false` marks a bool that reads false where nothing is set."""

    name: str
    type: ValueType
    column: str
    choices: tuple[str, ...] | None = None
    unset_is_false: bool = False


class Vocabulary:
    """Looks names up; unknown ones raise ExpressionError with the nearest that is known."""

    def __init__(self, tree: Tree) -> None:
        self._fields = {name: _built_in(name, column) for name, column in BUILT_IN_COLUMNS.items()}
        for number, one in enumerate(tree.variables):
            self._fields[one.name] = Field(
                one.name,
                one.type,
                variable_column(number),
                one.choices if one.type is ValueType.ENUM else None,
                one.type is ValueType.BOOL and not one.three_valued,
            )
        self._labels = {one.name for one in tree.labels}

    def field(self, expression: str, name: Name) -> Field:
        """What a name stands for."""
        found = self._fields.get(name.text)
        if found is None:
            raise ExpressionError(
                f"no variable {name.text!r}", expression=expression, column=name.column, hint=self._name_hint(name)
            )
        return found

    def check_label(self, expression: str, label: str, column: int) -> None:
        """Raises where the tree declares no such label."""
        if label not in self._labels:
            hint = nearest_hint(label, self._labels)
            raise ExpressionError(f"no label {label!r}", expression=expression, column=column, hint=hint)

    def _name_hint(self, name: Name) -> str:
        near = nearest_hint(name.text, self._fields)
        quotes = f"a text stands in single quotes: '{name.text}'"
        if name.quoted or near is None:
            return f"{near} or {quotes}" if near else quotes
        return near


def _built_in(name: str, column: str) -> Field:
    return Field(name, _BUILT_IN_TYPES.get(name, ValueType.TEXT), column)
