"""Plans of definitions with several heads, instances and variables."""

import pytest
from support.datasets import TWO_KINDS, drawn_repository
from support.exports import put_annotated

from dvcore.errors import ConflictError, InvalidInputError, NotFoundError, StateError
from dvcore.model.annotations import Entered
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.definition import Definition, Feature, ImageOptions, Label, Split
from dvcore.model.geometry import Box, Keypoints, Point, Polygon
from dvcore.model.values import ValueType
from dvcore.repo.repository import Repository
from dvcore.snapshot.planning.findings import check_plan, plan_warnings
from dvcore.snapshot.planning.plan import NO_INSTANCE, NO_LABEL, NOT_ANNOTATED
from dvcore.snapshot.planning.planner import make_plan

IMAGE = Feature("image", "image")
ONE_SPLIT = (Split("whole", "1"),)
NUT, LEAF = Label("nut", "label = 'nut'"), Label("leaf", "label = 'leaf'")
ANY = Label("any", "true")


def plan_of(repository, *features, **changes):
    definition = Definition(features=(IMAGE, *features), splits=ONE_SPLIT, **changes)
    return make_plan(repository, repository.working_tree(), definition)


def box(label, x=1.0, y=1.0, width=4.0, height=4.0):
    return Entered(label, Box(x, y, width, height))


@pytest.fixture
def nuts():
    """40x30 pictures: a nut and a leaf, a leaf on the left edge, nothing on it, and one that nobody has looked at."""
    repository = Repository.in_memory()
    files = {
        "nuts/both.png": [box("nut", 18, 10), box("leaf", 20, 12)],
        "nuts/edge.png": [box("leaf", 0, 10, 3, 3)],
        "nuts/empty.png": [],
        "nuts/unseen.png": None,
    }
    put_annotated(repository, files)
    return repository


def classes_of(plan):
    return {example.path[5:-4]: tuple(sorted(example.objects[0])) for example in plan.examples}


def test_each_head_has_columns_of_its_own():
    repository = drawn_repository(None, 4)
    low = Label("low", "name < '002.png'")
    plan = plan_of(
        repository,
        Feature("onehot", "image/class", TWO_KINDS),
        Feature("multihot", "image/tags", (low, ANY)),
        Feature("index", "image/half", (low, Label("high", "name >= '002.png'"))),
    )
    assert [one.labels for one in plan.examples] == [(0, 2, 3, 4), (1, 2, 3, 4), (0, 3, 5), (1, 3, 5)]
    assert plan.label_counts() == ((2, 2, 2, 4, 2, 2),)
    assert [one.path for one in plan.holding("image/tags:low")] == ["nuts/000.png", "nuts/001.png"]


def test_a_head_of_one_label_leaves_out_what_has_none_and_a_multihot_keeps_it():
    repository = drawn_repository(None, 3)
    first = (Label("first", "name = '000.png'"),)
    assert [one.labels for one in plan_of(repository, Feature("multihot", "tags", first)).examples] == [(0,), (), ()]
    plan = plan_of(repository, Feature("index", "image/class", first))
    assert plan.left_out_counts() == {NO_LABEL: 2}
    assert [one.path for one in plan.unlabelled] == ["nuts/001.png", "nuts/002.png"]
    assert {one.file for one in plan.unlabelled} == set(plan.left_out)


def test_overlaps_stop_only_where_the_feature_says_so():
    repository = drawn_repository(None, 2)
    labels = (ANY, TWO_KINDS[0])
    plan = plan_of(repository, Feature("onehot", "a", labels, {"overlap": "first"}))
    assert [(one.path, one.labels, one.feature) for one in plan.overlaps] == [("nuts/000.png", ("any", "walnut"), "a")]
    check_plan(plan)
    with pytest.raises(ConflictError, match=r"1 image has more than one label: nuts/000.png \(any, walnut\)"):
        check_plan(plan_of(repository, Feature("onehot", "a", labels)))
    check_plan(plan_of(repository, Feature("onehot", "a", labels), overlap="first"))


def test_instances_take_annotated_files_and_keep_those_without_any(nuts):
    plan = plan_of(nuts, Feature("boxes", "image/object", (NUT, LEAF)))
    assert classes_of(plan) == {"both": (0, 1), "edge": (1,), "empty": ()}
    assert plan.left_out_counts() == {NOT_ANNOTATED: 1}
    assert plan.label_counts() == ((1, 2),)
    assert [one.size for one in plan.examples] == [(40, 30)] * 3
    assert [one.annotations is None for one in plan.examples] == [False, False, True]
    assert [one.path for one in plan.holding("nut")] == ["nuts/both.png"]


def test_annotations_that_no_feature_shows_are_no_part_of_an_example(nuts):
    plan = plan_of(nuts, Feature("boxes", "image/object", (NUT,)))
    assert [one.annotations is None for one in plan.examples] == [False, True, True]


def test_empty_images_are_dropped_where_the_feature_says_so(nuts):
    plan = plan_of(nuts, Feature("boxes", "image/object", (NUT,), {"empty": "drop"}))
    assert classes_of(plan) == {"both": (-1, 0)}
    assert plan.left_out_counts() == {NO_INSTANCE: 2, NOT_ANNOTATED: 1}


def test_classes_are_in_the_order_of_the_ids_of_the_instances(nuts):
    plan = plan_of(nuts, Feature("boxes", "image/object", (NUT, LEAF)))
    tree = nuts.working_tree()
    for example in plan.examples:
        instances = tree.annotations(tree.record(example.file)).instances
        assert example.objects[0] == tuple(["nut", "leaf"].index(one.label) for one in instances)


def test_an_instance_takes_the_first_class_that_matches(nuts):
    plan = plan_of(nuts, Feature("boxes", "image/object", (ANY, LEAF)))
    assert classes_of(plan) == {"both": (0, 0), "edge": (0,), "empty": ()}
    assert "the label 'leaf' is empty; it keeps its index 1" in plan_warnings(plan)


def test_without_classes_all_declared_labels_are_and_the_plan_writes_them_down(nuts):
    plan = plan_of(nuts, Feature("boxes", "image/object"))
    assert [(one.name, one.where) for one in plan.definition.features[1].classes] == [
        ("nut", "label = 'nut'"), ("leaf", "label = 'leaf'"),
    ]  # fmt: skip
    assert plan_of(nuts, *plan.definition.features[1:]).definition == plan.definition


def test_a_label_with_a_quote_is_a_class_too():
    repository = Repository.in_memory()
    put_annotated(repository, {"nuts/a.png": [box("bird's eye")]})
    assert classes_of(plan_of(repository, Feature("boxes", "image/object"))) == {"a": (0,)}


def test_no_declared_label_is_named():
    with pytest.raises(NotFoundError, match=r"the feature 'image/object'.*none is declared"):
        plan_of(drawn_repository(None, 2), Feature("boxes", "image/object"))


def test_what_is_in_no_feature_is_counted_by_reason():
    repository = Repository.in_memory()
    polygon = Polygon((((0.0, 0.0, 9.0, 0.0, 9.0, 9.0),),))
    put_annotated(
        repository,
        {
            "nuts/a.png": [
                box("nut"),
                box("twig"),
                Entered("nut", Point(3.0, 4.0)),
                Entered("nut", polygon),
                box("nut", 36),
            ]
        },
    )
    crop = Feature("image", "middle", (), {"downsample": "both:10x10:crop"})
    plan = plan_of(repository, crop, Feature("boxes", "image/object", (NUT,), {"image": "middle"}))
    assert plan.instances_left_out == {
        "image/object": {"of a geometry that the features cannot hold": 1, "of no class": 1, "outside the crop": 2}
    }
    assert plan.label_counts() == ((1,),)
    assert any("2 instances are left out, outside the crop" in line for line in plan_warnings(plan))


def test_an_image_whose_instances_are_all_cut_off_counts_as_one_without(nuts):
    crop = ImageOptions(downsample="both:10x10:crop")
    feature = Feature("boxes", "image/object", (LEAF,), {"empty": "drop"})
    assert classes_of(plan_of(nuts, feature, image=crop)) == {"both": (-1, 0)}


def test_keypoints_alone_take_keypoints_and_beside_boxes_what_has_a_box():
    repository = Repository.in_memory()
    face = Entered("nut", Keypoints(((1.0, 2.0, 2), (5.0, 6.0, 1), (0.0, 0.0, 0))))
    names = LabelDeclaration("nut", 0, keypoints=("a", "b", "c"))
    put_annotated(repository, {"nuts/a.png": [face, box("nut", 20)]}, labels=[names])
    alone = plan_of(repository, Feature("keypoints", "image/object", (NUT,)))
    assert classes_of(alone) == {"a": (-1, 0)}
    assert alone.definition.features[1].options == {"points": "a|b|c"}
    both = plan_of(repository, Feature("boxes", "image/object", (NUT,)), Feature("keypoints", "image/object", (NUT,)))
    assert classes_of(both) == {"a": (0, 0)}


def test_a_single_point_on_the_edge_is_seen_and_one_beyond_it_is_not():
    repository = Repository.in_memory()
    corners = [(0.0, 0.0), (40.0, 30.0), (0.0, 12.0), (17.0, 30.0)]
    put_annotated(repository, {"face.png": [Entered("face", Keypoints(((x, y, 2),))) for x, y in corners]})
    points = Feature("keypoints", "image/object", (ANY,), {"points": "1"})
    assert plan_of(repository, points).examples[0].objects == ((0, 0, 0, 0),)
    cropped = plan_of(repository, points, image=ImageOptions(downsample="both:30x30:crop"))  # 5 pixels on each side
    assert cropped.instances_left_out == {"image/object": {"outside the crop": 3}}


def test_keypoints_that_nobody_declares_are_to_be_given(nuts):
    with pytest.raises(NotFoundError, match="no label declares the names of its keypoints"):
        plan_of(nuts, Feature("keypoints", "image/object", (NUT,)))


def test_keypoints_of_labels_that_differ_do_not_make_one_list():
    repository = Repository.in_memory()
    labels = [LabelDeclaration("nut", 0, keypoints=("a",)), LabelDeclaration("leaf", 1, keypoints=("b",))]
    put_annotated(repository, {"nuts/a.png": []}, labels=labels)
    with pytest.raises(InvalidInputError, match="nut and leaf do not make one list"):
        plan_of(repository, Feature("keypoints", "image/object"))


DECLARED = [
    VariableDeclaration("dpi", ValueType.INT),
    VariableDeclaration("place", ValueType.TEXT),
    VariableDeclaration("ripe", ValueType.BOOL),
    VariableDeclaration("weight", ValueType.FLOAT, default=2.5),
]


def varied():
    repository = Repository.in_memory()
    given = {"nuts/a.png": {"dpi": 200, "place": "Reute", "ripe": True}, "nuts/b.png": {"place": "Ulm"}}
    put_annotated(repository, {"nuts/a.png": [], "nuts/b.png": None}, variables=given, declared=DECLARED)
    return repository


def variable(name, **options):
    return Feature("variable", f"variable/{name}", (), {"variable": name, **options})


def test_variables_have_the_values_in_effect_and_the_type_that_suits_them():
    features = [variable("dpi", unset="-1"), variable("place"), variable("ripe"), variable("weight")]
    plan = plan_of(varied(), *features)
    assert [one.variables for one in plan.examples] == [(200, "Reute", 1, 2.5), (-1, "Ulm", 0, 2.5)]
    assert [one.options["type"] for one in plan.definition.features[1:]] == ["int", "bytes", "int", "float"]


def test_another_type_may_be_asked_for():
    plan = plan_of(varied(), variable("dpi", type="float", unset="0.5"), variable("ripe", type="bytes"))
    assert [one.variables for one in plan.examples] == [(200.0, "true"), (0.5, "false")]
    with pytest.raises(InvalidInputError, match="'place' is text, which is no int"):
        plan_of(varied(), variable("place", type="int"))
    with pytest.raises(InvalidInputError, match=r"'variable/dpi'.*'many' is no int"):
        plan_of(varied(), variable("dpi", unset="many"))
    with pytest.raises(NotFoundError, match="did you mean 'dpi'"):
        plan_of(varied(), variable("dpx"))


def test_a_value_for_what_is_unset_must_fit_into_the_feature():
    assert plan_of(varied(), variable("dpi", type="float", unset="-3.4e38")).examples[1].variables == (-3.4e38,)
    with pytest.raises(InvalidInputError, match=r"'variable/dpi'.*float32 cannot hold -1e39"):
        plan_of(varied(), variable("dpi", type="float", unset="-1e39"))


def test_a_value_that_is_missing_stops_the_snapshot_and_is_named():
    plan = plan_of(varied(), variable("dpi"))
    with pytest.raises(StateError, match=r"1 value is not set: nuts/b.png \(dpi\)"):
        check_plan(plan)
    assert any("nuts/b.png (dpi)" in line for line in plan_warnings(plan))
