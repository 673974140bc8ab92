import pytest
from support.datasets import TWO_KINDS, drawn, drawn_repository, put_drawn, put_files

from dvcore.model.definition import Definition, Label, Split
from dvcore.model.names import parse_path
from dvcore.repo.copying import CopyOptions, copy
from dvcore.snapshot.planning.planner import make_plan
from dvcore.snapshot.splits.assigning import Draft
from dvcore.snapshot.splits.balance import ALL, Cell, balance_table, has_brackets, make_balance

HALVES = (Split("train", "0.5"), Split("test", "0.5"))


def balance_of(assigned, *, splits=HALVES, labels=("walnut",)):
    return make_balance(Definition(splits=splits), labels, assigned)


def row_of(balance, label):
    return next(row.cells for row in balance.rows if row.label == label)


def test_each_label_has_its_counts_and_what_the_ratios_want():
    balance = balance_of([(Draft(number), int(number > 0), [0]) for number in range(10)])
    train, test = row_of(balance, "walnut")
    assert (train.images, train.wanted, train.deviation) == (1, 5.0, -4.0)
    assert (test.images, test.wanted, test.deviation) == (9, 5.0, 4.0)
    assert train.chance == pytest.approx((10 * 0.5 * 0.5) ** 0.5)
    assert row_of(balance, None) == (train, test)


def test_what_a_filter_takes_is_wanted_there():
    splits = (Split("train", "1"), Split("test", where="true"))
    taken = [(Draft(number, filtered=1), 1, [0]) for number in range(4)]
    rest = [(Draft(number), 0, [0]) for number in range(6)]
    train, test = row_of(balance_of([*taken, *rest], splits=splits), "walnut")
    assert (train.wanted, test.wanted, test.filtered) == (6.0, 4.0, 4)
    assert not train.is_unusual
    assert not test.is_unusual


def test_images_of_one_number_are_one_unit_of_chance():
    """All of one place falls to one side: half the images more than wanted is nothing unusual."""
    alone = [(Draft(number), 0, [0]) for number in range(40)]
    together = [(Draft(7), 0, [0]) for _ in range(40)]
    assert row_of(balance_of(alone), "walnut")[0].is_unusual
    assert not row_of(balance_of(together), "walnut")[0].is_unusual
    assert row_of(balance_of(together), "walnut")[0].chance == 20.0


def test_three_instances_of_an_image_count_as_three_that_go_together():
    (train, test), (all_train, _) = (
        row_of(balance_of([(Draft(1), 0, [0, 0, 0]), (Draft(2), 1, [])]), label) for label in ("walnut", None)
    )
    assert (train.images, test.images, all_train.images) == (3, 0, 1)
    assert train.chance == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Cell(1200, 0, 1200.4, 9.0), ""),
        (Cell(1200, 0, 1180.0, 9.0), "(+20)"),
        (Cell(13, 0, 2000.0, 900.0), "(-1,987)"),
        (Cell(3, 0, 7.0, 1.0), "(-4)"),
        (Cell(3, 0, 7.1, 1.0), "(-4) !"),
        (Cell(0, 0, 0.0, 0.0), ""),
    ],
)
def test_a_cell_says_how_many_more_or_fewer_and_marks_what_is_no_chance(cell, text):
    assert str(cell) == text


def test_a_table_has_a_row_for_each_label_and_a_column_for_each_split():
    balance = balance_of([(Draft(number), 0, [0]) for number in range(4)])
    assert balance_table(balance) == (
        ("", "train 0.5", "", "test 0.5", ""),
        [(ALL, 4, "(+2)", 0, "(-2)"), ("walnut", 4, "(+2)", 0, "(-2)")],
    )
    assert has_brackets(balance)
    assert not has_brackets(balance_of([]))


def test_a_plan_has_the_balance_of_its_examples():
    repository = drawn_repository(None, 40)
    splits = (Split("train", "0.8"), Split("test", "0.2", where="name < '010'"))
    plan = make_plan(repository, repository.working_tree(), Definition(labels=TWO_KINDS, splits=splits))
    counts = [[cell.images for cell in row.cells] for row in plan.balance.rows]
    assert counts[0] == list(plan.split_counts())
    assert [list(column) for column in zip(*counts[1:], strict=True)] == [list(row) for row in plan.label_counts()]
    assert [cell.wanted for cell in row_of(plan.balance, "walnut")] == [12.0, 8.0]
    assert [cell.filtered for cell in row_of(plan.balance, "almond")] == [0, 5]


def test_chance_makes_few_marks_where_images_come_as_they_come():
    repository = drawn_repository(None, 0)
    put_drawn(repository, 400)
    labels = tuple(Label(f"l{ten}", f"name LIKE '%{ten}.png'") for ten in range(10))
    plan = make_plan(repository, repository.working_tree(), Definition(labels=labels))
    assert sum(cell.is_unusual for row in plan.balance.rows for cell in row.cells) == 0


def test_copies_widen_what_chance_explains():
    repository = drawn_repository(None, 0)
    put_files(repository, {"nuts/a.png": drawn(1)})
    for number in range(30):
        copy(repository, [parse_path("nuts")], parse_path(f"copy{number}"), options=CopyOptions(instances=True))
    plan = make_plan(repository, repository.working_tree(), Definition(splits=HALVES))
    assert not any(cell.is_unusual for cell in plan.balance.rows[0].cells)
    assert plan.balance.rows[0].cells[0].chance == pytest.approx(15.5)
