"""Random expressions over random files: SQLite and an interpreter in plain Python give the same, NULL logic included.

An expression is a pair: its text, and a function of a file's values. None is NULL.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.described_trees import Described, write_tree

from dvcore.model.declarations import VariableDeclaration
from dvcore.model.values import ValueType
from dvcore.query import evaluate
from dvcore.repo.repository import Repository

Values = Mapping[str, Any]
Expression = tuple[str, Callable[[Values], Any]]


def strict(function: Callable[..., Any]) -> Callable[..., Any]:
    """NULL if any argument is."""
    return lambda *arguments: None if any(one is None for one in arguments) else function(*arguments)


def both(left: bool | None, right: bool | None) -> bool | None:
    """Kleene's AND."""
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def negate(value: bool | None) -> bool | None:
    return None if value is None else not value


def either(left: bool | None, right: bool | None) -> bool | None:
    return negate(both(negate(left), negate(right)))


def quotient(left: int, right: int) -> int | None:
    """Towards zero."""
    return None if right == 0 else abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)


def remainder(left: int, right: int) -> int | None:
    whole = quotient(left, right)
    return None if whole is None else left - whole * right


def like(text: str, pattern: str) -> bool:
    """ASCII letters in any case."""
    parts = {"%": ".*", "_": "."}
    expression = "".join(parts.get(sign) or re.escape(sign) for sign in fold(pattern))
    return re.fullmatch(expression, fold(text), re.DOTALL) is not None


def fold(text: str) -> str:
    return "".join(sign.lower() if sign.isascii() else sign for sign in text)


def raised(text: str) -> str:
    return "".join(sign.upper() if sign.isascii() else sign for sign in text)


def call(template: str, function: Callable[..., Any], *arguments: Expression) -> Expression:
    return template.format(*(text for text, _ in arguments)), lambda values: function(
        *(one(values) for _, one in arguments)
    )


def variable(name: str, default: Any = None) -> Expression:
    return name, lambda values: values.get(name, default)


def constant(value: Any) -> Expression:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'", lambda _: value
    return str(value if value is not None else "NULL"), lambda _: value


def one_of(
    choices: list[tuple[str, Callable[..., Any]]], *arguments: st.SearchStrategy[Expression]
) -> st.SearchStrategy[Expression]:
    return st.sampled_from(choices).flatmap(lambda one: st.tuples(*arguments).map(lambda parts: call(*one, *parts)))


SIGNS = "aAzäÄ%_'\"[*? "
SMALL_TEXTS = st.text(alphabet=SIGNS, max_size=4)
SMALL_NUMBERS = st.integers(-9, 9)
COMPARISONS: list[tuple[str, Callable[..., Any]]] = [
    ("({} = {})", strict(lambda a, b: a == b)),
    ("({} <> {})", strict(lambda a, b: a != b)),
    ("({} IS {})", lambda a, b: a == b),
    ("({} IS NOT {})", lambda a, b: a != b),
]
ORDERS: list[tuple[str, Callable[..., Any]]] = [
    ("({} < {})", strict(lambda a, b: a < b)),
    ("({} <= {})", strict(lambda a, b: a <= b)),
    ("({} > {})", strict(lambda a, b: a > b)),
    ("({} >= {})", strict(lambda a, b: a >= b)),
]
BETWEEN: list[tuple[str, Callable[..., Any]]] = [
    (
        "({} BETWEEN {} AND {})",
        lambda x, a, b: both(strict(lambda p, q: p >= q)(x, a), strict(lambda p, q: p <= q)(x, b)),
    ),
    ("({} IN ({}, {}))", lambda x, a, b: either(strict(lambda p, q: p == q)(x, a), strict(lambda p, q: p == q)(x, b))),
]


def extended_numbers(numbers: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    two: list[tuple[str, Callable[..., Any]]] = [
        ("({} + {})", strict(lambda a, b: a + b)),
        ("({} - {})", strict(lambda a, b: a - b)),
        ("({} * {})", strict(lambda a, b: a * b)),
        ("({} / {})", strict(quotient)),
        ("({} % {})", strict(remainder)),
        ("max({}, {})", strict(max)),
        ("min({}, {})", strict(min)),
        ("coalesce({}, {})", lambda a, b: b if a is None else a),
    ]
    one: list[tuple[str, Callable[..., Any]]] = [("(- {})", strict(lambda a: -a)), ("abs({})", strict(abs))]
    return one_of(two, numbers, numbers) | one_of(one, numbers)


# Two levels, so that no product leaves 64 bit.
LEAF_NUMBERS = SMALL_NUMBERS.map(constant) | st.sampled_from(
    [variable("i"), variable("j"), ("count('dog')", lambda v: v["#dog"]), ("count()", lambda v: v["#"])]
)
NUMBERS = (
    LEAF_NUMBERS | extended_numbers(LEAF_NUMBERS) | extended_numbers(LEAF_NUMBERS | extended_numbers(LEAF_NUMBERS))
)
LEAF_TEXTS = SMALL_TEXTS.map(constant) | st.sampled_from([variable("s"), variable("t"), variable("name")])
TEXTS = LEAF_TEXTS | one_of(
    [
        ("({} || {})", strict(lambda a, b: a + b)),
        ("coalesce({}, {})", lambda a, b: b if a is None else a),
        ("lower({0} || {1})", strict(lambda a, b: fold(a + b))),
        ("upper({1} || {0})", strict(lambda a, b: raised(b + a))),
        ("trim({0} || {1})", strict(lambda a, b: (a + b).strip(" "))),
        ("replace({}, {}, 'xy')", strict(lambda a, b: a.replace(b, "xy") if b else a)),
        ("substr({} || {}, 2, 3)", strict(lambda a, b: (a + b)[1:4])),
    ],
    LEAF_TEXTS,
    LEAF_TEXTS,
)
LEAF_CONDITIONS = (
    st.sampled_from(
        [
            constant(True),
            constant(False),
            constant(None),
            variable("b", False),
            variable("c"),
            ("has('dog')", lambda v: v["#dog"] > 0),
            variable("annotated"),
        ]
    )
    | one_of(COMPARISONS + ORDERS, NUMBERS, NUMBERS)
    | one_of(COMPARISONS + ORDERS + [("({} LIKE {})", strict(like))], TEXTS, TEXTS)
    | one_of(
        [
            ("(instr({}, {}) > 0)", strict(lambda a, b: b in a)),
            ("(length({} || {}) = 3)", strict(lambda a, b: len(a + b) == 3)),
        ],
        TEXTS,
        TEXTS,
    )
    | one_of(BETWEEN, NUMBERS, NUMBERS, NUMBERS)
    | one_of(BETWEEN, TEXTS, TEXTS, TEXTS)
)
CONDITIONS = st.recursive(
    LEAF_CONDITIONS,
    lambda inner: (
        one_of([("(NOT {})", negate), ("({} IS NULL)", lambda a: a is None)], inner)
        | one_of([("({} AND {})", both), ("({} OR {})", either), *COMPARISONS[2:]], inner, inner)
    ),
    max_leaves=6,
)
FILES = st.fixed_dictionaries(
    {},
    optional={
        "i": SMALL_NUMBERS,
        "j": SMALL_NUMBERS,
        "s": SMALL_TEXTS,
        "t": SMALL_TEXTS,
        "b": st.booleans(),
        "c": st.booleans(),
    },
)
MODEL_VARIABLES = [
    *[VariableDeclaration(name, ValueType.INT) for name in "ij"],
    *[VariableDeclaration(name, ValueType.TEXT) for name in "st"],
    VariableDeclaration("b", ValueType.BOOL),
    VariableDeclaration("c", ValueType.BOOL, three_valued=True),
]


@settings(max_examples=200, deadline=None)
@given(st.lists(CONDITIONS, min_size=1, max_size=5), CONDITIONS, st.lists(FILES, min_size=1, max_size=4), st.data())
def test_agrees_with_plain_python(
    asked: list[Expression], where: Expression, files: list[Values], data: st.DataObject
) -> None:
    described, models = {}, {}
    for number, values in enumerate(files):
        labels = data.draw(st.lists(st.sampled_from(["dog", "cat"]), max_size=3))
        annotated = data.draw(st.booleans())
        described[f"n{number}"] = Described(values, labels=tuple(labels), annotated=annotated)
        known = {"name": f"n{number}", "annotated": annotated, "#dog": labels.count("dog"), "#": len(labels)}
        models[f"n{number}"] = {**values, **known}
    with Repository.in_memory() as repository:
        tree = write_tree(repository, described, variables=MODEL_VARIABLES, labels=("dog", "cat"))
        found = {
            row.path: outcome
            for row, outcome in evaluate(repository, tree, expressions=[text for text, _ in asked], where=where[0])
        }
    expected = {
        path: tuple(function(values) for _, function in asked) for path, values in models.items() if where[1](values)
    }
    assert found == expected
