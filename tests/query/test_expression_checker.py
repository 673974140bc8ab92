"""Names, kinds, choices and labels are judged before anything runs."""

import pytest

from dvcore.errors import ExpressionError
from dvcore.ids import NodeId
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.tree import Directory, Tree
from dvcore.model.values import ValueType
from dvcore.query import check_expression

NOWHERE = NodeId(bytes(32))
TREE = Tree(
    Directory(NOWHERE, 0),
    NOWHERE,
    (
        VariableDeclaration("Almond", ValueType.BOOL),
        VariableDeclaration("dpi", ValueType.INT),
        VariableDeclaration("nut size", ValueType.FLOAT),
        VariableDeclaration("location", ValueType.TEXT),
        VariableDeclaration("kind", ValueType.ENUM, ("walnut", "fig")),
    ),
    (LabelDeclaration("dog", 0), LabelDeclaration("guide dog", 1)),
)


@pytest.mark.parametrize(
    "text",
    [
        "Almond = true AND dpi = 200 AND location IN ('Waldkirch', 'Reute')",
        "Almond",
        "NOT Almond",
        "Almond IS NOT false OR annotated",
        'dpi = 200.0 AND "nut size" >= 3 AND dpi <> "nut size"',
        "location IS NULL AND dpi IS NOT NULL AND Almond IS NULL",
        "kind = 'fig' OR 'walnut' = kind OR kind IN ('fig') OR kind IS 'fig'",
        "kind LIKE 'w%' AND kind < 'x' AND kind || 'x' = 'unknownx'",
        "kind = location",
        "path = 'a' OR name GLOB '*.jpg' OR directory = '' OR format = 'PNG' OR mode = 'L'",
        "width * height > 1000 AND bytes % 2 = 0",
        "has('dog') AND count('guide dog') > count() / 2",
        "LENGTH(Trim(location)) BETWEEN 1 AND 3",
        "substr(name, 1) = substr(name, 1, 2) AND instr(name, 'a') > 0 AND replace(name, 'a', '') = lower(upper(name))",
        "min(dpi, 2, 0.5) < max(1, dpi) AND abs(-dpi) = round(\"nut size\") AND coalesce(location, 'a') = 'b'",
        "coalesce(Almond, annotated)",
        "NULL",
        "Almond AND NULL",
    ],
)
def test_accepted(text: str) -> None:
    check_expression(TREE, text)


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("almond", 1, "did you mean 'Almond'?"),
        ("PATH = 'x'", 1, "did you mean 'path'?"),
        ("dpi = 1 AND locaton = 'x'", 13, "did you mean 'location'?"),
        ("location = Reute", 12, "single quotes: 'Reute'"),
        ('location = "Reute"', 12, "single quotes: 'Reute'"),
        ("dpi = '200'", 7, "without quotes"),
        ("location = 200", 12, "single quotes"),
        ("Almond = 1", 10, "true or false"),
        ("Almond = 'yes'", 10, "true or false"),
        ("dpi = true", 7, "compared with true or false"),
        ("1 < dpi < 5", 11, "AND to join"),
        ("Almond < true", 1, "no order"),
        ("Almond BETWEEN false AND true", 1, "no order"),
        ("dpi = NULL", 7, "IS NULL"),
        ("dpi IN (1, NULL)", 12, "IS NULL"),
        ("dpi IN (1, 'a')", 12, "compared with a text"),
        ("dpi BETWEEN 1 AND 'a'", 19, "compared with a text"),
        ("kind = 'figg'", 8, "did you mean 'fig'?"),
        ("kind = 'FIG'", 8, "did you mean 'fig'?"),
        ("'zebra' <> kind", 1, "its choices are walnut, fig"),
        ("kind IN ('fig', 'wallnut')", 17, "did you mean 'walnut'?"),
        ("kind IS NOT 'figs'", 13, "did you mean 'fig'?"),
        ("dpi", 1, "not true or false"),
        ("location", 1, "a text, not true or false"),
        ("count('dog')", 1, "compare it"),
        ("NOT dpi", 5, "expected true or false"),
        ("Almond OR dpi", 11, "expected true or false"),
        ("location + 1 = 1", 1, "expected a number"),
        ("-location = 1", 2, "expected a number"),
        ("1.5 % 2 = 1", 1, "expected a whole number"),
        ("1.5 * 2 % 2 = 1", 1, "expected a whole number"),
        ("2 % 1.5 = 1", 5, "expected a whole number"),
        ("location || 1 = 'a'", 13, "expected a text"),
        ("dpi LIKE '2%'", 1, "expected a text"),
        ("name LIKE 2", 11, "expected a text"),
        ("has(dog)", 5, "write has('dog')"),
        ('has("guide dog")', 5, "write has('guide dog')"),
        ("has('dig')", 5, "did you mean 'dog'?"),
        ("has('DOG')", 5, "did you mean 'dog'?"),
        ("has(location)", 5, "single quotes"),
        ("has()", 1, "1 to 2 arguments, not 0"),
        ("count('dog', 'dog') = 1", 14, "expected true or false, found a text"),
        ("has('dog') = 1", 14, "true or false"),
        ("lowr(name) = 'a'", 1, "did you mean 'lower'?"),
        ("random() = 1", 1, "no function 'random'"),
        ("load_extension('x') = 1", 1, "no function"),
        ("date('now') = 'x'", 1, "no function"),
        ("lower(1) = 'a'", 7, "expected a text"),
        ("lower() = 'a'", 1, "1 arguments, not 0"),
        ("round(1.25, 1) = 1", 1, "1 arguments, not 2"),
        ("substr(name, 'a') = 'a'", 14, "expected a whole number"),
        ("coalesce(dpi) = 1", 1, "two arguments or more"),
        ("coalesce(dpi, 'a') = 1", 15, "expected a whole number"),
        ("coalesce(NULL, dpi) = 1", 10, "found NULL"),
        ("max(dpi, location) = 1", 10, "expected a whole number"),
        ("lower(location, (dpi = 'a'))= 'a'", 1, "1 arguments"),
        ("coalesce(dpi = 'a', true)", 16, "compared with a text"),
    ],
)
def test_refused_at_the_column_with_advice(text: str, column: int, said: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        check_expression(TREE, text)
    assert (caught.value.column, caught.value.expression) == (column, text)
    assert said in str(caught.value)
