"""Variables that a source gives its images under names of its own: tags, flags, choices."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.formats.stated.splits import SPLIT_VARIABLE
from dvcore.formats.texts.json_files import format_value
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.values import Value, ValueType, check_value, python_type
from dvcore.model.variable_names import check_variable_name

_TYPES: Final = {python_type(one): one for one in (ValueType.BOOL, ValueType.INT, ValueType.FLOAT, ValueType.ENUM)}
"""The declared type of a value: a text is a choice unless somebody says otherwise."""


@dataclass(slots=True)
class StatedVariables:
    """Collects what declares them. What cannot be a variable, or is of another type than before, is counted in `lost`
    under its name. The variable for splits is taken."""

    lost: Counter[str]
    _types: dict[str, ValueType] = field(default_factory=dict)
    _choices: dict[str, set[str]] = field(default_factory=dict)

    def put(self, values: dict[str, Value], name: str, value: Value, *, is_text: bool = False) -> None:
        """Put a variable to the others of an image; `is_text` where a text is no choice."""
        type_ = ValueType.TEXT if is_text and isinstance(value, str) else _TYPES[type(value)]
        checked = self._checked(name, value, type_)
        if checked is None:
            self.lost[f"{format_value(name)} of images"] += 1
            return
        key, kept = checked
        values[key] = kept
        if type_ is ValueType.ENUM and isinstance(kept, str):
            self._choices.setdefault(key, set()).add(kept)

    def declarations(self) -> Iterable[VariableDeclaration]:
        """What declares them, by name; choices are in the order of their code points."""
        for name in sorted(self._types):
            yield VariableDeclaration(name, self._types[name], tuple(sorted(self._choices.get(name, ()))))

    def _checked(self, name: str, value: Value, type_: ValueType) -> tuple[str, Value] | None:
        try:
            key, kept = check_variable_name(name, (*self._types, SPLIT_VARIABLE)), check_value(value)
        except InvalidInputError:
            return None
        if key == SPLIT_VARIABLE or self._types.setdefault(key, type_) is not type_:
            return None
        return key, kept
