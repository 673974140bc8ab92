"""What a tree declares: the variables of its files and the labels of its instances."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from dvcore.encoding import Fields, decode, encode, is_count
from dvcore.errors import CorruptError, InvalidInputError, NeedsNewerError, nearest_hint
from dvcore.model.values import Value, ValueType, check_value, format_value, has_type, parse_value, python_type


@dataclass(frozen=True, slots=True)
class VariableDeclaration:
    """A typed property of files. `choices` are an enum's, in order; `required` ones must be given on import; an unset
    one reads as its `default`, an unset bool without one as false unless it is `three_valued`."""

    name: str
    type: ValueType
    choices: tuple[str, ...] = ()
    required: bool = False
    three_valued: bool = False
    default: Value | None = None

    @property
    def unset_reads(self) -> Value | None:
        """What a condition reads where nothing is set; None is unknown."""
        is_checkbox = self.type is ValueType.BOOL and not self.three_valued
        return False if self.default is None and is_checkbox else self.default

    def with_default(self, text: str) -> "VariableDeclaration":
        """The same with a default, as a text.

        Raises InvalidInputError where it is no value of this variable.
        """
        return replace(self, default=self.parse(text))

    def parse(self, text: str) -> Value:
        """The value that a text gives for this variable.

        Raises InvalidInputError, naming the variable.
        """
        try:
            value = parse_value(self.type, text)
        except InvalidInputError as error:
            raise InvalidInputError(f"variable {self.name!r}: {error.message}", hint=error.hint) from None
        return self.check(value)

    def read(self, given: Value) -> Value:
        """The value that a text, or a value of JSON, gives for this variable: a whole number may stand for a float.

        Raises InvalidInputError, naming the variable.
        """
        if isinstance(given, str):
            return self.parse(given)
        checked = check_value(given)
        return self.check(float(checked) if self.type is ValueType.FLOAT and type(checked) is int else checked)

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
    id); `color` is `#rrggbb`. `keypoints` are the names of its points, in the order in which instances have them;
    `skeleton` are pairs of indices into these, from 0, between which a line is drawn."""

    name: str
    number: int
    source: int | str | None = None
    supercategory: str | None = None
    color: str | None = None
    keypoints: tuple[str, ...] = ()
    skeleton: tuple[tuple[int, int], ...] = ()


def pack_variable(declaration: VariableDeclaration) -> dict[str, Any]:
    """The map that a tree's encoding holds."""
    fields = {
        "name": declaration.name,
        "type": declaration.type.value,
        "choices": list(declaration.choices) or None,
        "required": declaration.required or None,
        "three_valued": declaration.three_valued or None,
        "default": declaration.default,
    }
    return {name: value for name, value in fields.items() if value is not None}


def unpack_variable(raw: object) -> VariableDeclaration:
    """The declaration of a decoded map.

    Raises CorruptError, NeedsNewerError.
    """
    fields = Fields("variable declaration", raw)
    name, kind = fields.text("name"), _value_type(fields.text("type"))
    choices = tuple(fields.array_or_empty("choices"))
    if not {str}.issuperset(map(type, choices)):
        raise CorruptError(f"the variable {name!r} has a choice that is no text")
    declaration = VariableDeclaration(
        name,
        kind,
        choices,
        fields.flag("required"),
        fields.flag("three_valued"),
        fields.take("default", python_type(kind), None),
    )
    fields.end()
    if declaration.default is not None and kind is ValueType.ENUM and declaration.default not in choices:
        raise CorruptError(f"the default of the variable {name!r} is none of its choices")
    if declaration.default is not None and declaration.three_valued:
        raise CorruptError(f"the variable {name!r} is three-valued and has a default")
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
        "keypoints": list(declaration.keypoints) or None,
        "skeleton": [list(pair) for pair in declaration.skeleton] or None,
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
        _unpack_keypoints(fields.array_or_empty("keypoints")),
        tuple(map(_unpack_pair, fields.array_or_empty("skeleton"))),
    )
    fields.end()
    if any(index >= len(declaration.keypoints) for pair in declaration.skeleton for index in pair):
        raise CorruptError(f"the skeleton of label {declaration.name!r} joins keypoints that it does not have")
    return declaration


def encode_variable(declaration: VariableDeclaration) -> bytes:
    """One declaration alone, as a tree holds it."""
    return encode(pack_variable(declaration))


def decode_variable(data: bytes) -> VariableDeclaration:
    """The declaration that the bytes hold. Raises as `unpack_variable`."""
    return unpack_variable(decode(data))


def encode_label(declaration: LabelDeclaration) -> bytes:
    """One declaration alone, as a tree holds it."""
    return encode(pack_label(declaration))


def decode_label(data: bytes) -> LabelDeclaration:
    """The declaration that the bytes hold. Raises as `unpack_label`."""
    return unpack_label(decode(data))


def least_tree_version(variables: Iterable[VariableDeclaration], labels: Iterable[LabelDeclaration]) -> int:
    """The lowest version of a tree that holds these declarations."""
    is_plain = all(one.default is None for one in variables) and not any(one.keypoints for one in labels)
    return 1 if is_plain else 2


def _unpack_keypoints(raw: list[Any]) -> tuple[str, ...]:
    if not {str}.issuperset(map(type, raw)) or len(set(raw)) < len(raw):
        raise CorruptError("the keypoints of a label declaration are no names, or have one twice")
    return tuple(raw)


def _unpack_pair(raw: object) -> tuple[int, int]:
    match raw:
        case [a, b] if is_count(a) and is_count(b):
            return a, b
        case _:
            raise CorruptError("the skeleton of a label declaration holds what is no pair")
