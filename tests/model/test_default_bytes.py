"""Golden vectors and damage of the defaults of variables, which trees of version 2 hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.model_strategies import texts

from dvcore.encoding import decode, encode
from dvcore.errors import CorruptError, NeedsNewerError
from dvcore.ids import NodeId
from dvcore.model.declarations import VariableDeclaration, pack_variable, unpack_variable
from dvcore.model.tree import Directory, Tree, decode_tree, encode_tree
from dvcore.model.values import Value, ValueType

NOTHING = NodeId(bytes(32))
STRATEGIES: dict[ValueType, st.SearchStrategy[Value]] = {
    ValueType.BOOL: st.booleans(),
    ValueType.INT: st.integers(-(2**63), 2**63 - 1),
    ValueType.FLOAT: st.floats(allow_nan=False, allow_infinity=False),
    ValueType.TEXT: texts,
}
CASES = st.sampled_from(list(STRATEGIES)).flatmap(lambda kind: st.tuples(st.just(kind), STRATEGIES[kind]))


def tree_of(*variables: VariableDeclaration) -> Tree:
    return Tree(Directory(NOTHING), NOTHING, variables)


def test_a_tree_with_a_default_has_version_2() -> None:
    data = encode_tree(tree_of(VariableDeclaration("dpi", ValueType.INT, default=200)))
    assert (
        data.hex()
        == (
            "93a474726565"  # array of 3: tree
            "0283"  # version 2, map of 3
            "a566696c6573c420" + "00" * 32 + "a4726f6f7493c420" + "00" * 32 + "0000"
            "a97661726961626c657391"  # variables, array of 1
            "83a764656661756c74ccc8a46e616d65a3647069a474797065a3696e74"  # default 200, name dpi, type int
        )
    )


def test_without_one_it_stays_version_1() -> None:
    assert decode(encode_tree(tree_of(VariableDeclaration("dpi", ValueType.INT, required=True))))[1] == 1


@given(CASES)
def test_any_default_comes_back(case: tuple[ValueType, Value]) -> None:
    kind, default = case
    tree = tree_of(VariableDeclaration("name", kind, default=default))
    found = decode_tree(encode_tree(tree))
    assert found == tree
    assert type(found.variables[0].default) is type(default)


def test_falsy_defaults_are_kept() -> None:
    for kind, default in ((ValueType.BOOL, False), (ValueType.INT, 0), (ValueType.FLOAT, 0.0), (ValueType.TEXT, "")):
        packed = pack_variable(VariableDeclaration("name", kind, default=default))
        assert unpack_variable(packed).default == default
        assert packed["default"] is default


@pytest.mark.parametrize(
    ("kind", "default"), [("int", "200"), ("int", 2.0), ("int", True), ("float", 2), ("bool", 1), ("text", 7)]
)
def test_a_default_of_another_type_is_damage(kind: str, default: Value) -> None:
    with pytest.raises(CorruptError, match="'default' of a variable declaration"):
        unpack_variable({"name": "name", "type": kind, "default": default})


def test_a_default_that_is_no_choice_is_damage() -> None:
    with pytest.raises(CorruptError, match="none of its choices"):
        unpack_variable({"name": "kind", "type": "enum", "choices": ["a"], "default": "b"})
    with pytest.raises(CorruptError, match="none of its choices"):
        unpack_variable({"name": "kind", "type": "enum", "default": "b"})


def test_a_default_of_what_may_be_unknown_is_damage() -> None:
    with pytest.raises(CorruptError, match="three-valued and has a default"):
        unpack_variable({"name": "seen", "type": "bool", "three_valued": True, "default": True})


def test_versions_that_do_not_fit_are_refused() -> None:
    kind, _, fields = decode(encode_tree(tree_of(VariableDeclaration("dpi", ValueType.INT, default=200))))
    with pytest.raises(CorruptError, match="format version 1 should have version 2"):
        decode_tree(encode([kind, 1, fields]))
    with pytest.raises(NeedsNewerError):
        decode_tree(encode([kind, 4, fields]))
