"""`group_by` and leaks, on trees."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.datasets import TWO_KINDS, drawn_repository, put_drawn
from support.locations import PLACES, located_repository, set_location

from dvcore.errors import ConflictError, NotFoundError
from dvcore.model.declarations import VariableDeclaration
from dvcore.model.definition import Definition, Split
from dvcore.model.names import parse_path
from dvcore.model.values import ValueType
from dvcore.repo.annotating import Annotation, annotate
from dvcore.repo.copying import CopyOptions, copy
from dvcore.repo.repository import Repository
from dvcore.repo.variables import add_variable
from dvcore.snapshot.planning.findings import check_plan, plan_warnings
from dvcore.snapshot.planning.planner import make_plan
from dvcore.snapshot.splits.numbers import group_number, split_of_number, thresholds

BY_PLACE = Definition(group_by="location")


def plan_of(repository, definition, **options):
    return make_plan(repository, repository.working_tree(), definition, **options)


def split_names(plan):
    return {one.path: plan.definition.splits[one.split].name for one in plan.examples}


@pytest.fixture
def repository():
    return located_repository()


def test_a_group_goes_where_its_value_says(repository):
    plan = plan_of(repository, BY_PLACE)
    bounds = thresholds(BY_PLACE.splits)
    for one in plan.examples[:27]:
        place = PLACES[int(one.path[5:8]) % 5]
        assert one.split == split_of_number(bounds, group_number(place))
    check_plan(plan)


def test_a_file_without_a_value_is_a_group_of_its_own(repository):
    plan, plain = plan_of(repository, BY_PLACE), plan_of(repository, Definition())
    assert [one.split for one in plan.examples[27:]] == [one.split for one in plain.examples[27:]]
    assert plan.ungrouped == 3
    assert "3 images have no 'location': each goes by itself" in plan_warnings(plan)
    assert plain.ungrouped == 0


def test_a_default_and_an_unticked_box_are_values_of_a_group():
    repository = drawn_repository(None, 12)
    add_variable(repository, VariableDeclaration("ticked", ValueType.BOOL))
    add_variable(repository, VariableDeclaration("place", ValueType.TEXT, default="Reute"))
    annotate(repository, [parse_path("nuts/003.png")], Annotation(set={"ticked": "false", "place": "Reute"}))
    for name in ("ticked", "place"):
        plan = plan_of(repository, Definition(group_by=name))
        assert len({one.split for one in plan.examples}) == 1
        assert plan.ungrouped == 0


def test_a_variable_that_there_is_not_is_named(repository):
    with pytest.raises(NotFoundError, match="no variable 'locaton' is declared; did you mean 'location'"):
        plan_of(repository, Definition(group_by="locaton"))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(PLACES), min_size=1, max_size=12))
def test_no_image_of_a_group_leaves_it_when_others_come(places):
    repository = Repository.in_memory()
    put_drawn(repository, 12)
    add_variable(repository, VariableDeclaration("location", ValueType.TEXT))
    before = {}
    for number, place in enumerate(places):
        set_location(repository, place, f"nuts/{number:03d}.png")
        plan = plan_of(repository, BY_PLACE)
        now = {one.path: one.split for one in plan.examples[: number + 1]}
        assert now.items() >= before.items()
        by_place = {(one, now[f"nuts/{index:03d}.png"]) for index, one in enumerate(places[: number + 1])}
        assert len(by_place) == len({one for one, _ in by_place})
        before = now


def test_a_filter_that_tears_a_group_stops_the_snapshot_and_names_the_files(repository):
    splits = (Split("train", "1"), Split("test", where="name IN ('005.png', '006.png')"))
    definition = replace(BY_PLACE, splits=splits)
    plan = plan_of(repository, definition)
    with pytest.raises(ConflictError, match="files of one 'location' would land in two splits") as caught:
        check_plan(plan)
    assert (
        "'Reute' (train: nuts/000.png, nuts/010.png, nuts/015.png and 2 more; test: nuts/005.png), "
        "'Waldkirch' (train: nuts/001.png, nuts/011.png, nuts/016.png and 2 more; test: nuts/006.png)"
    ) in caught.value.message
    allowed = plan_of(repository, replace(definition, leak="warn"))
    check_plan(allowed)
    assert any(line.startswith("files of one 'location' are in two splits: 'Reute'") for line in plan_warnings(allowed))


def test_a_filter_that_takes_the_whole_group_tears_nothing(repository):
    splits = (Split("train", "1"), Split("test", where="location = 'Reute'"))
    plan = plan_of(repository, replace(BY_PLACE, splits=splits))
    check_plan(plan)
    assert sorted(path for path, split in split_names(plan).items() if split == "test") == [
        f"nuts/{number:03d}.png" for number in range(0, 27, 5)
    ]


def test_the_same_bytes_in_two_groups_are_a_leak(repository):
    copy(repository, [parse_path("nuts")], parse_path("copy"), options=CopyOptions(instances=True))
    places = sorted(PLACES, key=group_number)
    set_location(repository, places[0], "nuts/000.png")
    set_location(repository, places[-1], "copy/000.png")
    middle = group_number(places[2]) / 2**64
    splits = (Split("train", f"{middle:.6f}"), Split("test", f"{1 - round(middle, 6):.6f}"))
    plan = plan_of(repository, replace(BY_PLACE, splits=splits))
    with pytest.raises(ConflictError, match=r"same bytes would land .*copy/000.png \(test\) = nuts/000.png \(train\)"):
        check_plan(plan)


def test_a_group_is_what_the_tree_says_of_it(repository):
    """Moving all of a place to another name moves them together."""
    set_location(repository, "Freiburg", *(f"nuts/{number:03d}.png" for number in range(0, 27, 5)))
    plan = plan_of(repository, BY_PLACE)
    bounds = thresholds(BY_PLACE.splits)
    assert {one.split for one in plan.examples[:27:5]} == {split_of_number(bounds, group_number("Freiburg"))}


def test_a_private_index_gives_the_same_plan(repository):
    definition = Definition(labels=TWO_KINDS, where="location <> 'Reute'", group_by="location")
    plan = plan_of(repository, definition)
    private = plan_of(repository, definition, private_index=True)
    assert private == replace(plan, undecided=())
