"""What a merge makes of files, directories and bytes."""

import pytest
from support.merges import merge
from support.steps import (
    DPI,
    Step,
    boxes,
    bring,
    declare,
    directory,
    draw,
    mirror,
    move,
    nothing,
    remove,
    replace_bytes,
    set_value,
    steps,
)

from dvcore.history.merging import Outcome
from dvcore.history.settling import Strategy
from dvcore.model.files import ImageFacts
from dvcore.model.tree import Directory

A_AND_B = bring("a.jpg", "b.jpg")
WIDER = ImageFacts(200, 80, "JPEG", "RGB")


def test_each_side_adds_and_removes_files() -> None:
    done = merge(A_AND_B, bring("c.jpg", "d/e.jpg"), steps(remove("a.jpg"), bring("d/f.jpg")))
    assert done.report.outcome is Outcome.COMMITTED
    assert done.paths == ["b.jpg", "c.jpg", "d/e.jpg", "d/f.jpg"]


def test_a_merge_of_two_that_did_the_same_has_nothing_to_settle() -> None:
    both = steps(bring("c.jpg"), remove("a.jpg"), move("b.jpg", "d/b.jpg"))
    assert merge(A_AND_B, both, both).paths == ["c.jpg", "d/b.jpg"]


def test_the_same_name_for_other_files_is_a_conflict_and_ours_stays() -> None:
    done = merge(A_AND_B, bring("c.jpg", data="ours"), bring("c.jpg", data="theirs"))
    assert done.conflicts == ["entry: c.jpg"]
    assert done.paths == ["a.jpg", "b.jpg", "c.jpg"]
    assert done.repository.working_tree().tree.merging is not None


def test_a_directory_against_a_file_is_a_conflict() -> None:
    done = merge(A_AND_B, bring("c/x.jpg", "c/y.jpg"), bring("c"))
    assert done.conflicts == ["entry: c"]
    assert done.paths == ["a.jpg", "b.jpg", "c/x.jpg", "c/y.jpg"]


def test_what_was_added_to_a_directory_that_the_other_side_removed_stays() -> None:
    base = bring("d/a.jpg", "d/e/b.jpg", "z.jpg")
    done = merge(base, remove("d"), bring("d/e/c.jpg"))
    assert (done.conflicts, done.paths) == ([], ["d/e/c.jpg", "z.jpg"])


@pytest.mark.parametrize("other", [remove("d/e/a.jpg"), steps(remove("d/e/a.jpg"), remove("d/e"))])
def test_a_directory_that_one_side_removed_and_the_other_emptied_is_gone(other: Step) -> None:
    done = merge(bring("d/e/a.jpg", "z.jpg"), remove("d"), other)
    assert done.paths == ["z.jpg"]
    assert done.repository.working_tree().tree.root.directories == 0


def test_an_empty_directory_that_was_made_in_a_removed_one_stays() -> None:
    done = merge(bring("d/a.jpg", "z.jpg"), remove("d"), directory("d/new"))
    assert isinstance(done.repository.working_tree().find_entry(("d", "new")), Directory)


def test_both_sides_empty_a_directory_by_halves() -> None:
    done = merge(bring("d/a.jpg", "d/b.jpg", "z.jpg"), remove("d/a.jpg"), remove("d/b.jpg"))
    assert isinstance(done.repository.working_tree().find_entry(("d",)), Directory)
    assert done.paths == ["z.jpg"]


def test_a_file_that_both_moved_is_in_both_places_and_the_merge_says_so() -> None:
    done = merge(A_AND_B, move("a.jpg", "left/a.jpg"), move("a.jpg", "right/a.jpg"))
    assert done.paths == ["b.jpg", "left/a.jpg", "right/a.jpg"]
    assert done.report.notes == ("in more directories than either side had them in: left/a.jpg",)


def test_a_mirror_on_each_side_is_said_too() -> None:
    done = merge(bring("d/a.jpg", "d/b.jpg"), mirror("d", "e"), mirror("d", "f"))
    assert done.paths == ["d/a.jpg", "d/b.jpg", "e/a.jpg", "e/b.jpg", "f/a.jpg", "f/b.jpg"]
    assert done.report.notes == ("in more directories than either side had them in: e/a.jpg, e/b.jpg",)


def test_a_file_moved_here_and_annotated_there_is_both() -> None:
    done = merge(A_AND_B, move("a.jpg", "d/a.jpg"), draw("a.jpg", "nut", 1))
    assert (done.conflicts, done.paths) == ([], ["b.jpg", "d/a.jpg"])
    assert boxes(done.repository, "d/a.jpg") == ["nut@1"]


def test_a_file_removed_here_and_moved_there_stays_there() -> None:
    done = merge(A_AND_B, remove("a.jpg"), steps(move("a.jpg", "d/a.jpg"), draw("d/a.jpg", "nut", 1)))
    assert (done.conflicts, done.paths) == ([], ["b.jpg", "d/a.jpg"])
    assert boxes(done.repository, "d/a.jpg") == ["nut@1"]


def test_a_directory_removed_here_and_mirrored_there_leaves_the_mirror() -> None:
    done = merge(bring("d/a.jpg", "z.jpg"), remove("d"), mirror("d", "e"))
    assert (done.conflicts, done.paths) == ([], ["e/a.jpg", "z.jpg"])


def test_a_file_removed_here_and_annotated_there_is_a_conflict() -> None:
    ours = merge(A_AND_B, remove("a.jpg"), draw("a.jpg", "nut", 1))
    assert (ours.conflicts, ours.paths) == (["file"], ["b.jpg"])
    theirs = merge(A_AND_B, draw("a.jpg", "nut", 1), remove("a.jpg"))
    assert (theirs.conflicts, theirs.paths) == (["file"], ["a.jpg", "b.jpg"])
    assert boxes(theirs.repository, "a.jpg") == ["nut@1"]


@pytest.mark.parametrize(
    ("strategy", "left"),
    [(Strategy.OURS, False), (Strategy.THEIRS, True), (Strategy.UNION, True), (Strategy.BASE, True)],
)
def test_strategies_decide_about_a_file_removed_here_and_annotated_there(strategy: Strategy, left: bool) -> None:
    done = merge(A_AND_B, remove("a.jpg"), draw("a.jpg", "nut", 1), strategy)
    assert done.conflicts == []
    assert ("a.jpg" in done.paths) is left
    if left:
        assert boxes(done.repository, "a.jpg") == ([] if strategy is Strategy.BASE else ["nut@1"])


def test_a_contested_file_whose_name_another_one_took_stays_beside_it() -> None:
    done = merge(A_AND_B, draw("a.jpg", "nut", 1), steps(remove("a.jpg"), bring("a.jpg", data="other")))
    assert done.conflicts == ["file"]
    assert done.paths == ["a.jpg", "a~1.jpg", "b.jpg"]
    assert boxes(done.repository, "a~1.jpg") == ["nut@1"]


def test_a_contested_file_is_left_only_where_its_side_still_has_it() -> None:
    base = steps(bring("d/a.jpg", "z.jpg"), mirror("d", "e"))
    done = merge(base, steps(remove("d/a.jpg"), draw("e/a.jpg", "nut", 1)), steps(remove("d"), remove("e")))
    assert (done.conflicts, done.paths) == (["file"], ["e/a.jpg", "z.jpg"])


def test_two_contested_files_do_not_get_the_same_free_name() -> None:
    base = bring("a.jpg", "a~1.jpg", "z.jpg")
    ours = steps(draw("a.jpg", "nut", 1), draw("a~1.jpg", "nut", 2))
    done = merge(base, ours, steps(remove("a.jpg", "a~1.jpg"), bring("a.jpg", data="other")))
    assert done.conflicts == ["file", "file"]
    assert len(done.paths) == 4


def test_a_contested_file_whose_directory_became_a_file_stays_beside_it() -> None:
    base = bring("d/e/a.jpg", "d/e/b.jpg", "z.jpg")
    done = merge(base, draw("d/e/a.jpg", "nut", 1), steps(remove("d"), bring("d", data="other")))
    assert done.conflicts == ["file"]
    assert done.paths == ["d", "d~1/e/a.jpg", "z.jpg"]


def test_a_contested_file_that_came_to_a_name_that_another_one_got_stays_beside_it() -> None:
    ours = steps(remove("a.jpg"), bring("q.jpg", data="other"))
    theirs = steps(move("a.jpg", "q.jpg"), draw("q.jpg", "nut", 1))
    done = merge(A_AND_B, ours, theirs, Strategy.UNION)
    assert (done.conflicts, done.paths) == ([], ["b.jpg", "q.jpg", "q~1.jpg"])
    assert boxes(done.repository, "q~1.jpg") == ["nut@1"]


def test_a_file_that_each_side_took_out_of_another_directory_is_not_gone() -> None:
    base = steps(bring("d/a.jpg"), mirror("d", "e"))
    done = merge(base, remove("d"), remove("e"))
    assert done.conflicts == ["entry: d/a.jpg", "entry: e/a.jpg"]
    assert done.paths == ["e/a.jpg"]
    for strategy, expected in [
        (Strategy.OURS, ["e/a.jpg"]),
        (Strategy.THEIRS, ["d/a.jpg"]),
        (Strategy.UNION, ["d/a.jpg", "e/a.jpg"]),
    ]:
        done = merge(base, remove("d"), remove("e"), strategy)
        assert (done.conflicts, done.paths) == ([], expected)


def test_a_file_that_each_side_took_out_of_another_directory_may_be_left_in_a_third() -> None:
    base = steps(bring("d/a.jpg"), mirror("d", "e"), mirror("d", "f"))
    done = merge(base, remove("d"), steps(remove("e")))
    assert (done.conflicts, done.paths) == ([], ["f/a.jpg"])


def test_a_torn_file_keeps_what_both_said_of_it() -> None:
    base = steps(bring("d/a.jpg"), mirror("d", "e"))
    done = merge(base, steps(remove("d"), draw("e/a.jpg", "nut", 1)), steps(draw("e/a.jpg", "nut", 9), remove("e")))
    assert boxes(done.repository, "e/a.jpg") == ["nut@1", "nut@9"]


def test_both_replace_the_bytes() -> None:
    done = merge(A_AND_B, replace_bytes("a.jpg", "one"), replace_bytes("a.jpg", "two"))
    assert done.conflicts == ["file"]
    same = merge(A_AND_B, replace_bytes("a.jpg", "one"), replace_bytes("a.jpg", "one"))
    assert same.conflicts == []


def test_bytes_replaced_here_and_boxes_drawn_there() -> None:
    done = merge(A_AND_B, replace_bytes("a.jpg", "one"), draw("a.jpg", "nut", 1))
    assert (done.conflicts, boxes(done.repository, "a.jpg")) == ([], ["nut@1"])
    other = merge(A_AND_B, replace_bytes("a.jpg", "one", WIDER), draw("a.jpg", "nut", 1))
    assert other.conflicts == ["file"]
    plain = steps(declare(DPI), A_AND_B)
    value = merge(plain, replace_bytes("a.jpg", "one", WIDER), set_value("a.jpg", dpi=3))
    assert value.conflicts == []


def test_two_files_changed_places_and_one_is_removed_by_its_old_name() -> None:
    swapped = steps(move("a.jpg", "x.jpg"), move("b.jpg", "a.jpg"), move("x.jpg", "b.jpg"))
    assert merge(A_AND_B, swapped, nothing).paths == ["a.jpg", "b.jpg"]
    done = merge(A_AND_B, swapped, remove("a.jpg"))
    assert done.conflicts == ["entry: a.jpg"]
    assert done.paths == ["a.jpg", "b.jpg"]


def test_a_displaced_file_is_out_of_the_records_too() -> None:
    """Both put another file in the place of one: that of theirs is in the conflict alone."""
    base = bring("a.jpg", "z.jpg")
    ours = steps(remove("a.jpg"), bring("a.jpg", data="one"))
    theirs = steps(remove("a.jpg"), bring("a.jpg", data="two"))
    done = merge(base, ours, theirs)
    assert done.conflicts == ["entry: a.jpg"]
    assert len(done.repository.working_tree().files) == 2
    restored = merge(base, ours, theirs, Strategy.BASE).repository.working_tree()
    assert restored.record(restored.entry(("a.jpg",)).file).size == len("a.jpg")  # type: ignore[union-attr]
    assert len(restored.files) == 2


def test_importing_the_same_folder_on_both_sides_is_no_conflict() -> None:
    same = bring("nuts/a.jpg", "nuts/b.jpg")
    done = merge(bring("z.jpg"), steps(same, draw("nuts/a.jpg", "nut", 1)), steps(same, draw("nuts/a.jpg", "nut", 2)))
    assert done.conflicts == []
    assert boxes(done.repository, "nuts/a.jpg") == ["nut@1", "nut@2"]
