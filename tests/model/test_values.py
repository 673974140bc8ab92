import math

import pytest

from dvcore.errors import InvalidInputError
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.values import MAX_TEXT_BYTES, Value, ValueType, check_value, format_value, has_type, parse_value


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (ValueType.BOOL, "true", True),
        (ValueType.BOOL, " YES ", True),
        (ValueType.BOOL, "0", False),
        (ValueType.INT, "-200", -200),
        (ValueType.INT, str(2**63 - 1), 2**63 - 1),
        (ValueType.FLOAT, "2", 2.0),
        (ValueType.FLOAT, "1e-3", 0.001),
        (ValueType.TEXT, "Mu\u0308nster", "Münster"),
        (ValueType.TEXT, "", ""),
        (ValueType.ENUM, "walnut", "walnut"),
    ],
)
def test_values_of_texts(kind: ValueType, text: str, value: Value) -> None:
    parsed = parse_value(kind, text)
    assert (parsed, type(parsed)) == (value, type(value))
    assert has_type(parsed, kind)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (ValueType.BOOL, "maybe"),
        (ValueType.BOOL, ""),
        (ValueType.INT, "1.0"),
        (ValueType.INT, ""),
        (ValueType.INT, str(2**63)),
        (ValueType.INT, "9" * 5000),
        (ValueType.FLOAT, "nan"),
        (ValueType.FLOAT, "1e999"),
        (ValueType.FLOAT, "wide"),
        (ValueType.TEXT, "x" * (MAX_TEXT_BYTES + 1)),
    ],
)
def test_texts_that_are_no_values(kind: ValueType, text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_value(kind, text)


def test_a_value_is_kept_or_refused() -> None:
    assert math.copysign(1, check_value(-0.0)) == 1
    assert check_value(True) is True
    assert check_value("x" * MAX_TEXT_BYTES) == "x" * MAX_TEXT_BYTES
    with pytest.raises(InvalidInputError, match="does not fit into 64"):
        check_value(10**5000)


def test_types_are_not_mixed_up() -> None:
    assert not has_type(True, ValueType.INT)
    assert not has_type(1, ValueType.FLOAT)
    assert not has_type(1, ValueType.BOOL)
    assert has_type("x", ValueType.ENUM)


def test_values_for_people() -> None:
    assert [format_value(value) for value in (None, True, False, 200, 0.5, "Reute")] == [
        "",
        "true",
        "false",
        "200",
        "0.5",
        "Reute",
    ]


def test_a_declared_variable_reads_its_values_and_names_itself_when_it_cannot() -> None:
    kind = VariableDeclaration("kind", ValueType.ENUM, ("walnut", "almond"))
    assert kind.parse("almond") == "almond"
    with pytest.raises(InvalidInputError, match="variable 'kind' has no choice 'wallnut'; did you mean 'walnut'"):
        kind.parse("wallnut")
    with pytest.raises(InvalidInputError, match="its choices are walnut, almond"):
        kind.parse("zzz")
    with pytest.raises(InvalidInputError, match="variable 'dpi': 'many' is no int"):
        VariableDeclaration("dpi", ValueType.INT).parse("many")
    with pytest.raises(InvalidInputError, match="variable 'dpi' is int, not 'true'"):
        VariableDeclaration("dpi", ValueType.INT).check(True)
