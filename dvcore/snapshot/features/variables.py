"""Values of variables as features: of which type, and what an unset one becomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dvcore.errors import InvalidInputError
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.definition import Feature
from dvcore.model.files import FileRecord
from dvcore.model.values import Value, ValueType, format_value, parse_value
from dvcore.query.stated import Stated
from dvcore.repo.treereader import TreeReader
from dvcore.snapshot.features.listing import STOP

_TYPES: Final = {
    ValueType.BOOL: ("int", "float", "bytes"),
    ValueType.INT: ("int", "float", "bytes"),
    ValueType.FLOAT: ("float", "bytes"),
    ValueType.TEXT: ("bytes",),
    ValueType.ENUM: ("bytes",),
}
"""What each declared type can become; the first is what it becomes where nobody says."""

MAX_FLOAT: Final = (2 - 2**-23) * 2.0**127
"""The greatest float32."""

_PARSED_AS: Final = {"int": ValueType.INT, "float": ValueType.FLOAT, "bytes": ValueType.TEXT}


def value_type(feature: Feature, declaration: VariableDeclaration) -> str:
    """The type of a feature: `int`, `float` or `bytes`.

    Raises InvalidInputError where the variable cannot be of the type that the feature asks for, or the option `unset`
    cannot.
    """
    types = _TYPES[declaration.type]
    wanted = feature.options.get("type", types[0])
    if wanted not in types:
        raise InvalidInputError(
            f"the variable {declaration.name!r} is {declaration.type.value}, which is no {wanted}",
            hint=f"choose the type {' or '.join(types)}",
        )
    unset_value(feature.options.get("unset", STOP), wanted)
    return wanted


def unset_value(text: str, type_: str) -> Value | None:
    """What stands where nothing is set; None where nothing may.

    Raises InvalidInputError.
    """
    value = None if text == STOP else parse_value(_PARSED_AS[type_], text)
    if isinstance(value, float) and abs(value) > MAX_FLOAT:
        raise InvalidInputError(f"float32 cannot hold {text}", hint="give another value for what is unset")
    return value


def feature_value(value: Value, type_: str) -> Value:
    """A variable's value as a feature of this type: true is 1, and bytes are the text that people see."""
    match type_:
        case "int":
            return int(value)
        case "float":
            return float(value)
        case _:
            return format_value(value)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One feature: its variable, its type, and what stands where nothing is set."""

    declaration: VariableDeclaration
    type: str
    unset: Value | None

    def value(self, given: Value | None) -> Value | None:
        """None where it is missing."""
        return self.unset if given is None else feature_value(given, self.type)


class VariableReader:
    """The values of features that are variables, for the files of one tree."""

    def __init__(self, tree: TreeReader, features: Sequence[Feature]) -> None:
        self._wanted = tuple(_wanted(tree, feature) for feature in features)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the variables, in the order of the features."""
        return tuple(one.declaration.name for one in self._wanted)

    def values(self, record: FileRecord, stated: Stated) -> tuple[Value | None, ...]:
        """One for each feature: the annotated value, or that given on entry, or the variable's default, or what the
        option `unset` gives; None where that is `stop`."""
        return tuple(one.value(_find_value(one.declaration, record, stated)) for one in self._wanted)


def _wanted(tree: TreeReader, feature: Feature) -> _Wanted:
    declaration = tree.variable(feature.options["variable"])
    type_ = value_type(feature, declaration)
    return _Wanted(declaration, type_, unset_value(feature.options.get("unset", STOP), type_))


def _find_value(declaration: VariableDeclaration, record: FileRecord, stated: Stated) -> Value | None:
    name = declaration.name
    if name in stated.variables:
        return stated.variables[name]
    return record.variables.get(name, declaration.unset_reads)
