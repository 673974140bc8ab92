"""Text to syntax: what is accepted, how strongly operators bind, and where an error points."""

import sqlite3

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dvcore.errors import ExpressionError
from dvcore.ids import NodeId
from dvcore.model.tree import Directory, Tree
from dvcore.query.checker import Checked
from dvcore.query.compiler import compile_condition
from dvcore.query.parser import MAX_CHAINED, MAX_DEPTH, parse_expression
from dvcore.query.syntax import Between, Binary, Call, Chain, In, Literal, Match, Name, Unary
from dvcore.query.tokens import MAX_CHARACTERS
from dvcore.query.vocabulary import Vocabulary

EMPTY = Vocabulary(Tree(Directory(NodeId(bytes(32)), 0), NodeId(bytes(32))))


def one(column: int) -> Literal:
    return Literal(1, column)


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("Almond", Name("Almond", False, 1)),
        ('"nut size"', Name("nut size", True, 1)),
        ('"a ""b"""', Name('a "b"', True, 1)),
        ('"true"', Name("true", True, 1)),
        ("größe", Name("größe", False, 1)),
        ("'it''s'", Literal("it's", 1)),
        ("''", Literal("", 1)),
        ("TRUE", Literal(True, 1)),
        ("false", Literal(False, 1)),
        ("Null", Literal(None, 1)),
        ("007", Literal(7, 1)),
        ("1.", Literal(1.0, 1)),
        (".5e-1", Literal(0.05, 1)),
        ("9223372036854775807", Literal(2**63 - 1, 1)),
        ("-9223372036854775808", Literal(-(2**63), 1)),
        ("- 1.5", Literal(-1.5, 1)),
        ("-(1)", Unary("-", one(3), 1)),
        ("1 == 1", Binary("=", one(1), one(6), 1)),
        ("1 != 1", Binary("<>", one(1), one(6), 1)),
        ("1 IS NOT 1", Binary("IS NOT", one(1), one(10), 1)),
        ("1 IN (1,1)", In(one(1), (one(7), one(9)), False, 1)),
        ("1 NOT IN (1)", In(one(1), (one(11),), True, 1)),
        ("1 NOT BETWEEN 1 AND 1", Between(one(1), one(15), one(21), True, 1)),
        ("1 like 1", Match("LIKE", one(1), one(8), None, False, 1)),
        ("1 NOT LIKE 1 ESCAPE '!'", Match("LIKE", one(1), one(12), "!", True, 1)),
        ("1 GLOB 1", Match("GLOB", one(1), one(8), None, False, 1)),
        ("COUNT()", Call("count", (), 1)),
        ("length (1)", Call("length", (one(9),), 1)),
        ("1 AND 1 AND 1", Chain(("AND", "AND"), (one(1), one(7), one(13)), 1)),
        ("1 - 1 + (1 - 1)", Chain(("-", "+"), (one(1), one(5), Chain(("-",), (one(10), one(14)), 10)), 1)),
        ("1 + 1 * 1", Chain(("+",), (one(1), Chain(("*",), (one(5), one(9)), 5)), 1)),
        ("NOT 1 = 1", Unary("NOT", Binary("=", one(5), one(9), 5), 1)),
        ("\n1\t", one(2)),
    ],
)
def test_syntax(text: str, node: object) -> None:
    assert parse_expression(text) == node


def test_texts_and_names_are_normalised_but_columns_count_what_was_written() -> None:
    written = "'u\u0308' = \"u\u0308\""
    assert parse_expression(written) == Binary("=", Literal("ü", 1), Name("ü", True, 8), 1)


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("", 1, "empty"),
        ("   ", 4, "empty"),
        ("a =", 4, "found the end"),
        ("(a = 1", 7, "expected ')'"),
        ("a = 1)", 6, "unexpected ')'"),
        ("a = 1 b", 7, "combine conditions with AND or OR"),
        ("a AND AND b", 7, "found 'AND'"),
        ("a IN ()", 7, "found ')'"),
        ("a IN 1", 6, "expected '('"),
        ("a IN (1 2)", 9, "expected ')'"),
        ("a IN (1,)", 9, "found ')'"),
        ("a NOT 1", 7, "after NOT"),
        ("a BETWEEN 1 OR 2", 13, "expected AND"),
        ("a LIKE 'x' ESCAPE '!!'", 19, "one character"),
        ("a GLOB 'x' ESCAPE '!'", 12, "unexpected 'ESCAPE'"),
        ("a = 'abc", 5, "not closed"),
        ('a = "abc', 5, "not closed"),
        ("a = ‘abc’", 5, "straight 'single quotes'"),
        ("a = `b`", 5, "double quotes"),
        ("[a] = 1", 1, "double quotes"),
        ("a && b", 3, "write AND"),
        ("a | b", 3, "write OR"),
        ("!a", 1, "write NOT"),
        ("a; DROP TABLE files", 2, "one expression"),
        ("a -- rest", 3, "comment"),
        ("a /* rest */", 3, "comment"),
        ("a = ?", 5, "unexpected '?'"),
        ("a = :b", 5, "unexpected ':'"),
        ("a = 0x10", 6, "unexpected 'x10'"),
        ("a. = 1", 4, "expected a name after 'a' and a dot"),
        ("'a'.b = 1", 4, "unexpected '.'"),
        ('"a".b = 1', 4, "unexpected '.'"),
        ("a.b.c = 1", 4, "unexpected '.'"),
        ("EXISTS (1)", 9, "EXISTS (SELECT 1 FROM instances WHERE …)"),
        ("EXISTS (SELECT FROM instances)", 21, "expected FROM"),
        ("EXISTS (SELECT 1 FROM files)", 23, "nothing else to select from"),
        ("EXISTS (SELECT 1 FROM instances i)", 33, "expected WHERE or ')', found 'i'"),
        ("EXISTS (SELECT 1 FROM instances, files)", 32, "neither other tables"),
        ("EXISTS (SELECT 1 FROM instances WHERE a GROUP BY b)", 41, "nor groups"),
        ("EXISTS (SELECT * FROM instances WHERE)", 38, "expected a value, found ')'"),
        ("EXISTS (SELECT * FROM instances", 32, "found the end"),
        ("(SELECT 1 FROM instances)", 9, "expected ')'"),
        ("a = 9223372036854775808", 5, "64 bit"),
        ("a = -9223372036854775809", 6, "64 bit"),
        ("a = 1e999", 5, "64 bit"),
        ("a = " + "9" * 5000, 5, "64 bit"),
        ("ä = 'ö' oder", 9, "unexpected 'oder'"),
        ("a = '\udcff'", 6, "no UTF-8"),
        ("a" * (MAX_CHARACTERS + 1), MAX_CHARACTERS + 1, "too long"),
        ("(" * 200 + "a" + ")" * 200, 101, "parentheses"),
        ("NOT " * 200 + "a", 401, "parentheses"),
        ("1" + "+1" * 1000 + " = 1", 1, "1001 operands"),
        ("1" + " = 1" * 1000, 3957, "too many operators"),
        (" OR ".join(["a"] * (MAX_CHAINED + 1)), 1, "IN (…)"),
    ],
)
def test_error_points_at_the_column(text: str, column: int, said: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text)
    assert caught.value.column == column
    assert said in str(caught.value)
    assert len(str(caught.value)) < 400


@given(st.text(max_size=40) | st.text(alphabet="a1'\"()=<>|-+*/% \nANDORTISLKE,.", max_size=40))
def test_any_text_parses_or_is_an_expression_error(text: str) -> None:
    column = None
    try:
        parse_expression(text)
    except ExpressionError as error:
        column = error.column
    assert column is None or 1 <= column <= len(text) + 1


OPERATORS = ["OR", "AND", "=", "<>", "IS", "IS NOT", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "LIKE", "NOT LIKE"]
OPERANDS = st.tuples(st.sampled_from(["", "", "NOT ", "- "]), st.sampled_from(["0", "1", "2", "3", "NULL"])).map(
    "".join
)


@given(OPERANDS, st.lists(st.tuples(st.sampled_from(OPERATORS), OPERANDS), max_size=5))
@example("1", [("=", "2"), ("<", "3")])
@example("2", [("-", "1"), ("-", "1")])
@example("NOT 1", [("AND", "0")])
@example("1", [("BETWEEN", "0 AND 1"), ("AND", "0")])
@example("1", [("IN", "(2) = 0"), ("OR", "1")])
@example("- 2", [("||", "1"), ("+", "3")])
def test_operators_bind_as_in_sqlite(first: str, rest: list[tuple[str, str]]) -> None:
    """The text as SQLite reads it, against the text with the parentheses that our parser sees in it."""
    text = " ".join([first, *[f"{operator} {operand}" for operator, operand in rest]])
    compiled = compile_condition(EMPTY, Checked(text, parse_expression(text), False, {}))
    connection = sqlite3.connect(":memory:")
    expected = connection.execute(f"SELECT {text}").fetchone()
    assert connection.execute(f"SELECT {compiled.sql}", compiled.parameters).fetchone() == expected
    connection.close()


def test_depth_is_counted_in_operators_not_in_parentheses() -> None:
    nested = "a"
    for _ in range(MAX_DEPTH - 1):
        nested = f"((NOT ({nested})))"
    parse_expression(nested)
    with pytest.raises(ExpressionError, match="too many operators"):
        parse_expression(f"NOT {nested}")
