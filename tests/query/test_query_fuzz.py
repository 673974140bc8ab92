"""Whatever text stands for an expression: it is evaluated, or it is an ExpressionError."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.described_trees import Described, write_tree

from dvcore.errors import ExpressionError
from dvcore.model.annotations import Entered
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.geometry import Box
from dvcore.model.values import ValueType
from dvcore.query import evaluate_instances, iter_advice, select
from dvcore.repo.repository import Repository
from dvcore.repo.treereader import TreeReader

WORDS = """
has( has('nut', has(area count( count('nut') attribute('pose') attribute('score') attribute( EXISTS (SELECT 1 * FROM
instances WHERE files.Almond files. instances.area label area score geometry box_x 'nut' 'box' path dpi location Almond
"nut size" AND OR NOT IN BETWEEN LIKE GLOB ESCAPE IS NULL = <> < <= + - * / % || ( ) , . 1 2.5 1e308 0
9223372036854775807 9223372036854775808 true false '' "" '%_%' lower( coalesce( max( substr( round( abs( length( \\ ; --
/* ? é 🌰 \x00 ' "
"""
PHRASES = st.lists(st.sampled_from(WORDS.split(" ")), max_size=16).map(" ".join)
VARIABLES = (
    VariableDeclaration("dpi", ValueType.INT),
    VariableDeclaration("nut size", ValueType.FLOAT),
    VariableDeclaration("location", ValueType.TEXT, default="Reute"),
    VariableDeclaration("Almond", ValueType.BOOL),
)
NUT = Entered("nut", Box(1.0, 2.0, 3.0, 4.0), attributes={"pose": "left", "score": 0.5})
PATHS = {"a": Described({"dpi": -(2**63), "nut size": 1e308}, instances=(NUT,)), "b/c": Described()}


@pytest.fixture(scope="module")
def opened() -> Iterator[tuple[Repository, TreeReader]]:
    with Repository.in_memory() as repository:
        yield repository, write_tree(repository, PATHS, variables=VARIABLES, labels=("nut",))


@settings(max_examples=600, deadline=None)
@given(PHRASES | st.text(max_size=40) | PHRASES.map("has({})".format) | PHRASES.map("NOT ({})".format))
def test_no_expression_gets_past_the_error_tree(opened: tuple[Repository, TreeReader], text: str) -> None:
    repository, tree = opened
    with suppress(ExpressionError):
        select(repository, tree, where=text)
    with suppress(ExpressionError):
        list(evaluate_instances(repository, tree, expressions=[text]))
    for of_instance in (False, True):
        with suppress(ExpressionError):
            list(iter_advice(repository, tree, text, of_instance=of_instance))
