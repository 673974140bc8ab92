"""What a tree declares: the variables of its files and the labels of its instances."""

from dataclasses import dataclass
from typing import Any

from dvcore.encoding import Fields
from dvcore.errors import CorruptError, InvalidInputError, NeedsNewerError, nearest_hint
from dvcore.model.values import Value, ValueType, format_value, has_type, parse_value


@dataclass(frozen=True, slots=True)
class VariableDeclaration:
    """A typed property of files. `choices` are an enum's, in order; `required` ones must be given on import; an unset
    bool reads false unless it is `three_valued`."""

    name: str
    type: ValueType
    choices: tuple[str, ...] = ()
    required: bool = False
    three_valued: bool = False

    def parse(self, text: str) -> Value:
        """The value that a text gives for this variable.

        Raises InvalidInputError, naming the variable.
        """
        try:
            value = parse_value(self.type, text)
        except InvalidInputError as error:
            raise InvalidInputError(f"variable {self.name!r}: {error.message}", hint=error.hint) from None
        return self.check(value)

    def check(self, value: Value) -> Value:
        """The value, if it is one of this variable's.

        Raises InvalidInputError.
        """
        if not has_type(value, self.type):
            raise InvalidInputError(f"variable {self.name!r} is {self.type.value}, not {format_value(value)!r}")
        if self.type is ValueType.ENUM and value not in self.choices:
            hint = nearest_hint(str(value), self.choices) or f"its choices are {', '.join(self.choices)}"
            raise InvalidInputError(f"variable {self.name!r} has no choice {value!r}", hint=hint)
        return value


@dataclass(frozen=True, slots=True)
class LabelDeclaration:
    """A label of instances: its fixed number in this dataset, and what its source said of it (such as a COCO category
    id); `color` is `#rrggbb`."""

    name: str
    number: int
    source: int | str | None = None
    supercategory: str | None = None
    color: str | None = None


def pack_variable(declaration: VariableDeclaration) -> dict[str, Any]:
    """The map that a tree's encoding holds."""
    fields = {
        "name": declaration.name,
        "type": declaration.type.value,
        "choices": list(declaration.choices),
        "required": declaration.required,
        "three_valued": declaration.three_valued,
    }
    return {name: value for name, value in fields.items() if value not in ([], False)}


def unpack_variable(raw: object) -> VariableDeclaration:
    """The declaration of a decoded map.

    Raises CorruptError, NeedsNewerError.
    """
    fields = Fields("variable declaration", raw)
    name, kind = fields.text("name"), fields.text("type")
    choices = tuple(fields.array_or_empty("choices"))
    if not {str}.issuperset(map(type, choices)):
        raise CorruptError(f"the variable {name!r} has a choice that is no text")
    declaration = VariableDeclaration(
        name, _value_type(kind), choices, fields.flag("required"), fields.flag("three_valued")
    )
    fields.end()
    return declaration


def _value_type(text: str) -> ValueType:
    try:
        return ValueType(text)
    except ValueError:
        raise NeedsNewerError(f"a variable has the type {text!r}", hint="it needs a newer dset") from None


def pack_label(declaration: LabelDeclaration) -> dict[str, Any]:
    """The map that a tree's encoding holds."""
    fields = {
        "name": declaration.name,
        "number": declaration.number,
        "source": declaration.source,
        "supercategory": declaration.supercategory,
        "color": declaration.color,
    }
    return {name: value for name, value in fields.items() if value is not None}


def unpack_label(raw: object) -> LabelDeclaration:
    """The declaration of a decoded map.

    Raises CorruptError, NeedsNewerError.
    """
    if not isinstance(raw, dict):
        raise CorruptError("a label declaration is no map")
    source = raw.get("source", "")
    if type(source) not in {int, str}:
        raise CorruptError("the source of a label declaration is neither number nor text")
    fields = Fields("label declaration", {key: value for key, value in raw.items() if key != "source"})
    declaration = LabelDeclaration(
        fields.text("name"),
        fields.integer("number"),
        raw.get("source"),
        fields.text_or_none("supercategory"),
        fields.text_or_none("color"),
    )
    fields.end()
    return declaration
