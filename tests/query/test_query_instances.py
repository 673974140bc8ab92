"""Conditions on instances: has, count, EXISTS, attributes, and expressions about each instance."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.described_trees import Described, file_id, write_tree

from dvcore.errors import ExpressionError
from dvcore.ids import FileId
from dvcore.model.annotations import Entered
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.geometry import Box, Geometry, Keypoints, Point, Polygon, Polyline, RotatedBox
from dvcore.model.runlength import mask_of_runs
from dvcore.model.tree import Tree
from dvcore.model.values import ValueType
from dvcore.query import check_expression, check_instance_expression, evaluate_instances, select
from dvcore.query.parser import MAX_DEPTH
from dvcore.repo.repository import Repository

VARIABLES = (
    VariableDeclaration("label", ValueType.TEXT),
    VariableDeclaration("area", ValueType.INT),
    VariableDeclaration("nut size", ValueType.FLOAT),
    VariableDeclaration("seen", ValueType.BOOL),
    VariableDeclaration("dpi", ValueType.INT, default=300),
)
LABELS = ("walnut", "almond", "it's")
MASK = mask_of_runs(4, 5, [4, 3, 13])
GEOMETRIES: dict[str, Geometry] = {
    "box": Box(1.0, 2.0, 3.0, 4.5),
    "rotated_box": RotatedBox(10.0, 10.0, 4.0, 2.0, 90.0),
    "polygon": Polygon((((0.0, 0.0, 4.0, 0.0, 4.0, 2.0),),)),
    "mask": MASK,
    "polyline": Polyline(((1.0, 1.0, 5.0, 4.0),)),
    "point": Point(3.0, 4.0),
    "keypoints": Keypoints(((0.0, 0.0, 0), (2.0, 3.0, 2), (4.0, 8.0, 1))),
}
EXPECTED = {
    "box": (1, 2, 3, 4.5, 13.5),
    "rotated_box": (9, 8, 2, 4, 8),
    "polygon": (0, 0, 4, 2, 4),
    "mask": (1, 0, 1, 3, 3),
    "polyline": (1, 1, 4, 3, 0),
    "point": (3, 4, 0, 0, 0),
    "keypoints": (2, 3, 2, 5, 0),
}


def nut(label: str = "walnut", geometry: Geometry | None = None, /, **attributes: Any) -> Entered:
    return Entered(label, geometry or GEOMETRIES["box"], attributes=attributes)


def names(paths: Mapping[str, Any], where: str) -> list[str]:
    with Repository.in_memory() as repository:
        tree = write_tree(repository, paths, variables=VARIABLES, labels=LABELS)
        return [row.path for row in select(repository, tree, where=where)]


PHOTOS = {
    "many": Described(
        {"label": "walnut", "area": 50, "seen": True},
        instances=(
            nut("walnut", Box(0.0, 0.0, 10.0, 10.0), score=0.9, pose="left", crowd=True, truncated=0.5),
            nut("walnut", Box(5.0, 5.0, 2.0, 3.0), score=0.4, pose="right", crowd=False),
            nut("almond", Box(1.0, 1.0, 20.0, 20.0), pose=7, track_id=2**62 + 1),
        ),
    ),
    "none": Described({"area": 3}),
    "one": Described({"label": "x", "dpi": 200}, instances=(nut("it's", Box(1.0, 1.0, 5.0, 2.0), score=1),)),
}


@pytest.mark.parametrize(
    ("where", "selected"),
    [
        ("has('walnut', area > 10)", ["many"]),
        ("has('walnut', area > 100)", []),
        ("has(area > 100)", ["many"]),
        ("has('almond', area > 100)", ["many"]),
        ("count('walnut', area > 1) = 2", ["many"]),
        ("count('walnut', area > 10) = 1", ["many"]),
        ("count(area > 5) = 3 AND count() = 3", ["many"]),
        ("count(area > 1000) = 0", ["many", "none", "one"]),
        ("has(label IN ('almond', 'it''s'))", ["many", "one"]),
        ("has(label LIKE 'WAL%')", ["many"]),
        ("has(label = 'walnut' AND label = 'almond')", []),
        ("has('walnut') AND has('almond')", ["many"]),
        ("EXISTS (SELECT 1 FROM instances WHERE area > 10 AND score >= 0.9)", ["many"]),
        ("exists (select * from Instances where label = 'almond')", ["many"]),
        ("EXISTS (SELECT label, area + 1 FROM instances)", ["many", "one"]),
        ("NOT EXISTS (SELECT 1 FROM instances)", ["none"]),
        ("has(score >= 0.9)", ["many", "one"]),
        ("has(score IS NULL)", ["many"]),
        ("has(attribute('score') = 1)", ["one"]),
        ("has(geometry = 'box' AND box_x = 5 AND box_y = 5 AND box_width = 2 AND box_height = 3)", ["many"]),
        ("has(box_width / box_height > 2.4)", ["one"]),
        ("has(attribute('pose') = 'left')", ["many"]),
        ("has(attribute('pose') > 'a')", ["many"]),
        ("has('almond', attribute('pose') > 'a')", []),
        ("has('almond', attribute('pose') = 7)", ["many"]),
        ("has('walnut', attribute('pose') = 7)", []),
        ("has('walnut', attribute('pose') > 0)", []),
        ("has('walnut', NOT attribute('pose') <> 'left')", ["many"]),
        ("has(attribute('pose') IN ('left', 'up'))", ["many"]),
        ("count(attribute('pose') IS NOT NULL) = 3", ["many"]),
        ("has(attribute('pose') IS 'right')", ["many"]),
        ("has(attribute('pose') BETWEEN 7 AND 8)", ["many"]),
        ("has(length(attribute('pose')) = 5 AND attribute('pose') LIKE 'RI%')", ["many"]),
        ("has(attribute('track_id') = 4611686018427387905)", ["many"]),
        ("has(attribute('track_id') = 4611686018427387904)", []),
        ("has(attribute('truncated') + 1 = 1.5)", ["many"]),
        ("has(coalesce(attribute('truncated'), 9) = 9)", ["many", "one"]),
        ("has(max(attribute('truncated'), 0.25) = 0.5)", ["many"]),
        ("count(attribute('crowd')) = 1", ["many"]),
        ("count(NOT attribute('crowd')) = 2", ["many"]),
        ("has(attribute('crowd') = true)", ["many"]),
        ("has('walnut', attribute('crowd') IS NULL)", []),
        ("has('almond', attribute('crowd') IS NULL)", ["many"]),
        # The names of an instance come before those of its file, which has its own under files.
        ("has(label = files.label)", ["many"]),
        ("has(area > files.area)", ["many"]),
        ("has('walnut', area = 6 AND has('almond') AND count() = 3)", ["many"]),
        ("has('walnut', area = 6 AND count('walnut') < 2)", []),
        ("files.area = 50 AND label = 'walnut'", ["many"]),
        ("has(instances.area = 100 AND files.\"area\" = 50 AND seen AND files.seen AND path = 'many')", ["many"]),
        ("has(dpi = 300 AND files.dpi = 300)", ["many"]),
        ("has(area * 1000 > width * height)", ["many"]),
    ],
)
def test_conditions_on_instances(where: str, selected: list[str]) -> None:
    assert names(PHOTOS, where) == selected


@pytest.mark.parametrize("kind", GEOMETRIES)
def test_each_geometry_has_a_box_and_an_area(kind: str) -> None:
    x, y, width, height, area = EXPECTED[kind]
    box = f"box_x = {x} AND box_y = {y} AND box_width = {width} AND box_height = {height}"
    instances = (nut("walnut", GEOMETRIES[kind]),)
    assert names({"a": Described(instances=instances)}, f"has(geometry = '{kind}' AND {box} AND area = {area})") == [
        "a"
    ]


def test_the_box_that_a_source_gave_counts_before_the_bounds() -> None:
    given = Entered("walnut", GEOMETRIES["keypoints"], Box(0.0, 1.0, 7.0, 8.0))
    where = "has(box_x = 0 AND box_y = 1 AND box_width = 7 AND box_height = 8 AND area = 0)"
    assert names({"a": Described(instances=(given,))}, where) == ["a"]


def test_a_file_in_two_places_has_its_instances_in_both() -> None:
    paths = {"a/x": Described(instances=(nut(),)), "b/x": "a/x"}
    assert names(paths, "has(area > 1 AND directory = 'b')") == ["b/x"]
    assert names(paths, "has(area > 1)") == ["a/x", "b/x"]


def tree_of(repository: Repository) -> Tree:
    return write_tree(repository, {}, variables=VARIABLES, labels=LABELS).tree


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("has('walnut', label = 'wlanut')", 23, "no label 'wlanut' at column 23"),
        ("has(label = 'wlanut')", 13, "did you mean 'walnut'?"),
        ("has(label IN ('almond', 'wlanut'))", 25, "did you mean 'walnut'?"),
        ("has(geometry = 'bx')", 16, "did you mean 'box'?"),
        ("has(scor > 1)", 5, "did you mean 'score'?"),
        ("has(box_with > 1)", 5, "did you mean 'box_width'?"),
        ("score > 1", 1, "has('label', area > 100)"),
        ("box_x = 1", 1, "has('label', area > 100)"),
        ("instances.area > 1", 1, "stands outside a condition on instances"),
        ("has(instances.dpi = 1)", 5, "no field 'dpi'"),
        ("has(files.score = 1)", 5, "no variable 'score'"),
        ("has(images.area = 1)", 5, "no table 'images'"),
        ("has('walnut', 'almond')", 15, "expected true or false, found a text"),
        ("has('walnut', area)", 15, "single quotes first"),
        ("has('walnut', area + 1)", 15, "expected true or false, found a number"),
        ("has(area > 1, area > 2)", 5, "a label in single quotes first"),
        ("has(walnut)", 5, "write has('walnut')"),
        ("has('walnut', area > 1, score > 1)", 1, "1 to 2 arguments, not 3"),
        ("has(has('walnut', area > 1))", 5, "cannot hold another"),
        ("has(count(area > 1) > 1)", 5, "joined with AND"),
        ("has(EXISTS (SELECT 1 FROM instances))", 5, "cannot hold another"),
        ("EXISTS (SELECT nothing FROM instances)", 16, "no variable 'nothing'"),
        ("EXISTS (SELECT 1 FROM instances WHERE area)", 39, "expected true or false"),
        ("EXISTS (SELECT 1 FROM instances WHERE area > '1')", 46, "without quotes"),
        ("attribute('pose') = 'left'", 1, "outside a condition on instances"),
        ("has(attribute() = 1)", 5, "1 arguments, not 0"),
        ("has(attribute(pose) = 1)", 15, "a name in single quotes"),
        ("has(attribute('a') = attribute('b'))", 5, "numbers or texts"),
        ("has(coalesce(attribute('a'), attribute('b')) = 1)", 14, "numbers or texts"),
        ("has(attribute('a') = NULL)", 22, "IS NULL"),
        ("has(attribute('a') IN (1, 'b'))", 27, "compared with a text"),
        ("has(attribute('a') % 2 = 1)", 5, "expected a whole number"),
        ("has(substr('abc', attribute('a')) = 'a')", 19, "expected a whole number, found a number"),
        ("has(attribut('a') = 1)", 5, "did you mean 'attribute'?"),
        ("has(attribute('score') = 'high')", 26, "compared with a text"),
        ("has(attribute('a') > true)", 5, "no order"),
    ],
)
def test_refused_at_the_column_with_advice(text: str, column: int, said: str) -> None:
    with Repository.in_memory() as repository, pytest.raises(ExpressionError) as caught:
        check_expression(tree_of(repository), text)
    assert caught.value.column == column
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("path = 'a'", 1, "not known of an instance"),
        ("files.directory = 'a'", 1, "its file may have several"),
        ("has('walnut', area > 1)", 1, "cannot hold another"),
        ("label = 'wlanut'", 9, "did you mean 'walnut'?"),
        ("area", 1, "a number, not true or false"),
    ],
)
def test_instance_expressions_are_refused(text: str, column: int, said: str) -> None:
    with Repository.in_memory() as repository, pytest.raises(ExpressionError) as caught:
        check_instance_expression(tree_of(repository), text)
    assert caught.value.column == column
    assert said in str(caught.value)


def found(expressions: list[str], files: list[FileId] | None = None) -> dict[FileId, list[tuple[bool | None, ...]]]:
    with Repository.in_memory() as repository:
        tree = write_tree(repository, {**PHOTOS, "b/mirror": "many"}, variables=VARIABLES, labels=LABELS)
        outcomes = list(evaluate_instances(repository, tree, expressions=expressions, files=files))
        for file, by_instance in outcomes:
            ids = [one.id for one in tree.annotations(tree.record(file)).instances]
            assert list(by_instance) == ids
        assert [file for file, _ in outcomes] == sorted(file for file, _ in outcomes)
    return {file: sorted(by_instance.values(), key=repr) for file, by_instance in outcomes}


def test_evaluate_instances() -> None:
    asked = ["label IN ('walnut', 'almond')", "score > 0.5", "attribute('crowd') AND seen AND has('almond')"]
    many = [(True, False, False), (True, None, False), (True, True, True)]
    both = {file_id("many"): many, file_id("one"): [(False, True, False)]}
    assert found(asked) == both
    assert found(asked, [file_id("one"), file_id("none"), file_id("never"), file_id("one")]) == {
        file_id("one"): both[file_id("one")]
    }
    assert found(asked, []) == {}
    assert found([], [file_id("one")]) == {file_id("one"): [()]}


def test_evaluate_instances_of_more_than_a_statement_holds() -> None:
    with Repository.in_memory() as repository:
        paths = {f"{n}": Described(instances=(nut("walnut", Box(0.0, 0.0, 1.0, float(n))),)) for n in range(1_203)}
        tree = write_tree(repository, paths, labels=LABELS)
        asked = [f"area = {n}" for n in range(1_203)]
        files = [file_id(path) for path in paths]
        outcomes = evaluate_instances(repository, tree, expressions=asked, files=files)
        true = {file: next(iter(by_instance.values())).index(True) for file, by_instance in outcomes}
        assert true == {file_id(f"{n}"): n for n in range(1_203)}


def test_a_wrong_instance_expression_is_told_at_once() -> None:
    with Repository.in_memory() as repository:
        tree = write_tree(repository, {})
        with pytest.raises(ExpressionError, match="'aera'"):
            evaluate_instances(repository, tree, expressions=["aera > 1"])


Nesting = Callable[[str], str]
OUTER: list[Nesting] = ["NOT ({})".format, "seen IN (true, {})".format, "false OR (true AND ({}))".format]
OUTER += ["coalesce(seen, {})".format, "has({})".format, "count('walnut', {}) > 1".format]
OUTER += ["EXISTS (SELECT 1 FROM instances WHERE {})".format]
INNER: list[Nesting] = ["NOT ({})".format, "seen IN (true, {})".format, "true = (true AND ({}))".format]
INNER += ["coalesce(seen, seen, {})".format, "area BETWEEN 1 AND max(area, length(label)) AND ({})".format]
LEAVES = ["attribute('crowd')", "attribute('a') = 'b'", "attribute('a') IS NULL", "attribute('a') BETWEEN 1 AND 2"]
LEAVES += ["has('walnut')", "count('walnut') BETWEEN count() AND 2"]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(OUTER[:4]), max_size=MAX_DEPTH),
    st.sampled_from(OUTER[4:]),
    st.lists(st.sampled_from(INNER), max_size=MAX_DEPTH),
    st.sampled_from(LEAVES),
)
def test_whatever_is_not_too_deep_for_us_is_not_too_deep_for_sqlite(
    outer: list[Nesting], at: Nesting, inner: list[Nesting], leaf: str
) -> None:
    text = leaf
    for nest in [*inner, at, *outer]:
        text = nest(text)
    try:
        names({"a": Described()}, text)
    except ExpressionError as error:
        assert "too many operators" in error.message  # noqa: PT017 - other errors fail the test as they are


SCORES = st.none() | st.sampled_from([0, 1, 0.5, 0.25, "high", True])
INSTANCES = st.lists(
    st.tuples(st.sampled_from(LABELS[:2]), st.integers(1, 3), SCORES, st.none() | st.sampled_from(["l", "r", 1, True])),
    max_size=4,
)
CONDITIONS: list[tuple[str, Callable[[Any], bool | None]]] = [
    ("area > 1", lambda one: one[1] > 1),
    ("label = 'walnut'", lambda one: one[0] == "walnut"),
    ("score >= 0.5", lambda one: None if not is_number(one[2]) else one[2] >= 0.5),
    ("score IS NULL", lambda one: not is_number(one[2])),
    ("attribute('pose') = 'l'", lambda one: None if not isinstance(one[3], str) else one[3] == "l"),
    ("attribute('pose') = 1", lambda one: None if not is_number(one[3]) else one[3] == 1),
    ("attribute('pose')", lambda one: one[3] is True),
    ("attribute('pose') IS NULL", lambda one: one[3] is None),
]


def is_number(value: Any) -> bool:
    return type(value) in {int, float}


@settings(max_examples=80, deadline=None)
@given(INSTANCES, st.sampled_from(CONDITIONS), st.sampled_from(CONDITIONS))
def test_agrees_with_plain_python(instances: list[Any], first: Any, second: Any) -> None:
    entered = []
    for number, (label, width, score, pose) in enumerate(instances):
        attributes = {name: value for name, value in (("score", score), ("pose", pose)) if value is not None}
        entered.append(nut(label, Box(float(number), 0.0, float(width), 1.0), **attributes))
    texts, functions = zip(first, second, strict=True)
    both = [one for one in instances if all(function(one) for function in functions)]
    condition = f"{texts[0]} AND {texts[1]}"
    walnuts = [one for one in both if one[0] == "walnut"]
    paths = {"a": Described(instances=tuple(entered))}
    with Repository.in_memory() as repository:
        tree = write_tree(repository, paths, labels=LABELS)

        def holds(where: str) -> bool:
            return bool(select(repository, tree, where=where))

        assert holds(f"count({condition}) = {len(both)}")
        assert holds(f"count('walnut', {condition}) = {len(walnuts)}")
        assert holds(f"has({condition})") == bool(both)
        assert holds(f"EXISTS (SELECT 1 FROM instances WHERE {condition})") == bool(both)
        outcomes = dict(evaluate_instances(repository, tree, expressions=list(texts)))
        expected = sorted((tuple(function(one) for function in functions) for one in instances), key=repr)
        assert sorted(outcomes.get(file_id("a"), {}).values(), key=repr) == expected
