"""Which files an expression selects: unset values, functions, paths; and an interpreter in plain Python agrees."""

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support.described_trees import Described, file_id, write_tree

from dvcore.errors import ExpressionError, NotFoundError
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.files import ImageFacts
from dvcore.model.names import ROOT, parse_path
from dvcore.model.values import ValueType
from dvcore.query import Row, evaluate, select
from dvcore.query.parser import MAX_CHAINED, MAX_DEPTH
from dvcore.repo.repository import Repository

BOOL = VariableDeclaration("Almond", ValueType.BOOL)
TERNARY = VariableDeclaration("seen", ValueType.BOOL, three_valued=True)
DPI = VariableDeclaration("dpi", ValueType.INT)
SIZE = VariableDeclaration("nut size", ValueType.FLOAT)
LOCATION = VariableDeclaration("location", ValueType.TEXT)
KIND = VariableDeclaration("kind", ValueType.ENUM, ("walnut", "fig"))
VARIABLES = (BOOL, TERNARY, DPI, SIZE, LOCATION, KIND)


def names(paths: Mapping[str, Any], where: str | None, **options: Any) -> list[str]:
    """The paths that an expression selects from a tree in memory."""
    with Repository.in_memory() as repository:
        tree = write_tree(repository, paths, variables=VARIABLES, labels=("dog", "it's"))
        return [row.path for row in select(repository, tree, where=where, **options)]


THREE = {
    "no": Described({"Almond": False, "seen": False}),
    "unset": Described(),
    "yes": Described({"Almond": True, "seen": True}),
}


@pytest.mark.parametrize(
    ("where", "selected"),
    [
        ("Almond", ["yes"]),
        ("NOT Almond", ["no", "unset"]),
        ("Almond = false", ["no", "unset"]),
        ("Almond IS NULL", []),
        ("Almond IN (false)", ["no", "unset"]),
        ("seen", ["yes"]),
        ("NOT seen", ["no"]),
        ("seen <> true", ["no"]),
        ("seen IS NULL", ["unset"]),
        ("seen IS NOT true", ["no", "unset"]),
        ("seen OR true", ["no", "unset", "yes"]),
        ("seen = Almond", ["no", "yes"]),
        ("dpi = 1 OR dpi <> 1 OR NOT dpi = 1", []),
        ("dpi IS NULL AND coalesce(dpi, 7) = 7", ["no", "unset", "yes"]),
        ("annotated", []),
    ],
)
def test_unset_values(where: str, selected: list[str]) -> None:
    assert names(THREE, where) == selected


PHOTO = Described(
    {"dpi": 200, "location": "Reute", "kind": "fig", "nut size": 2.5},
    {"location": "Müller's\nhof 100%", "Almond": True},
    ("dog", "dog", "it's"),
    ImageFacts(640, 480, "PNG", "L"),
    4096,
    True,
)


@pytest.mark.parametrize(
    "where",
    [
        "path = 'nuts/a_1.png' AND name = 'a_1.png' AND directory = 'nuts'",
        "width = 640 AND height = 480 AND format = 'PNG' AND mode = 'L' AND bytes = 4096 AND annotated",
        "dpi = 200 AND kind = 'fig' AND \"nut size\" = 2.5 AND Almond",
        "location = 'Müller''s\nhof 100%'",
        "location = 'Mu\u0308ller''s\nhof 100%'",
        "has('dog') AND has('it''s') AND count('dog') = 2 AND count('it''s') = 1 AND count() = 3",
        "name LIKE 'A\\_1.%' ESCAPE '\\' AND NOT name LIKE 'a\\_\\_%' ESCAPE '\\'",
        "location LIKE 'mü%' AND location NOT LIKE 'MÜ%'",
        "name GLOB 'a_[0-9].*' AND name NOT GLOB 'A*'",
        "dpi / 3 = 66 AND -dpi / 3 = -66 AND dpi / 3.0 > 66.6 AND dpi % 7 = 4 AND -dpi % 7 = -4",
        "dpi / 0 IS NULL AND dpi % 0 IS NULL",
        "dpi - 100 - 50 = 50 AND 2 + 3 * 4 = 14",
        "'a' || kind || 'b' = 'afigb'",
        "length(location) = 17 AND upper(substr(location, 2, 2)) = 'üL' AND instr(location, 'hof') = 10",
        "trim('  a ') = 'a' AND trim('xay', 'xy') = 'a' AND replace(kind, 'f', 'w') = 'wig'",
        "substr(name, -3) = 'png' AND round(\"nut size\") = 3 AND round(-2.5) = -3 AND abs(-3) = 3",
        "min(3, 1.5, dpi) = 1.5 AND max('a', kind) = 'fig'",
        "dpi BETWEEN 200 AND 200 AND dpi NOT BETWEEN 201 AND 300 AND dpi IN (1, 200) AND dpi NOT IN (1, 2)",
        "dpi = 200.0 AND 9223372036854775807 > 9223372036854775806 AND -9223372036854775808 < 0",
    ],
)
def test_what_expressions_see(where: str) -> None:
    assert names({"nuts/a_1.png": PHOTO}, where) == ["nuts/a_1.png"]


def test_a_file_that_is_no_image_has_no_facts() -> None:
    assert names({"notes": Described(facts=None)}, "width IS NULL AND format IS NULL AND bytes = 1000") == ["notes"]


def test_one_row_for_each_path_of_a_file() -> None:
    paths = {"a/x": Described(labels=("dog",)), "b/y": "a/x", "z": Described()}
    assert names(paths, "has('dog')") == ["a/x", "b/y"]
    assert names(paths, "has('dog') AND directory = 'b'") == ["b/y"]


def test_a_value_of_another_type_than_is_declared_counts_as_unset() -> None:
    """Values may be older than the declaration that checks expressions."""
    assert names({"a": Described({"dpi": "200"}), "b": Described({"dpi": True})}, "dpi IS NULL") == ["a", "b"]


ODD = [
    "nuts",
    "nuts2/a",
    "nuts-x",
    "nut%/a",
    "nut_/a",
    "nut%s/a",
    "a/nuts/b",
    "NUTS/a",
    "z\uffff/a",
    "z\U0001f330/a",
    "zä",
]


@pytest.mark.parametrize(
    ("under", "selected"),
    [
        (["nuts"], ["nuts"]),
        (["nut%"], ["nut%/a"]),
        (["nut_"], ["nut_/a"]),
        (["a"], ["a/nuts/b"]),
        (["a/nuts", "a", "a/nuts/b", "nuts-x", "nuts"], ["a/nuts/b", "nuts", "nuts-x"]),
        (["z\U0001f330", "z\uffff"], ["z\uffff/a", "z\U0001f330/a"]),
        (["", "nuts"], sorted(ODD, key=str.encode)),
        ([], []),
    ],
)
def test_under_is_the_path_itself_and_what_is_below_it_in_order(under: list[str], selected: list[str]) -> None:
    files = {path: Described() for path in ODD}
    paths = [parse_path(text) for text in under]
    assert names(files, "true", under=paths) == selected
    assert names(files, None, under=paths) == selected


@pytest.mark.parametrize("where", [None, "true"])
def test_an_unknown_path_suggests_the_nearest(where: str | None) -> None:
    with pytest.raises(NotFoundError, match="did you mean 'walnuts'"):
        names({"walnuts/a": Described()}, where, under=[("wallnuts",)])


def test_evaluate_gives_true_false_or_unknown_for_each_expression() -> None:
    with Repository.in_memory() as repository:
        tree = write_tree(repository, THREE, variables=VARIABLES)
        outcomes = evaluate(repository, tree, expressions=["seen", "Almond", "path = 'no'"], where="NOT (seen IS true)")
        assert list(outcomes) == [
            (Row("no", file_id("no")), (False, False, True)),
            (Row("unset", file_id("unset")), (None, False, False)),
        ]


def test_more_expressions_than_a_statement_has_columns() -> None:
    expressions = [f"dpi = {number}" for number in range(1_234)]
    with Repository.in_memory() as repository:
        tree = write_tree(repository, {f"f{n:03}": Described({"dpi": n * 100}) for n in range(12)}, variables=VARIABLES)
        for number, (row, outcome) in enumerate(evaluate(repository, tree, expressions=expressions, where="true")):
            assert row.path == f"f{number:03}"
            assert [place for place, one in enumerate(outcome) if one] == [number * 100]


def test_more_parameters_than_a_statement_takes() -> None:
    many = f"dpi IN ({', '.join('1' for _ in range(3_000))})"
    with Repository.in_memory() as repository:
        tree = write_tree(repository, {"a": Described({"dpi": 1})}, variables=VARIABLES)
        outcomes = evaluate(repository, tree, expressions=[many] * 15, where=many)
        assert list(outcomes) == [(Row("a", file_id("a")), (True,) * 15)]


def test_a_wrong_expression_or_path_is_told_before_the_first_row() -> None:
    with Repository.in_memory() as repository:
        tree = write_tree(repository, THREE, variables=VARIABLES)
        with pytest.raises(ExpressionError, match="'dip'"):
            evaluate(repository, tree, expressions=["true", "dip = 1"], where=None)
        with pytest.raises(NotFoundError):
            evaluate(repository, tree, expressions=[], where="true", under=[("nowhere",)])


HOSTILE = ["'; DROP TABLE files; --", 'x" OR 1=1 --', "e.path", "v0", "?", "%s{0}", "a'b", "\\", "🌰"]


def test_names_texts_and_labels_never_become_sql() -> None:
    variables = [VariableDeclaration(name, ValueType.TEXT) for name in HOSTILE]
    files = {f"f{n}": Described({name: name}, labels=(name,)) for n, name in enumerate(HOSTILE)}
    with Repository.in_memory() as repository:
        tree = write_tree(repository, files, variables=variables, labels=HOSTILE)
        for number, name in enumerate(HOSTILE):
            quoted, text = name.replace('"', '""'), name.replace("'", "''")
            for where in (f"\"{quoted}\" = '{text}'", f"has('{text}')", f"count('{text}') = 1"):
                assert [row.path for row in select(repository, tree, where=where)] == [f"f{number}"]


Nesting = Callable[[str], str]
CONDITION_NESTINGS: list[Nesting] = [
    "NOT ({})".format,
    "seen IN (true, {})".format,
    "seen = ({})".format,
    "false OR (true AND ({}))".format,
    "coalesce(seen, {})".format,
    "NOT coalesce(seen, seen, seen AND ({}))".format,
    "({}) IS NOT NULL".format,
]
NUMBER_NESTINGS: list[Nesting] = [
    "max(dpi, {})".format,
    "dpi - (dpi - {})".format,
    "dpi * (dpi + {})".format,
    "- ({})".format,
    "length(substr(name, 1, {}))".format,
]


@pytest.mark.parametrize(
    ("nest", "leaf", "condition"),
    [
        *[(nest, leaf, "{}") for nest in CONDITION_NESTINGS for leaf in ("has('dog')", "seen")],
        *[(nest, leaf, "({}) > 0") for nest in NUMBER_NESTINGS for leaf in ("count('dog')", "dpi")],
    ],
)
def test_whatever_is_not_too_deep_for_us_is_not_too_deep_for_sqlite(nest: Nesting, leaf: str, condition: str) -> None:
    texts = [leaf]
    while len(texts) <= MAX_DEPTH:
        texts.append(nest(texts[-1]))
    refused = [text for text in texts if is_too_deep(condition.format(text))]
    assert refused
    assert refused == texts[-len(refused) :]
    assert len(refused) < MAX_DEPTH


def is_too_deep(where: str) -> bool:
    """Any other error than ours goes through."""
    try:
        names({"a": Described()}, where)
    except ExpressionError as error:
        if "too many operators" not in error.message:
            raise
        return True
    return False


def test_a_between_as_deep_as_may_be() -> None:
    text = "dpi"
    for _ in range(MAX_DEPTH - 3):
        text = f"max(dpi, {text})"
    assert names({"a": Described({"dpi": 3})}, f"dpi BETWEEN 3 AND {text} AND true") == ["a"]


@pytest.mark.parametrize("chain", [" OR ".join(["dpi = 1"] * MAX_CHAINED), "+".join(["dpi"] * MAX_CHAINED) + " = 2700"])
def test_the_longest_chains(chain: str) -> None:
    assert names({"a": Described({"dpi": 3})}, f"NOT ({chain})") == (["a"] if "OR" in chain else [])


@pytest.mark.parametrize(
    "where",
    [
        'abs("int" - 1 - 9223372036854775807) > 0',
        "length(replace(replace(replace(replace(text, 'a', '{0}'), 'a', '{0}'), 'a', '{0}'), 'a', '{0}')) > 0".format(
            "a" * 200
        ),
        "text LIKE '" + "%a" * 600 + "'",
    ],
)
def test_values_that_go_too_far_are_errors_of_the_expression(where: str) -> None:
    variables = [VariableDeclaration("int", ValueType.INT), VariableDeclaration("text", ValueType.TEXT)]
    with Repository.in_memory() as repository:
        tree = write_tree(repository, {"a": Described({"int": 0, "text": "a" * 60_000})}, variables=variables)
        with pytest.raises(ExpressionError, match="cannot be evaluated"):
            select(repository, tree, where=where)


def test_labels_are_counted_as_pycocotools_counts_them(shared_data: Path) -> None:
    coco = json.loads((shared_data / "coco-polygons" / "trainval.json").read_text())
    labels = {one["id"]: one["name"] for one in coco["categories"]}
    images = {
        one["file_name"]: Described(
            labels=tuple(labels[a["category_id"]] for a in coco["annotations"] if a["image_id"] == one["id"])
        )
        for one in coco["images"]
    }
    with Repository.in_memory() as repository:
        tree = write_tree(repository, images, labels=list(labels.values()))
        for number, label in labels.items():
            expected = {a["image_id"] for a in coco["annotations"] if a["category_id"] == number}
            assert len(select(repository, tree, where=f"has('{label}')")) == len(expected)
        total = sum(
            count
            for one in images
            for count in [len(select(repository, tree, where=f"name = '{one}' AND count() > 0"))]
        )
        assert total == len({a["image_id"] for a in coco["annotations"]})


def test_paths_come_in_the_order_of_their_bytes() -> None:
    found = names({path: Described() for path in ODD}, "true", under=[ROOT])
    assert all(a.encode() < b.encode() for a, b in pairwise(found))
    assert len(found) == len(ODD)
