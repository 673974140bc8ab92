"""What a merge makes of variables, instances and declarations."""

from dataclasses import replace

import pytest
from support.merges import merge, new_repository
from support.repositories import is_annotated, values_at
from support.steps import (
    DPI,
    Step,
    boxes,
    bring,
    declare,
    draw,
    edit,
    enum,
    erase,
    instances,
    nothing,
    remove,
    set_value,
    steps,
    unset,
)

from dvcore.errors import ConflictError
from dvcore.history.declarations_in_use import InUse
from dvcore.history.merging_declarations import merge_labels
from dvcore.history.settling import Settler, Strategy
from dvcore.model.declarations import LabelDeclaration, VariableDeclaration
from dvcore.model.names import parse_path
from dvcore.model.values import ValueType
from dvcore.repo.annotating import Annotation, annotate
from dvcore.repo.repository import Repository
from dvcore.repo.variable_edits import VariableEdit, edit_variable
from dvcore.repo.variables import remove_variable

PLAIN = bring("a.jpg", "b.jpg")
DRAWN = steps(PLAIN, draw("a.jpg", "nut", 1), draw("a.jpg", "nut", 50))
VALUED = steps(declare(DPI, enum("raw", "cooked")), PLAIN, set_value("a.jpg", dpi=100))


def edit_kind(**changes: object) -> Step:
    return lambda repository: edit_variable(repository, "kind", VariableEdit(**changes))  # type: ignore[arg-type]


def mark_done(repository: Repository) -> None:
    annotate(repository, [parse_path("a.jpg")], Annotation(done=True))


def drop_dpi(repository: Repository) -> None:
    remove_variable(repository, "dpi", force=True)


def labels(repository: Repository) -> list[tuple[str, int]]:
    return [(one.name, one.number) for one in repository.working_tree().tree.labels]


def choices(repository: Repository) -> tuple[str, ...]:
    return repository.working_tree().variable("kind").choices


def test_both_sides_add_boxes_to_one_image() -> None:
    done = merge(DRAWN, draw("a.jpg", "nut", 10), steps(draw("a.jpg", "nut", 20), draw("a.jpg", "nut", 30)))
    assert done.conflicts == []
    assert boxes(done.repository, "a.jpg") == ["nut@1", "nut@10", "nut@20", "nut@30", "nut@50"]


def test_both_sides_add_the_same_box() -> None:
    done = merge(DRAWN, draw("a.jpg", "nut", 10), draw("a.jpg", "nut", 10))
    assert boxes(done.repository, "a.jpg") == ["nut@1", "nut@10", "nut@50"]


def test_both_sides_change_different_boxes() -> None:
    done = merge(DRAWN, edit("a.jpg", 1, "nut", 2), erase("a.jpg", 50))
    assert (done.conflicts, boxes(done.repository, "a.jpg")) == ([], ["nut@2"])


def test_the_parts_of_one_box_are_merged_each_on_its_own() -> None:
    base = steps(PLAIN, draw("a.jpg", "nut", 1, {"ripe": True, "old": 1}))
    ours = edit("a.jpg", 1, "almond", 1, {"ripe": True})
    theirs = edit("a.jpg", 1, "nut", 7, {"ripe": False, "old": 1, "new": "x"})
    done = merge(base, ours, theirs)
    assert (done.conflicts, boxes(done.repository, "a.jpg")) == ([], ["almond@7"])
    (found,) = instances(done.repository, "a.jpg")
    assert found.attributes == {"ripe": False, "new": "x"}


def test_the_same_box_moved_to_two_places_is_a_conflict_and_all_else_is_merged() -> None:
    ours = steps(edit("a.jpg", 1, "nut", 2), draw("a.jpg", "nut", 10))
    done = merge(DRAWN, ours, steps(edit("a.jpg", 1, "nut", 3), draw("a.jpg", "nut", 20)))
    assert done.conflicts == ["instance"]
    assert boxes(done.repository, "a.jpg") == ["nut@10", "nut@2", "nut@20", "nut@50"]


def test_one_attribute_set_to_two_values_is_a_conflict_even_where_they_compare_equal() -> None:
    base = steps(PLAIN, draw("a.jpg", "nut", 1, {"ripe": 0}))
    done = merge(base, edit("a.jpg", 1, "nut", 1, {"ripe": 1}), edit("a.jpg", 1, "nut", 1, {"ripe": True}))
    assert done.conflicts == ["instance"]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (Strategy.OURS, ["nut@50"]),
        (Strategy.THEIRS, ["nut@3", "nut@50"]),
        (Strategy.UNION, ["nut@3", "nut@50"]),
        (Strategy.BASE, ["nut@1", "nut@50"]),
    ],
)
def test_a_box_removed_here_and_moved_there(strategy: Strategy, expected: list[str]) -> None:
    ours, theirs = erase("a.jpg", 1), edit("a.jpg", 1, "nut", 3)
    assert merge(DRAWN, ours, theirs).conflicts == ["instance"]
    done = merge(DRAWN, ours, theirs, strategy)
    assert (done.conflicts, boxes(done.repository, "a.jpg")) == ([], expected)


def test_variables_are_merged_one_by_one() -> None:
    done = merge(VALUED, set_value("a.jpg", dpi=200), set_value("a.jpg", kind="raw"))
    assert (done.conflicts, values_at(done.repository, "a.jpg")) == ([], {"dpi": 200, "kind": "raw"})


def test_a_variable_set_to_two_values_is_a_conflict() -> None:
    done = merge(VALUED, set_value("a.jpg", dpi=200), set_value("a.jpg", dpi=300))
    assert (done.conflicts, values_at(done.repository, "a.jpg")) == (["variable: dpi"], {"dpi": 200})


def test_a_variable_unset_here_and_set_there_is_a_conflict() -> None:
    base = steps(declare(DPI), bring("a.jpg", variables={"dpi": 100}))  # a value that came in with the file
    done = merge(base, unset("a.jpg", "dpi"), set_value("a.jpg", dpi=300))
    assert (done.conflicts, values_at(done.repository, "a.jpg")) == (["variable: dpi"], {})


def test_each_side_unsets_a_value_that_came_in() -> None:
    base = steps(declare(DPI, enum("raw")), bring("a.jpg", variables={"dpi": 100, "kind": "raw"}))
    done = merge(base, unset("a.jpg", "dpi"), unset("a.jpg", "kind"))
    assert (done.conflicts, values_at(done.repository, "a.jpg")) == ([], {})


def test_one_side_brings_a_value_with_the_file_and_the_other_annotates_it() -> None:
    base = steps(declare(DPI), bring("seed.jpg"))
    ours = bring("a.jpg", variables={"dpi": 100})
    same = merge(base, ours, steps(bring("a.jpg"), set_value("a.jpg", dpi=100)))
    assert (same.conflicts, values_at(same.repository, "a.jpg")) == ([], {"dpi": 100})
    other = merge(base, ours, steps(bring("a.jpg"), set_value("a.jpg", dpi=300)))
    assert other.conflicts == ["variable: dpi"]


def test_looked_at_on_one_side_is_looked_at() -> None:
    done = merge(VALUED, mark_done, set_value("a.jpg", dpi=200))
    assert is_annotated(done.repository, "a.jpg")


def test_both_bring_a_file_and_one_has_looked_at_it() -> None:
    done = merge(bring("b.jpg"), bring("a.jpg"), steps(bring("a.jpg"), mark_done))
    assert is_annotated(done.repository, "a.jpg")


def test_a_label_that_is_kept_for_its_instances_keeps_its_number() -> None:
    nothing_here = new_repository().working_tree().tree
    nut, old, new = (LabelDeclaration(name, number) for name, number in (("nut", 0), ("old", 1), ("new", 1)))
    base, theirs = (replace(nothing_here, labels=(nut, one)) for one in (old, new))
    found = merge_labels(Settler(Strategy.STOP), base, base, theirs, InUse(labels={"old"}))
    assert [(one.name, one.number) for one in found] == [("nut", 0), ("new", 2), ("old", 1)]


def test_new_labels_that_took_the_same_number() -> None:
    base = steps(PLAIN, draw("a.jpg", "nut", 1))
    done = merge(base, draw("a.jpg", "walnut", 5), steps(draw("a.jpg", "almond", 9), draw("b.jpg", "cashew", 3)))
    assert done.conflicts == []
    assert labels(done.repository) == [("nut", 0), ("almond", 1), ("cashew", 2), ("walnut", 3)]


def test_one_new_label_with_two_numbers() -> None:
    ours = steps(draw("a.jpg", "walnut", 5), draw("a.jpg", "almond", 6))
    done = merge(PLAIN, ours, steps(draw("a.jpg", "almond", 9)))
    assert labels(done.repository) == [("almond", 0), ("walnut", 1)]


def test_choices_of_both_sides_are_there() -> None:
    done = merge(VALUED, edit_kind(add_choices=["zest"]), edit_kind(add_choices=["bark"]))
    assert (done.conflicts, choices(done.repository)) == ([], ("raw", "cooked", "bark", "zest"))


def test_a_choice_renamed_here_and_used_there_stays() -> None:
    base = steps(VALUED, set_value("a.jpg", kind="raw"))
    done = merge(base, edit_kind(rename_choices={"raw": "fresh"}), set_value("b.jpg", kind="raw"))
    assert done.conflicts == []
    assert choices(done.repository) == ("fresh", "cooked", "raw")
    assert values_at(done.repository, "a.jpg")["kind"] == "fresh"


def test_a_default_that_the_other_side_renamed_stays_a_choice() -> None:
    done = merge(VALUED, edit_kind(rename_choices={"raw": "fresh"}), edit_kind(default="raw"))
    assert "raw" in choices(done.repository)


def test_a_declaration_removed_here_and_used_there_stays() -> None:
    done = merge(VALUED, drop_dpi, set_value("b.jpg", dpi=7))
    assert (done.conflicts, values_at(done.repository, "b.jpg")) == ([], {"dpi": 7})
    unused = merge(VALUED, drop_dpi, set_value("b.jpg", kind="raw"))
    assert unused.repository.working_tree().tree.find_variable("dpi") is None


def test_a_declaration_changed_on_both_sides_otherwise_is_a_conflict() -> None:
    done = merge(VALUED, edit_kind(default="raw"), edit_kind(default="cooked"))
    assert done.conflicts == ["variable declaration: kind"]
    both = merge(VALUED, edit_kind(default="raw"), edit_kind(required=True))
    assert both.conflicts == []


def test_a_variable_of_two_types_cannot_be_merged_once_files_use_both() -> None:
    text = VariableDeclaration("size", ValueType.TEXT)
    number = VariableDeclaration("size", ValueType.INT)
    assert merge(PLAIN, declare(text), declare(number)).conflicts == ["variable declaration: size"]
    with pytest.raises(ConflictError, match="'size'"):
        merge(
            PLAIN,
            steps(declare(text), set_value("a.jpg", size="big")),
            steps(declare(number), set_value("b.jpg", size=3)),
        )


def test_a_removed_file_takes_its_annotations_with_it() -> None:
    done = merge(DRAWN, remove("a.jpg"), nothing)
    assert (done.conflicts, done.paths) == ([], ["b.jpg"])
