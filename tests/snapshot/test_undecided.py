import pytest
from support.datasets import put_files
from support.locations import located_repository

from dvcore.model.declarations import VariableDeclaration
from dvcore.model.definition import Definition, Feature, Label, Split
from dvcore.model.names import parse_path
from dvcore.model.values import ValueType
from dvcore.query import unset_names
from dvcore.repo.mirroring import mirror
from dvcore.repo.variables import add_variable
from dvcore.snapshot.planning.findings import plan_warnings
from dvcore.snapshot.planning.planner import make_plan


def plan_of(repository, definition, **options):
    return make_plan(repository, repository.working_tree(), definition, **options)


@pytest.fixture
def repository():
    return located_repository()


def test_undecided_filters_are_counted_for_prefilter_labels_and_splits(repository):
    put_files(repository, {"nuts/x.txt": b"no image"})
    near, far = Label("near", "location IN ('Reute', 'Elzach')"), Label("far", "location NOT IN ('Reute', 'Elzach')")
    splits = (Split("train", "1"), Split("test", where="location = 'Reute' AND kind = 'walnut'"))
    lines = plan_warnings(plan_of(repository, Definition(labels=(near, far), splits=splits)))
    assert "3 images are undecided by the labels: 'location' is not set" in lines
    assert "3 images are undecided by the splits: 'location' is not set" not in lines  # two of them are no walnuts
    assert "1 image is undecided by the splits: 'location' is not set" in lines
    lines = plan_warnings(plan_of(repository, Definition(where="location <> 'Reute'")))
    assert "3 images are undecided by the prefilter: 'location' is not set" in lines


def test_an_image_that_a_filter_takes_is_not_undecided(repository):
    splits = (Split("train", "1"), Split("test", where="location = 'Reute'"), Split("odd", where="name > '026.png'"))
    assert plan_of(repository, Definition(splits=splits)).undecided == ()
    assert plan_of(repository, Definition(where="location = 'Reute' OR name > '026.png'")).undecided == ()
    assert plan_of(repository, Definition(where="coalesce(location, '') <> 'Reute'")).undecided == ()


def test_several_variables_that_are_not_set_are_all_named(repository):
    add_variable(repository, VariableDeclaration('the "dpi"', ValueType.INT))
    plan = plan_of(repository, Definition(where='location <> \'Reute\' AND "the ""dpi""" > 100'))
    assert [(one.names, one.images) for one in plan.undecided] == [
        (('the "dpi"',), 21), (("location", 'the "dpi"'), 3),
    ]  # fmt: skip
    assert str(plan.undecided[1]) == (
        "3 images are undecided by the prefilter: 'location' and 'the \"dpi\"' are not set"
    )


def test_a_mirrored_image_is_undecided_once_and_not_where_another_path_is_taken(repository):
    mirror(repository, [parse_path("nuts")], parse_path("a"))
    assert [one.images for one in plan_of(repository, Definition(where="location = 'Reute'")).undecided] == [3]
    assert plan_of(repository, Definition(where="location = 'Reute' OR directory = 'nuts'")).undecided == ()


def test_each_class_feature_is_asked_by_itself(repository):
    place = Feature("index", "place", (Label("near", "location = 'Reute'"), Label("far", "location <> 'Reute'")))
    kind = Feature("multihot", "kind", (Label("walnut", "kind = 'walnut'"), Label("Reute", "location = 'Reute'")))
    features = (Feature("image", "image"), place, kind)
    plan = plan_of(repository, Definition(features=features))
    assert [(one.role, one.images) for one in plan.undecided] == [("labels of 'place'", 3), ("labels of 'kind'", 2)]


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("location = 'Reute'", ("location",)),
        ("dpi > 100 AND location = 'Reute' OR dpi < 10", ("dpi", "location")),
        ("width > 3 AND path LIKE 'a%' AND annotated", ()),
        ("ticked", ()),
        ("sure", ("sure",)),
        ("place = 'Reute'", ()),
        ("has(files.dpi > 100)", ()),
        ("count(files.dpi > 100) > dpi", ("dpi",)),
        ("coalesce(dpi, 0) > 1", ("dpi",)),
    ],
)
def test_variables_that_may_leave_an_expression_undecided(repository, expression, names):
    for declaration in (
        VariableDeclaration("dpi", ValueType.INT),
        VariableDeclaration("ticked", ValueType.BOOL),
        VariableDeclaration("sure", ValueType.BOOL, three_valued=True),
        VariableDeclaration("place", ValueType.TEXT, default="Reute"),
    ):
        add_variable(repository, declaration)
    assert unset_names(repository.working_tree().tree, expression) == names
