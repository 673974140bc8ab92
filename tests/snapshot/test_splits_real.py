"""Splits of real images: ten balanced classes, and annotated scenes."""

import pytest

from dvcore.formats.intake.importing import import_source
from dvcore.model.definition import Definition, Feature, Label
from dvcore.repo.repository import Repository
from dvcore.snapshot.planning.planner import make_plan

DIGITS = tuple(Label(f"sign-{digit}", f"label = '{digit}'") for digit in range(10))


def plan_of(repository, **fields):
    return make_plan(repository, repository.working_tree(), Definition(**fields))


@pytest.fixture(scope="module")
def digits(shared_data):
    repository = Repository.in_memory()
    import_source(repository, shared_data / "sign-digits", ("digits",), format="folders")
    return repository


def test_photographs_fall_by_the_ratios_but_for_what_chance_does(digits):
    rows = plan_of(digits, labels=DIGITS).balance.rows
    assert not any(cell.is_unusual for row in rows for cell in row.cells)
    assert max(abs(cell.deviation) for row in rows[1:] for cell in row.cells) > 3


def test_stratified_photographs_meet_the_ratios_in_every_class(digits):
    rows = plan_of(digits, labels=DIGITS, stratify=True).balance.rows
    assert max(abs(cell.deviation) for row in rows[1:] for cell in row.cells) < 1


def test_a_class_by_a_group_of_its_own_is_in_one_split(digits):
    plan = plan_of(digits, labels=DIGITS, group_by="label")
    assert all(sum(map(bool, column)) == 1 for column in zip(*plan.label_counts(), strict=True))
    assert plan.ungrouped == 0
    assert plan.leaks == ()


def test_instances_of_scenes_are_counted_by_split(shared_data):
    repository = Repository.in_memory()
    import_source(repository, shared_data / "coco-polygons", ("nuts",))
    plan = plan_of(repository, features=(Feature("image", "image"), Feature("boxes", "image/object")))
    totals = {row.label: sum(cell.images for cell in row.cells) for row in plan.balance.rows}
    assert totals == {None: 18, "date": 71, "fig": 41, "hazelnut": 53}
